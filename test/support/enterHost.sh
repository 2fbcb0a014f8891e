#!/bin/sh
# Runs a command on a host of hosts.ts, in the place of ssh: enterHost.sh -x ADDRESS COMMAND...
for host in $HOSTS; do
  if [ "${host%=*}" = "$2" ]; then pid=${host#*=}; fi
done
shift 2
exec nsenter --target "$pid" --net --uts --ipc sh -c "$*"
