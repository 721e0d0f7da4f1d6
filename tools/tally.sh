#!/bin/sh
# Adds up the results of the steps, each a file "passed failed skipped":
#
#   tools/tally.sh RESULT...
#
# Law of this file: a step whose result is missing or unreadable has failed.
# The last line is "N passed, N failed", perhaps with ", N skipped".

set -u
passed=0 failed=0 skipped=0 bad=
for result in "$@"; do
  p='' f='' s=''
  [ -f "$result" ] && read -r p f s <"$result"
  case $p$f$s in
  '' | *[!0-9]*) p=0 f=1 s=0 ;;
  esac
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  result=${result#build/test/}
  [ "$f" = 0 ] || bad="$bad ${result%.result}"
done

echo
[ -z "$bad" ] || printf 'failed:%s\n' "$bad"
if [ $skipped = 0 ]; then
  echo "$passed passed, $failed failed"
else
  echo "$passed passed, $failed failed, $skipped skipped"
fi
# If nothing passed, nothing ran.
[ $failed = 0 ] && [ $passed != 0 ]
