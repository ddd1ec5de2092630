#!/bin/sh
# Runs once, on an empty volume: a role and a database each for Airflow and for the crawl state.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres \
  --set airflow="$AIRFLOW_DB_PASSWORD" --set newswire="$CRAWL_DB_PASSWORD" <<'SQL'
create role airflow login password :'airflow';
create database airflow owner airflow;
create role newswire login password :'newswire';
create database newswire owner newswire;
SQL
