#!/usr/bin/env bash
# Succeeds if the broker on this port of loopback answers: kafka-health.sh PORT
#
# Sends an ApiVersions request by hand and looks for its number, 11, in the answer: Kafka's own tool would start a JVM at every check.
set -eu
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf '\0\0\0\012\0\022\0\0\0\0\0\013\377\377' >&3 # 10 bytes: ApiVersions (18), version 0, request 11, no client id
answer=$(timeout 3 head -c 8 <&3 | od -A n -t x1 | tr -d ' \n')
[ "${answer:8}" = 0000000b ]
