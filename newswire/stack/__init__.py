"""The embedded servers: fetch, lay out, start, watch and stop real Kafka, Elasticsearch, PostgreSQL and Airflow."""
