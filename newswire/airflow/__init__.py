"""The only room that knows Airflow; importing this package does not import it."""
