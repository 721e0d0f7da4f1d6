--- script: the shell script that runs nginx and cleans up after it.
--
-- Law of this file: nothing stays behind, whoever dies first. Four processes,
-- and a pipe (`life`) that only the supervisor holds open for writing:
--
--   supervisor  the process the user started; waits for nginx, takes TERM,
--               INT, HUP and QUIT as "end now", exits 0 then
--   runner      its child; keeps nginx's pid in `master` before there is an
--               nginx, and its exit code in `ended` after there was one
--   nginx       in the foreground of the runner
--   guard       deaf to signals; reads the pipe; at its end, be it closed on
--               purpose or because the supervisor was killed with SIGKILL, it
--               stops nginx and removes the directory
--
-- What a terminal (Ctrl-C) or `kill` sends to the supervisor's group does not
-- reach nginx, to which it would mean to drop what is in flight, nor the
-- guard, which has to outlive it: both have a session of their own, where
-- there is setsid (Linux).
--
-- So there is one way of cleaning up, not one for each way of dying. (Should
-- the guard itself be killed, the supervisor does its work.)
--
-- With "log" there is a fifth, copier.sh, that copies what nginx writes to the
-- pipe `log` to stderr, and never waits for who reads that; not before nginx
-- listens, since why it did not start is said in one line and not in nginx's
-- many.
-- RATIONALE: a script, since Lua can neither fork nor take signals. POSIX
-- shell only (dash, bash, busybox, macOS).

return [==[
# Arguments: the private directory, the signal that stops nginx, the name to
# speak by, a place for the ready file or "", words out of "eof reload
# environment log", and then nginx as it is to be called.
dir=$1 stop=$2 name=$3 ready=$4 words=" $5 "
shift 5
umask 077
alone=$(command -v setsid)

told() {
  case $words in
  *" $1 "*) return 0 ;;
  esac
  return 1
}

# Has nginx ended? A runner that was killed can't say so.
is_over() {
  [ -s "$dir/ended" ] || ! kill -0 "$(cat "$dir/master")"
}

# Waits n tenths of a second at most, until the rest is true.
await() {
  tries=$1
  shift
  until "$@" || [ "$tries" = 0 ]; do
    sleep 0.1
    tries=$((tries - 1))
  done
}

# A master with its workers, where they are a group.
kill_all() {
  kill -s KILL -- "-$1" 2>/dev/null || kill -s KILL "$1"
  await 20 is_over
}

clean_up() {
  await 20 test -s "$dir/master"
  if [ -s "$dir/master" ] && ! is_over; then
    kill "-$stop" "$(cat "$dir/master")"
    await 100 is_over
    is_over || kill -TERM "$(cat "$dir/master")"
    await 50 is_over
    is_over || kill_all "$(cat "$dir/master")"
  fi
  [ -n "$ready" ] && rm -f "$ready"
  rm -rf "$dir"
}

guard() {
  exec 8<&- </dev/null >/dev/null 2>&1
  trap '' INT TERM HUP QUIT PIPE
  while read -r _; do :; done <"$dir/life"
  clean_up
}

runner() {
  exec 7<&- 8<&- 9>&- </dev/null >/dev/null 2>"$dir/stderr"
  # A signal to all of us must not keep it from what it has to write. (Not
  # '': nginx would start deaf.)
  trap : TERM HUP INT QUIT
  # An empty environment: nothing of the caller's reaches nginx, unless it is
  # meant to, and then in the caller's folder. What nginx tells its own
  # successor by is never meant.
  unset NGINX
  if told environment; then
    cd "$home" || cd /
  else
    set -- env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"
  fi
  # $alone is one word or none.
  sh -c 'echo $$ >"$0/master"
    exec "$@"' "$dir" $alone "$@"
  echo $? >"$dir/ended"
}

watcher() {
  exec <&8 7<&- 8<&- 9>&- >/dev/null 2>&1
  while read -r _; do :; done
  kill -TERM $$
}

copier() {
  exec 8<&- 9>&- <"$dir/log" 7<&-
  trap '' INT TERM HUP QUIT PIPE
  exec sh "$dir/copier.sh"
}

if told guard; then # started by the one below
  guard
  exit
fi
home=$PWD
cd / && mkfifo "$dir/life" "$dir/log" || exit 1

# These close what is not theirs by `exec`: a shell keeps a copy of what
# a redirection behind a function's name takes away, and a copy of 9 would
# keep `life` open.
exec 8<&0 # a shell takes standard input away from what it puts aside
$alone sh "$0" "$dir" "$stop" "$name" "$ready" guard &
guard=$!
exec 9>"$dir/life"
# Open for both, so that nginx can write before anybody reads.
exec 7<>"$dir/log"

# The handler itself ends the pipe: a signal that comes just before `wait` is
# not lost.
ending=
trap 'ending=1; exec 9>&-' TERM INT HUP QUIT
# A file that is not there yet names nobody.
told reload &&
  trap 'kill -HUP "$(cat "$dir/nginx.pid")" 2>/dev/null' HUP

runner "$@" &
runner=$!

watch=
if told eof; then
  watcher &
  watch=$!
fi
exec 8<&-

# nginx listens before it writes its pid file.
taken=
while [ -z "$ending$taken" ] && [ ! -s "$dir/nginx.pid" ] &&
  [ ! -e "$dir/ended" ]; do
  sleep 0.05
  # It would try to bind five times; the first time says it all.
  taken=$(sed -n 's/.*bind() to \([^ ]*\) failed ([0-9]*: \(.*\))/\1: \2/p' \
    "$dir/error.log" 2>/dev/null | head -n 1)
done

failed='' copier=''
if [ -n "$ending" ]; then
  :
elif [ -s "$dir/nginx.pid" ] && [ -z "$taken" ]; then
  cat "$dir/banner"
  if told log; then
    copier &
    copier=$!
  fi
  if [ -n "$ready" ]; then
    sed "s/\"@PID@\"/$$/" "$dir/ready.json" >"$ready.$$" &&
      mv "$ready.$$" "$ready"
  fi
else
  failed=1
  reason=$(cat "$dir/error.log" "$dir/stderr" 2>/dev/null | sed -n \
    -e 's/^.*\[emerg\] \([0-9#]*: \)*//p' \
    -e 's/^.*\[error\] \([0-9#]*: \)*init_by_lua error: //p' | head -n 1)
  case $taken in
  *"already in use") reason="${taken%%: *} is taken; choose another port" ;;
  ?*) reason="can't listen on $taken" ;;
  esac
  echo "$name: ${reason:-nginx did not start}" >&2
  exec 9>&-
fi

# A signal interrupts `wait`; the child is gone when it can't be found.
while [ -z "$ending$failed" ] && kill -0 $runner 2>/dev/null; do
  wait $runner
done
if [ -z "$ending$failed" ]; then
  failed=1
  echo "$name: nginx ended by itself" >&2
  sed -n 's/^.*\[\(alert\|emerg\|crit\)\] //p' "$dir/error.log" |
    tail -n 3 >&2
fi
exec 9>&-
[ -n "$watch" ] && kill $watch 2>/dev/null
while kill -0 $guard 2>/dev/null; do wait $guard; done
[ -d "$dir" ] && clean_up
exec 7<&- # nobody writes any more: the copier comes to an end
copied() { [ -z "$copier" ] || ! kill -0 $copier 2>/dev/null; }
await 20 copied
copied || kill -s KILL $copier
[ -z "$failed" ]
]==]
