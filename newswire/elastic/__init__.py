"""Everything that speaks Elasticsearch: the client, bulk writes, templates, retention."""
