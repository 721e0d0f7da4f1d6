#!/bin/sh
# Builds the Debian packages of the tree as it is here, in build/deb.
#
# Law of this file: it builds in a copy, so it neither needs nor changes what
# `make` built; debian/ says how, with nothing of this machine but the packages
# that debian/control names.

set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL || true # those of the make that runs this
command -v dpkg-checkbuilddeps >/dev/null ||
  { echo "dpkg-dev is missing: apt-get install dpkg-dev" && exit 1; } >&2
dpkg-checkbuilddeps debian/control || {
  echo "install what is missing, as root: apt-get build-dep ./"
  exit 1
} >&2
rm -rf build/deb
mkdir -p build/deb/source
tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C build/deb/source
(cd build/deb/source && dpkg-buildpackage -b -us -uc) >build/deb/log 2>&1 ||
  { tail -n 30 build/deb/log && exit 1; } >&2
rm -rf build/deb/source
ls build/deb/*.deb
