#!/bin/sh
# Bring data views, saved searches and dashboards (kibana/newswire.ndjson) into Kibana; what is there is replaced.
set -eu
answer=$(curl --silent --show-error --fail-with-body --user "elastic:$ELASTIC_PASSWORD" --header 'kbn-xsrf: newswire' \
  --form "file=@$DASHBOARDS;type=application/ndjson" "$KIBANA/api/saved_objects/_import?overwrite=true") || {
  echo "kibana-setup: $KIBANA refuses the import of $DASHBOARDS: $answer" >&2
  exit 1
}
case "$answer" in
  # Kibana answers 200 to an import that it has done in part.
  *'"success":true'*) echo "kibana-setup: the dashboards are at $KIBANA/app/dashboards" ;;
  *)
    echo "kibana-setup: not every object of $DASHBOARDS was imported: $answer" >&2
    exit 1
    ;;
esac
