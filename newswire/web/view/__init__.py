"""How data is shown: templates, charts, provenance."""
