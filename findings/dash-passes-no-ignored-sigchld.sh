#!/bin/sh
# A signal that a shell ignores is ignored by the programs it starts, they say;
# dash makes an exception of SIGCHLD.
#
# Version: dash 0.5.12-2 of Debian 12, beside its bash 5.2.15; those used are
# printed.
# A good guess: after `trap '' HUP CHLD` a program that either shell executes
# ignores both signals (POSIX, "Signals and Error Handling": a utility inherits
# them as ignored), so such a line is a way to test how a program does without
# its children's exit codes.
# Seen: under bash both are ignored. Under dash HUP is, SIGCHLD is not: a test
# written that way passes without testing anything. A parent such as perl
# ($SIG{CHLD} = "IGNORE"; exec ...) does pass it on.
set -eu

for need in dash bash perl dpkg-query; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install dash bash perl)" >&2
    exit 2
  }
done
[ -r /proc/self/status ] || { echo "needs /proc of Linux" >&2; exit 2; }
version=$(dpkg-query -W -f '${Version}' dash)
echo "dash $version, bash $(dpkg-query -W -f '${Version}' bash)"
[ "$version" = 0.5.12-2 ] || echo "(another dash than the one tried)"

# The signals that a program ignores, of those two: bits 0 and 16.
ask() {
  mask=$("$@" grep SigIgn /proc/self/status | tr -dc '0-9a-f' | tail -c 5)
  case $mask in
  10001) echo "HUP CHLD" ;;
  00001) echo "HUP" ;;
  *) echo "other: $mask" ;;
  esac
}

# shellcheck disable=SC2016 # the inner shell expands it
line='trap "" HUP CHLD; exec "$@"'
in_dash=$(ask dash -c "$line" dash)
in_bash=$(ask bash -c "$line" bash)
# shellcheck disable=SC2016 # perl expands it
in_perl=$(ask perl -e '$SIG{$_} = "IGNORE" for qw(HUP CHLD); exec @ARGV')
echo "ignored by the program: dash $in_dash, bash $in_bash, perl $in_perl"
[ "$in_dash" = HUP ] && [ "$in_bash" = "HUP CHLD" ] &&
  [ "$in_perl" = "HUP CHLD" ]
