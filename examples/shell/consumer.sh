#!/usr/bin/env bash
# Keeps the newest version of every article as a small JSON file of its own. Needs newswire and jq.
#
#   consumer.sh GROUP FOLDER [TOPIC]
#
# `newswire topics pipe` hands over the records as JSON lines, a batch at a time, and commits a batch when this program
# has ended well with it. Should it fail, the same records come again.
set -euo pipefail

keep() {
  local record=$1 id file
  if [[ $(jq -r .headers.ce_type <<<"$record") != newswire.Article.v1 ]]; then
    echo "this program reads newswire.Article.v1, not: $record" >&2
    exit 1
  fi
  id=$(jq -r .key <<<"$record")
  [[ $id =~ ^[0-9a-f]{32}$ ]] || { echo "no article_id: $id" >&2; exit 1; }
  file=$folder/$id.json
  if jq -e '.value == null' <<<"$record" >/dev/null; then
    rm -f "$file" # taken down
  elif [[ ! -e $file ]] || is_newer "$record" "$file"; then
    jq '.value | {article_id, version, story_revision: (.story_revision // 0), title, copy_of}' <<<"$record" >"$file.new"
    mv "$file.new" "$file"
  fi
}

# Records may come twice, and older ones after newer ones.
is_newer() {
  jq -e --slurpfile had "$2" \
    '[.value.version, .value.story_revision // 0] > [$had[0].version, $had[0].story_revision]' <<<"$1" >/dev/null
}

if [[ ${1:-} == --take ]]; then
  folder=$2
  while IFS= read -r record; do keep "$record"; done
else
  group=${1:?a consumer group} folder=${2:?a folder} topic=${3:-articles}
  mkdir -p "$folder"
  exec newswire topics pipe "$topic" --group "$group" -- "$0" --take "$folder"
fi
