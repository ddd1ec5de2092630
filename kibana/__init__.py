"""Dashboards for Kibana, defined as typed panels; `python -m kibana.generate` writes newswire.ndjson from them."""
