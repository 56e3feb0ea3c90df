#!/bin/sh
# What service `backup` of docker-compose.yml runs; works anywhere with PostgreSQL's client programs and DATABASE_URL.
#   backup.sh backup              writes /backups/history-DATE.dump
#   backup.sh restore FILE        reads it into the database of DATABASE_URL, which has to be empty
# BACKUP_FOLDER: another folder than /backups.
set -eu
# A dump holds all of the history: for its owner alone.
umask 077
folder=${BACKUP_FOLDER:-/backups}

ask() { psql --no-psqlrc --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$DATABASE_URL" --command="$1"; }

case "${1:-}" in
  backup)
    file="$folder/history-$(date -u +%Y%m%dT%H%M%SZ).dump"
    # Under another name until it is whole: what is called .dump can be restored. The queue makes itself anew.
    pg_dump --format=custom --exclude-schema=bullmq --file="$file.unfinished" --dbname="$DATABASE_URL"
    mv "$file.unfinished" "$file"
    echo "$file"
    ;;
  restore)
    file=${2:?which file?}
    if [ "$(ask "select count(*) from pg_tables where schemaname in ('public', 'report')")" != 0 ]; then
      echo 'The database is not empty. Restore into a new one.' >&2
      exit 1
    fi
    # The dump grants it rights. Roles belong to the server, not to the database: a new server has none of them.
    for role in $(pg_restore --schema-only --file=- "$file" | sed -n 's/^GRANT .* TO \([a-z_]*\);$/\1/p' | sort -u); do
      ask "do \$\$ begin create role $role nologin; exception when duplicate_object or unique_violation then null; end \$\$" > /dev/null
    done
    # Default rights name the account that had the database there; migrations grant theirs anew.
    list=$(mktemp)
    trap 'rm -f "$list"' EXIT
    pg_restore --list "$file" | grep -v ' DEFAULT ACL ' > "$list"
    # Whole or not at all.
    pg_restore --exit-on-error --single-transaction --no-owner --use-list="$list" --dbname="$DATABASE_URL" "$file"
    # A restored table has no statistics and no visibility map; without them the first questions take long.
    PGOPTIONS='-c client_min_messages=error' ask 'vacuum (analyze)' > /dev/null
    echo 'Restored. Logins are not part of a backup: make those of your analysts again.'
    ;;
  *)
    echo 'usage: backup.sh backup | restore FILE' >&2
    exit 2
    ;;
esac
