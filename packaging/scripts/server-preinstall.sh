#!/bin/sh
# The users that the services run as, in the groups of the cores on this machine:
# their files and sockets are readable for these, not for everybody.
set -e
getent passwd belvedere >/dev/null || useradd --system --user-group --home-dir /var/lib/belvedere --no-create-home --shell /usr/sbin/nologin belvedere
getent passwd belvedere-agent >/dev/null || useradd --system --user-group --home-dir /var/lib/belvedere-agent --no-create-home --shell /usr/sbin/nologin belvedere-agent
for u in belvedere belvedere-agent; do
  for g in naemon nagios icinga shinken; do
    if getent group "$g" >/dev/null; then usermod --append --groups "$g" "$u"; fi
  done
done
