#!/bin/sh
# Passwords and the one role that the stages and the search use: newswire-* indexes, their templates and lifecycle, nothing else.
set -eu
call() { curl --silent --show-error --fail --user "elastic:$ELASTIC_PASSWORD" --header 'Content-Type: application/json' "$@"; echo; }
call --request POST "$ELASTICSEARCH/_security/user/kibana_system/_password" --data "{\"password\": \"$KIBANA_PASSWORD\"}"
call --request PUT "$ELASTICSEARCH/_security/role/newswire" --data '{
  "cluster": ["monitor", "manage_index_templates", "manage_ilm"],
  "indices": [{"names": ["newswire-*"], "privileges": ["create_index", "view_index_metadata", "manage", "read", "write"]}]}'
call --request PUT "$ELASTICSEARCH/_security/user/newswire" \
  --data "{\"password\": \"$INDEX_PASSWORD\", \"roles\": [\"newswire\"]}"
