#!/bin/sh
# Runs a command on a host of hosts.ts as ssh does, without this environment and folder: enterHost.sh -x ADDRESS COMMAND...
for host in $HOSTS; do
  if [ "${host%=*}" = "$2" ]; then pid=${host#*=}; fi
done
shift 2
cd / && exec nsenter --target "$pid" --net --uts --ipc env -i sh -c "$*"
