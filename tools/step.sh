#!/bin/sh
# One step of `make test`: runs a command and prints one line about it.
#
#   tools/step.sh RESULT specs|check COMMAND...
#
#   RESULT    becomes "passed failed skipped" (numbers); its log is RESULT.log
#   specs     the command is busted: its summary is counted
#   check     the command is one test: it passes with exit code 0
#   NEEDS     (environment) programs without which the step is skipped
#   WHY_NOT   (environment) a file; if it exists, the reason to skip the step
#   LIMIT     (environment) seconds until the command is stopped; 900
#
# Law of this file: nothing passes because it printed nothing. A spec run
# counts only if it printed a summary that agrees with the exit code and has at
# least one test; a file RESULT.san.* that is not empty is a finding of a
# sanitizer, whatever the exit code, also when a forked child wrote it. No
# process outlives a step: one that is left behind is a failure.

set -u
result=$1 kind=$2
shift 2
log=$result.log
name=${result#build/test/} name=${name%.result}
mkdir -p "${result%/*}"
rm -f "$result" "$result".*

# settle PASSED FAILED SKIPPED: writes the result in one step.
settle() {
  echo "$1 $2 $3" >"$result.new" && mv "$result.new" "$result"
}

now() {
  case $(date +%N) in
  *N*) date +%s ;; # this system has whole seconds only
  *) date +%s.%N ;;
  esac
}

skip() {
  printf 'skip  %-28s %s\n' "$name" "$1"
  settle 0 0 1
  exit 0
}

[ ! -s "${WHY_NOT:-}" ] || skip "$(cat "$WHY_NOT")"
for need in ${NEEDS:-}; do
  command -v "$need" >/dev/null || skip "$need is not installed"
done

# Keeps the credentials, settings and files of the user out of the specs. Their
# files are in this folder; 755, since nginx's workers may be another user.
home=$(mktemp -d) && chmod 755 "$home" || exit 1
trap 'rm -rf "$home"' EXIT
trap 'exit 130' INT TERM
for variable in $(env | sed -n 's/^\(EQUINIX_[A-Za-z0-9_]*\)=.*/\1/p'); do
  unset "$variable"
done
unset XDG_RUNTIME_DIR XDG_CACHE_HOME XDG_CONFIG_HOME XDG_STATE_HOME
export HOME="$home" TMPDIR="$home" LC_ALL=C

# Processes with that folder in their command line (Linux only). grep reads the
# name from its input: else it would find itself.
left_behind() {
  # shellcheck disable=SC2062  # a path, not a pattern
  printf '%s\n' "$home" | grep -lFs -f - /proc/[0-9]*/cmdline | cut -d/ -f3
}

limit=
command -v timeout >/dev/null && limit="timeout -k 10 ${LIMIT:-900}"
start=$(now)
# shellcheck disable=SC2086  # $limit is words
$limit "$@" >"$log" 2>&1 </dev/null
code=$?
seconds=$(echo "$(now) $start" | awk '{ printf "%.1f", $1 - $2 }')

passed=0 failed=0 skipped=0 why=
if [ "$kind" = specs ]; then
  # "3 successes / 1 failure / 0 errors / 0 pending : 0.01 seconds"
  summary=$(awk '/^[0-9]+ success(es)? \/ [0-9]+ failures? \/ .* pending/ {
    found = $1 " " $4 " " $7 " " $10 } END { print found }' "$log")
  # shellcheck disable=SC2086  # four numbers
  set -- ${summary:-0 0 0 0}
  passed=$1 failed=$(($2 + $3)) skipped=$4
  if [ -z "$summary" ]; then
    why='it printed no summary'
  elif [ $((passed + failed + skipped)) = 0 ]; then
    why='it ran no test'
  fi
elif [ $code = 0 ]; then
  passed=1
fi

if [ $code = 124 ] || [ $code = 137 ]; then
  why="stopped after ${LIMIT:-900} s"
elif [ $code != 0 ] && [ "$failed" = 0 ]; then
  why=${why:-exit code $code}
fi
for report in "$result".san.*; do
  [ -s "$report" ] && why="${why:+$why, }${report##*/}"
done
tries=50 # processes that are ending get five seconds
while [ -n "$(left_behind)" ] && [ $tries != 0 ]; do
  sleep 0.1
  tries=$((tries - 1))
done
for pid in $(left_behind); do
  why="${why:+$why, }left behind: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
  kill "$pid"
done
[ -z "$why" ] || failed=$((failed + 1))

if [ $failed = 0 ]; then word='ok   '; else word=FAIL; fi
counts="$passed passed"
[ $failed = 0 ] || counts="$counts, $failed failed"
[ "$skipped" = 0 ] || counts="$counts, $skipped skipped"
{
  printf '%-5s %-28s %-24s %6s s%s\n' "$word" "$name" "$counts" "$seconds" \
    "${why:+  ($why)}"
  if [ $failed != 0 ]; then
    cat "$log"
    for report in "$result".san.*; do
      [ -s "$report" ] && cat "$report"
    done
  elif [ "$skipped" != 0 ]; then
    awk '/^Pending ->/ { getline; print "      skipped: " $0 }' "$log"
  fi
} >"$result.said"
cat "$result.said"
settle "$passed" "$failed" "$skipped"
