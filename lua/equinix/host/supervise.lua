--- supervise: the shell script that runs nginx and cleans up after it.
--
-- Law of this file: nothing stays behind, whoever dies first. Four processes,
-- and a pipe (`life`) that only the supervisor holds open for writing:
--
--   supervisor  the process the user started; waits for nginx, takes TERM,
--               INT, HUP and QUIT as "end now", exits 0 then
--   runner      its child; keeps nginx's pid in `master` before there is an
--               nginx, and its exit code in `ended` after there was one
--   nginx       in the foreground of the runner
--   guard       reads the pipe; at its end, be it closed on purpose or
--               because the supervisor was killed with SIGKILL, it stops
--               nginx and removes the directory
--
-- So there is one way of cleaning up, not one for each way of dying. (Should
-- the guard itself be killed, the supervisor does its work.)
-- RATIONALE: a script, since Lua can neither fork nor take signals. POSIX
-- shell only (dash, bash, busybox, macOS).

return [==[
# Arguments: the private directory, the signal that stops nginx, the name to
# speak by, a place for the ready file or "", "eof" or "", and then nginx as
# it is to be called.
dir=$1 stop=$2 name=$3 ready=$4 eof=$5
shift 5
umask 077
cd / && mkfifo "$dir/life" || exit 1

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

clean_up() {
  await 20 test -s "$dir/master"
  if [ -s "$dir/master" ] && ! is_over; then
    kill "-$stop" "$(cat "$dir/master")"
    await 150 is_over
    is_over || kill -TERM "$(cat "$dir/master")"
    await 50 is_over
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
  exec 8<&- 9>&- </dev/null >/dev/null 2>"$dir/stderr"
  # A signal to all of us must not keep it from what it has to write. (Not
  # '': nginx would start deaf.)
  trap : TERM HUP INT QUIT
  # An empty environment: nothing of the caller's reaches nginx.
  sh -c 'echo $$ >"$0/master"
    exec env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"' "$dir" "$@"
  echo $? >"$dir/ended"
}

watcher() {
  exec <&8 8<&- 9>&- >/dev/null 2>&1
  while read -r _; do :; done
  kill -TERM $$
}

# These three close what is not theirs by `exec`: a shell keeps a copy of what
# a redirection behind a function's name takes away, and a copy of 9 would
# keep `life` open.
exec 8<&0 # a shell takes standard input away from what it puts aside
guard &
guard=$!
exec 9>"$dir/life"

# The handler itself ends the pipe: a signal that comes just before `wait` is
# not lost.
ending=
trap 'ending=1; exec 9>&-' TERM INT HUP QUIT

runner "$@" &
runner=$!

watch=
if [ -n "$eof" ]; then
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
  taken=$(sed -n 's/.*bind() to \([^ ]*\) failed.*/\1/p' \
    "$dir/error.log" 2>/dev/null | head -n 1)
done

failed=
if [ -n "$ending" ]; then
  :
elif [ -s "$dir/nginx.pid" ] && [ -z "$taken" ]; then
  cat "$dir/banner"
  if [ -n "$ready" ]; then
    sed "s/\"@PID@\"/$$/" "$dir/ready.json" >"$ready.$$" &&
      mv "$ready.$$" "$ready"
  fi
else
  failed=1
  reason=$(cat "$dir/error.log" "$dir/stderr" 2>/dev/null |
    sed -n 's/^.*\[emerg\] \([0-9#]*: \)*//p' | head -n 1)
  [ -n "$taken" ] && reason="$taken is taken; choose another port"
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
[ -z "$failed" ]
]==]
