#!/usr/bin/env bash
# Succeeds when the broker lists itself as alive: before that it listens but can hold no topic. Starts no second Java.
#
# Asks Metadata v4 for no topics, https://kafka.apache.org/protocol#The_Messages_Metadata, and reads the number of brokers.
set -euo pipefail
exec 3<>/dev/tcp/127.0.0.1/9092
printf '\0\0\0\024\0\003\0\004\0\0\0\001\0\005segue\0\0\0\0\0' >&3
brokers=$(timeout 2 head -c 16 <&3 | tail -c 4 | od -An -tu1 | tr -d ' \n')
[ "$brokers" = 0001 ]
