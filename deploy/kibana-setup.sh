#!/bin/sh
# The data view that every chart starts from.
set -eu
curl --silent --show-error --fail --user "elastic:$ELASTIC_PASSWORD" --header 'kbn-xsrf: newswire' \
  --header 'Content-Type: application/json' --request POST "$KIBANA/api/data_views/data_view" --data '{
  "override": true,
  "data_view": {"id": "newswire-articles", "name": "Articles", "title": "newswire-articles", "timeFieldName": "published_at"}}'
echo
