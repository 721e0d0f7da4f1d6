--- script: the shell script that runs nginx and cleans up after it.
--
-- Law of this file: nothing is left behind, whichever process dies first.
-- There are four, and a pipe (`life`) that only the supervisor holds open for
-- writing:
--
--   supervisor  the process that the user started; waits for nginx; TERM, INT,
--               HUP and QUIT end it with exit code 0
--   runner      its child; writes nginx's pid to `master` just before it
--               starts nginx, and nginx's exit code to `ended` afterwards
--   nginx       in the foreground of the runner
--   cleaner     ignores signals; reads the pipe; when the pipe ends (closed by
--               the supervisor, or because SIGKILL killed it) stops nginx and
--               removes the directory
--
-- So there is one way of cleaning up, not one for each way to end. (When the
-- cleaner itself was killed, the supervisor does its work.)
--
-- A signal to the supervisor's process group (Ctrl-C in a terminal) must reach
-- neither nginx, which would drop the requests in flight, nor the cleaner,
-- which has to outlive the others: where there is setsid (Linux), both run in
-- sessions of their own.
--
-- With the flag "log" there is a fifth, copier.sh. It copies what nginx writes
-- to the pipe `log` to stderr, and never waits for the reader of stderr. It
-- starts when nginx listens: the reason why nginx did not start is one line,
-- and not all that nginx wrote.
-- With the flag "json" there is a sixth, lines.sh, between the pipe `errors`
-- and the pipe `log`: it makes lines of JSON of all that nginx, this script
-- and the programs that it calls write to their stderr. (A person at a
-- terminal reads plain text until nginx listens.)
--
-- What the parent of the command left ignored a shell could never trap: the
-- command resets it before it becomes the supervisor.
-- RATIONALE: a script, since Lua can neither fork nor handle signals. POSIX
-- shell only (dash, bash, busybox, macOS).

