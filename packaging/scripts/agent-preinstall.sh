#!/bin/sh
# The user that the agent runs as, in the groups of the cores on this machine:
# their files and sockets are readable for these, not for everybody.
set -e
getent passwd belvedere-agent >/dev/null || useradd --system --user-group --home-dir /var/lib/belvedere-agent --no-create-home --shell /usr/sbin/nologin belvedere-agent
for g in naemon nagios icinga shinken; do
  if getent group "$g" >/dev/null; then usermod --append --groups "$g" belvedere-agent; fi
done
