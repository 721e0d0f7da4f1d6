#!/bin/sh
# Prints a header with the name under which libcurl is loaded, as
#   #define EQ_LIBCURL "libcurl.so.4"
# or an empty one: then the module is linked with libcurl.
#
#   tools/libcurl.sh CC [FLAGS AND LIBRARIES ...]
#
# Law of this file: the name is the one that the linker would write down, by
# its own word. It is empty where that can't be read, where the loader is not
# the GNU C library's (another one would not look into the folders that LDFLAGS
# name with -rpath), and under a sanitizer (whose dlopen does not, either).

cc=$1
shift
case " $* " in *' -fsanitize'*) exit 0 ;; esac
work=$(mktemp -d) || exit 0
trap 'rm -rf "$work"' EXIT
cat >"$work/probe.c" <<'END'
#include <curl/curl.h>
#ifndef __GLIBC__
#error another loader
#endif
const char *probe(void);
const char *probe(void)
{
  return curl_version();
}
END
# shellcheck disable=SC2086 # CC may have options
$cc -shared -fPIC -o "$work/probe.so" "$work/probe.c" "$@" 2>/dev/null ||
  exit 0
name=$(LC_ALL=C readelf -d "$work/probe.so" 2>/dev/null |
  sed -n 's/.*(NEEDED).*\[\(libcurl[^]]*\)\]$/\1/p')
case $name in
'' | *[!A-Za-z0-9._+-]*) ;; # none, or more than one
*) echo "#define EQ_LIBCURL \"$name\"" ;;
esac
