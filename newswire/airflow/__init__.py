"""The only package that imports Airflow; importing the package itself does not."""
