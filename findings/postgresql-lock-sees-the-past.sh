#!/bin/sh
# PostgreSQL: what a transaction sees that waited for an advisory lock first.
#
# Version: PostgreSQL 15 (tried with 15.18 of Debian 12); it is printed.
# A good guess: a transaction of REPEATABLE READ sees the state as of its first
# look at data. If it begins with pg_advisory_xact_lock, which looks at none,
# and reads the refresh token after that, then it reads what the former holder
# of the lock stored, as it does when it begins with LOCK TABLE.
# Seen: after LOCK TABLE, yes. After the advisory lock it reads what was there
# before it waited: the lock is taken by a SELECT, whose snapshot comes first.
# So the second process presents a refresh token that the first one has used
# up, which may end the whole family of tokens; only when it stores the answer
# does it learn of a conflict (40001). CALL, with the lock in it, is no better.
# With READ COMMITTED it reads the new one, but if the lock and the reading
# share a statement, it reads the old one, and no conflict follows at all. The
# lock of the session (pg_advisory_lock), taken before BEGIN, works.
#
# Needs Debian's postgresql-15. The server is one of its own, in a temporary
# folder, without a network.
set -eu

bin=/usr/lib/postgresql/15/bin
[ -x "$bin/initdb" ] || {
  echo "needs PostgreSQL 15 (Debian: postgresql-15)" >&2
  exit 2
}
"$bin/postgres" --version
dir=$(mktemp -d)
# The server refuses to run as root.
as_owner() {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
  else
    "$@"
  fi
}
finish() {
  exec 3>&-
  as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate stop >>"$dir/log" 2>&1 ||
    true
  wait
  rm -rf "$dir"
}
trap finish EXIT
[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$dir"
cd "$dir"
{
  as_owner "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 \
    --locale=C --no-sync &&
    as_owner "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/server" \
      -o "-c listen_addresses= -c autovacuum=off -k $dir" start
} >log 2>&1 || { cat log >&2; exit 2; }
# sql ARGUMENT...: psql on the server of this script, with no settings.
sql() {
  PGOPTIONS='' "$bin/psql" -h "$dir" -U postgres -d postgres -XqAt "$@"
}
# until_locks CONDITION: waits until a lock of the kinds used here is held, or
# is waited for.
until_locks() {
  tries=0
  until [ "$(sql -c "SELECT count(*) > 0 FROM pg_locks WHERE $1
      AND (locktype = 'advisory' OR relation = 'token'::regclass)")" = t ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "no lock in 30 s" >&2; exit 2; }
    sleep 0.1
  done
}

sql -c "CREATE TABLE token (refresh text);
  INSERT INTO token VALUES ('first');
  CREATE PROCEDURE take() LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(1); END'"
mkfifo holder

# try NAME HOLDER STATEMENT...: one process takes the lock by HOLDER; the other
# one runs the statements, which wait for it; the first one then stores the
# second refresh token. What the other one reads, and what comes of storing.
try() {
  name=$1 lock=$2
  shift 2
  sql -c "UPDATE token SET refresh = 'first'"
  sql <holder >>log 2>&1 &
  first=$!
  exec 3>holder
  echo "BEGIN; $lock;" >&3
  until_locks granted
  for statement in "$@" "UPDATE token SET refresh = 'third'" COMMIT; do
    echo "$statement;"
  done >statements
  sql <statements >answers 2>&1 &
  second=$!
  until_locks 'NOT granted'
  echo "UPDATE token SET refresh = 'second'; COMMIT;" >&3
  exec 3>&-
  wait "$first" "$second"
  seen=$(grep -E '^(first|second)$|ERROR' answers | sed 's/.*ERROR: *//' |
    paste -sd ',')
  echo "$name: $seen"
}

advisory='SELECT FROM pg_advisory_xact_lock(1)'
table='LOCK TABLE token IN EXCLUSIVE MODE'
look='SELECT refresh FROM token'
{
  for level in 'REPEATABLE READ' SERIALIZABLE 'READ COMMITTED'; do
    begin="BEGIN ISOLATION LEVEL $level"
    try "$level, LOCK TABLE" "$table" "$begin" "$table" "$look"
    try "$level, advisory" "$advisory" "$begin" "$advisory" "$look"
  done
  begin='BEGIN ISOLATION LEVEL REPEATABLE READ'
  try 'REPEATABLE READ, CALL' "$advisory" "$begin" 'CALL take()' "$look"
  try 'READ COMMITTED, one statement' "$advisory" BEGIN \
    "SELECT refresh FROM pg_advisory_xact_lock(1), token"
  try 'REPEATABLE READ, before BEGIN' "$advisory" \
    'SELECT FROM pg_advisory_lock(1)' "$begin" "$look"
} >seen
cat seen
conflict='could not serialize access due to concurrent update'
cat >expected <<EOF
REPEATABLE READ, LOCK TABLE: second
REPEATABLE READ, advisory: first,$conflict
SERIALIZABLE, LOCK TABLE: second
SERIALIZABLE, advisory: first,$conflict
READ COMMITTED, LOCK TABLE: second
READ COMMITTED, advisory: second
REPEATABLE READ, CALL: first,$conflict
READ COMMITTED, one statement: first
REPEATABLE READ, before BEGIN: second
EOF
cmp -s seen expected || {
  echo "this has changed" >&2
  exit 1
}