return [==[
# Arguments: the private directory, which has the pipes `life`, `log` and
# `errors`, the signal that stops nginx, the name of the command for messages,
# the path of the ready file or "", flags out of "eof reload environment log
# json", and then the command line of nginx.
dir=$1 stop=$2 name=$3 ready=$4 flags=" $5 "
shift 5
umask 077
setsid=
! command -v setsid >/dev/null || setsid=setsid

has_flag() {
  case $flags in
  *" $1 "*) return 0 ;;
  esac
  return 1
}

# Has nginx ended? A runner that was killed wrote no exit code.
has_ended() {
  [ -s "$dir/ended" ] || ! kill -0 "$(cat "$dir/master")"
}

# await n command...: waits until the command succeeds, at most n/10 seconds.
await() {
  tries=$1
  shift
  until "$@" || [ "$tries" = 0 ]; do
    sleep 0.1
    tries=$((tries - 1))
  done
}

# nginx's master, and its workers where they are in one process group.
kill_all() {
  kill -s KILL -- "-$1" 2>/dev/null || kill -s KILL "$1"
  await 20 has_ended
}

clean_up() {
  await 20 test -s "$dir/master"
  if [ -s "$dir/master" ] && ! has_ended; then
    kill "-$stop" "$(cat "$dir/master")"
    await 100 has_ended
    has_ended || kill -TERM "$(cat "$dir/master")"
    await 50 has_ended
    has_ended || kill_all "$(cat "$dir/master")"
  fi
  if [ -n "$ready" ] && [ -s "$dir/ready" ] &&
    [ "$(cat "$dir/ready")" = "$(cat "$ready" 2>/dev/null)" ]; then
    rm -f "$ready"
  fi
  rm -rf "$dir"
}

# say event message: on stderr; as JSON through lines.sh, which runs once nginx
# listens.
say() {
  if ! has_flag json; then
    echo "$name: $2" >&2
  elif [ -n "$lines" ]; then
    echo "[error] $1: $2" >&2
  elif [ -t 5 ]; then
    echo "$name: $2" >&5
  else
    echo "[error] $1: $2" | sh "$dir/lines.sh" >&5
  fi
}

# Reads `life` from its standard input.
cleaner() {
  exec 5>&- 8<&- >/dev/null 2>&1
  trap '' INT TERM HUP QUIT PIPE
  while read -r _; do :; done
  exec </dev/null
  clean_up
}

runner() {
  exec 5>&- 7<&- 8<&- 9>&- </dev/null >/dev/null 2>"$dir/stderr"
  # A signal to the whole group must not end it before it wrote the exit code.
  # (Not '': nginx would inherit that and ignore the signals.)
  trap : TERM HUP INT QUIT
  # nginx gets an empty environment, or with the flag the caller's, together
  # with the caller's working directory; but never NGINX, by which an nginx
  # hands its sockets to its successor.
  unset NGINX
  if has_flag environment; then
    cd "$home" || cd /
  else
    set -- env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"
  fi
  # Callers that hold connections open must not use up the descriptors.
  files=$(ulimit -S -n)
  if [ "$files" != unlimited ] && [ "$files" -lt 16384 ]; then
    ulimit -S -n 16384 2>/dev/null || ulimit -S -n "$(ulimit -H -n)"
  fi
  # $setsid is one word or none.
  sh -c 'echo $$ >"$0/master"
    exec "$@"' "$dir" $setsid "$@"
  echo $? >"$dir/ended"
}

watcher() {
  exec <&8 5>&- 7<&- 8<&- 9>&- >/dev/null 2>&1
  while read -r _; do :; done
  kill -TERM $$
  # Where TERM was ignored from the start no shell can take it: the cleaner
  # does the rest.
  await 50 test -e "$dir/ending"
  [ -e "$dir/ending" ] || kill -KILL $$
}

# What takes time: the line of the ready file, and a name that is new.
prepare_ready() {
  read -r line <"$dir/ready.json"
  case $line in
  *'"@PID@"'*) line=${line%%'"@PID@"'*}$$${line#*'"@PID@"'} ;;
  esac
  temp=$ready.$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
}

# In the same folder under that name, and then renamed: no link is followed,
# and what is there was never half of it. A copy says later whether the file is
# still this one. (Some mv have no -T, which never moves into a folder.)
write_ready() {
  [ -n "$line" ] && printf '%s\n' "$line" >"$dir/ready" || return
  set -C
  printf '%s\n' "$line" >"$temp"
  written=$?
  set +C
  [ "$written" = 0 ] || return
  mv -fT "$temp" "$ready" 2>/dev/null && return
  if [ -d "$ready" ]; then
    echo "it is a folder"
  else
    mv -f "$temp" "$ready" && return
  fi
  rm -f "$temp"
  return 1
}

copier() {
  exec 8<&- 9>&- <"$dir/log" 7<&- 2>&5 5>&-
  trap '' INT TERM HUP QUIT PIPE
  exec sh "$dir/copier.sh"
}

# The last writers of `errors` are nginx and the supervisor.
lines() {
  exec 5>&- 8<&- 9>&- <"$dir/errors" 2>/dev/null >"$dir/log" 7<&-
  trap '' INT TERM HUP QUIT PIPE
  sh "$dir/lines.sh"
  exec cat >/dev/null # should that fail, nginx must not wait for a reader
}

if has_flag cleaner; then # started by the supervisor below
  cleaner
  exit
fi
home=$PWD
cd / || exit 1
copier='' lines='' line=''
exec 5>&2
has_flag json && exec 2<>"$dir/errors"

# The functions above close the descriptors of others with `exec`: with a
# redirection after a function's name a shell keeps a copy, and a copy of 9
# would keep `life` open.
exec 8<&0 # a shell gives a background job no standard input
# Both ends, since either alone would wait for the other. The cleaner has its
# end from its first moment, so it sees the end of this process at any time.
exec 9<>"$dir/life" 6<"$dir/life"
$setsid sh "$0" "$dir" "$stop" "$name" "$ready" cleaner <&6 6<&- 9>&- &
cleaner=$!
: >"$dir/held" # from here on the cleaner removes it (supervisor/nginx)
exec 6<&-
# Open for reading, too, so that nginx can write before the copier reads.
exec 7<>"$dir/log"

# The handler itself closes the pipe, so that a signal just before `wait` is
# not lost.
ending=
trap 'ending=1; true 2>/dev/null >"$dir/ending"; exec 9>&-' TERM INT HUP QUIT
# Before nginx wrote its pid file, HUP does nothing.
has_flag reload &&
  trap 'kill -HUP "$(cat "$dir/nginx.pid")" 2>/dev/null' HUP

runner "$@" &
runner=$!

watch=
if has_flag eof; then
  watcher &
  watch=$!
fi
exec 8<&-

[ -z "$ready" ] || prepare_ready

# nginx listens before it writes its pid file, and takes at least that long:
# to look for it meanwhile would only be in its way.
sleep 0.03
bind_error=
while [ -z "$ending$bind_error" ] && [ ! -s "$dir/nginx.pid" ] &&
  [ ! -e "$dir/ended" ]; do
  sleep 0.005
  # nginx tries to bind five times; its first message is enough.
  [ ! -s "$dir/error.log" ] || bind_error=$(sed -n \
    -e 's/.*bind() to \([^ ]*\) failed ([0-9]*: \(.*\))/\1: \2/p' \
    "$dir/error.log" 2>/dev/null | head -n 1)
done

failed=''
if [ -n "$ending" ]; then
  :
elif [ -s "$dir/nginx.pid" ] && [ -z "$bind_error" ]; then
  if [ -n "$ready" ] && ! write_ready >"$dir/reason" 2>&1; then
    failed=1
    reason=$(sed -n 's/^.*: //; 1p' "$dir/reason")
    say not_started "the ready file $ready can't be written: $reason"
    exec 9>&-
  elif has_flag json && [ ! -t 1 ]; then
    cat "$dir/banner.json"
  else
    cat "$dir/banner"
  fi
  if has_flag log && [ -z "$failed" ]; then
    copier &
    copier=$!
  fi
  if has_flag json && [ -z "$failed" ]; then
    lines &
    lines=$!
  fi
else
  failed=1
  reason=$(cat "$dir/error.log" "$dir/stderr" 2>/dev/null | sed -n \
    -e 's/^.*\[emerg\] \([0-9#]*: \)*//p' \
    -e 's/^.*\[error\] \([0-9#]*: \)*init_by_lua error: //p' | head -n 1)
  case $bind_error in
  *"already in use")
    reason="${bind_error%%: *} is already in use; choose another port"
    ;;
  ?*) reason="can't listen on $bind_error" ;;
  esac
  say not_started "${reason:-nginx did not start}"
  exec 9>&-
fi

# A signal interrupts `wait`, so the runner is looked for.
while [ -z "$ending$failed" ] && kill -0 $runner 2>/dev/null; do
  wait $runner
done
if [ -z "$ending$failed" ]; then
  failed=1
  say nginx_stopped "nginx stopped unexpectedly"
  has_flag json || # else the log has them
    sed -n 's/^.*\[\(alert\|emerg\|crit\)\] //p' "$dir/error.log" |
    tail -n 3 >&2
fi
exec 9>&-
[ -n "$watch" ] && kill $watch 2>/dev/null
while kill -0 $cleaner 2>/dev/null; do wait $cleaner; done
[ -d "$dir" ] && clean_up
# It may have been written while the cleaner was at work.
[ -z "$line" ] || [ "$(cat "$ready" 2>/dev/null)" != "$line" ] ||
  rm -f "$ready"
# The last writers of the pipes go, so that what reads them ends.
gone() { [ -z "$1" ] || ! kill -0 "$1" 2>/dev/null; }
has_flag json && exec 2>/dev/null
await 20 gone "$lines"
gone "$lines" || kill -s KILL "$lines"
exec 7<&-
await 20 gone "$copier"
gone "$copier" || kill -s KILL "$copier"
[ -z "$failed" ]
]==]
