#!/bin/sh
# A service that a Debian package ships without starting it is not stopped,
# either, when the package is removed.
#
# Version: debhelper 13.11.4 of Debian 12, which is fetched, not installed.
# A good guess: `dh_installsystemd --no-start` is for a service that cannot run
# before it is configured. It is "do not start" after an installation or an
# upgrade, and says nothing of a removal; so the unit that an administrator
# started is stopped when the package goes, as without the option.
# Seen: with it there is no prerm script at all, whatever option stands beside
# it: the service runs on without its files.
set -eu

for need in apt-get dpkg-deb perl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian)" >&2
    exit 2
  }
done
perl -MDpkg::Deps -e 1 2>/dev/null || {
  echo "needs Dpkg for perl (Debian: apt-get install libdpkg-perl)" >&2
  exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq download debhelper libdebhelper-perl 2>/dev/null || {
  echo "apt can't fetch debhelper here" >&2
  exit 2
}
for package in ./*.deb; do dpkg-deb -x "$package" tools; done
version=$(dpkg-deb -f ./debhelper_*.deb Version)
echo "debhelper $version"
[ "$version" = 13.11.4 ] || echo "(another debhelper than the one tried)"

mkdir debian
cat >debian/control <<'END'
Source: demo
Maintainer: A Person <person@example.org>
Build-Depends: debhelper-compat (= 13)

Package: demo
Architecture: all
Description: a demonstration
END
cat >debian/changelog <<'END'
demo (1) unstable; urgency=low

  * A demonstration.

 -- A Person <person@example.org>  Sat, 28 Nov 2026 12:00:00 +0000
END
cat >debian/demo.service <<'END'
[Unit]
Description=a demonstration
[Service]
ExecStart=/usr/bin/sleep 1000
[Install]
WantedBy=multi-user.target
END

failed=0

# check WANTED [OPTIONS...]: does the removal stop the service?
check() {
  wanted=$1
  shift
  rm -rf debian/.debhelper debian/demo debian/*.debhelper
  PERL5LIB=$work/tools/usr/share/perl5 \
    DH_AUTOSCRIPTDIR=$work/tools/usr/share/debhelper/autoscripts \
    perl tools/usr/bin/dh_installsystemd "$@"
  scripts=$(find debian -name '*prerm*' -type f -exec cat {} +)
  case $scripts in
  *"deb-systemd-invoke stop"*) seen=stops ;;
  *) seen="does not stop" ;;
  esac
  echo "dh_installsystemd $*: the removal $seen it"
  [ "$seen" = "$wanted" ] || failed=1
}

check stops
check stops --no-enable
check "does not stop" --no-start
check "does not stop" --no-start --restart-after-upgrade
check "does not stop" --no-start --no-stop-on-upgrade
exit "$failed"
