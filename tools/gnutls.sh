#!/bin/sh
# Downloads Debian's libcurl over GnuTLS, to build with it uninstalled:
#
#   tools/gnutls.sh FOLDER
#
#   FOLDER/include, FOLDER/lib    the headers and the library
#   FOLDER/why-not                or one line: why they are missing
#
# Law of this file: it changes nothing outside its folder. The development
# packages of Debian's two flavours of libcurl exclude each other, so the one
# that is not installed is only unpacked. A missing one is no failure: steps
# that need it read why-not and are skipped.

set -u
export LC_ALL=C # the output of apt is parsed below
folder=${1:?}
work=$folder/fetching
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# give_up REASON
give_up() {
  echo "$1" >"$folder/why-not"
  exit 0
}

has() { command -v "$1" >/dev/null 2>&1; }

# The name of the library's package differs between releases.
library_of() {
  apt-cache depends "$1" 2>/dev/null |
    sed -n 's/^ *Depends: \(libcurl[^ ]*gnutls\)$/\1/p'
}

rm -rf "$work" "$folder/why-not"
[ -e "$folder/lib/libcurl.so" ] && exit 0
mkdir -p "$work" || exit 1
if ! has apt-get || ! has dpkg-deb; then
  give_up 'there is no apt to download the other flavour of libcurl'
fi

headers=libcurl4-gnutls-dev
library=$(library_of $headers)
[ -n "$library" ] || give_up "apt knows no $headers (apt-get update?)"
# The last error of apt is the reason. Short time-outs, so that it fails soon
# without a network.
(cd "$work" && apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=20 \
  -o Acquire::https::Timeout=20 download $headers "$library") \
  >"$work/log" 2>&1 ||
  give_up "apt-get download: $(grep '^E:' "$work/log" | tail -n 1)"
for package in "$work"/*.deb; do
  dpkg-deb -x "$package" "$work/root" || exit 1
done

# Debian installs libraries in a folder named after the architecture.
for lib in "$work"/root/usr/lib/*/libcurl.so; do
  triplet=$(basename "$(dirname "$lib")")
done
lacking=$(ldd "$work/root/usr/lib/$triplet/libcurl.so" | grep 'not found')
[ -z "$lacking" ] ||
  give_up "$library lacks $(echo "$lacking" | awk '{ printf $1 " " }')"
# The last link marks the folder as complete.
rm -rf "$folder/root" "${folder:?}/include" "${folder:?}/lib"
mv "$work/root" "$folder/root" &&
  ln -s "root/usr/include/$triplet" "$folder/include" &&
  ln -s "root/usr/lib/$triplet" "$folder/lib"
