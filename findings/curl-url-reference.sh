#!/bin/sh
# libcurl's curl_url_set and a reference against a base (RFC 3986, 5.2).
#
# Version: seen with libcurl 7.88.1 of Debian 12; the one used is printed.
# A good guess: a URL that is set over another is resolved as RFC 3986 says. So
# "" is the base itself, "#part" is the base with another fragment, and what
# the base has after "#" plays no part.
# Seen: "" and "#part" lose the query and the last segment of the path; the
# result is the folder. And a base's fragment is taken for the path: "next"
# against "/list#a/b" becomes "/list#a/next", and "?page=2" ends up in the
# fragment, where no server sees it.
set -eu

for need in cc curl-config; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: gcc, libcurl4-openssl-dev)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/resolve.c" <<'EOF'
#include <curl/curl.h>
#include <stdio.h>

int main(int argc, char **argv)
{
  if(argc < 3) {
    puts(curl_version());
    return 0;
  }
  CURLU *url = curl_url();
  char *text = NULL;
  if(!curl_url_set(url, CURLUPART_URL, argv[1], 0) &&
     !curl_url_set(url, CURLUPART_URL, argv[2], 0) &&
     !curl_url_get(url, CURLUPART_URL, &text, 0)) {
    puts(text);
  }
  curl_free(text);
  curl_url_cleanup(url);
  return 0;
}
EOF
# shellcheck disable=SC2046 # several words each
cc $(curl-config --cflags) -o "$dir/resolve" "$dir/resolve.c" \
  $(curl-config --libs)
"$dir/resolve"

failed=0

# check BASE REFERENCE RESULT: and what RFC 3986 gives, where it differs
check() {
  seen=$("$dir/resolve" "$1" "$2")
  if [ "$seen" = "$3" ]; then
    echo "as before: $1 with \"$2\" -> $seen${4:+ (RFC 3986: $4)}"
  else
    echo "CHANGED: $1 with \"$2\" -> ${seen:-an error}, before $3"
    failed=1
  fi
}

base=https://h.example/v4/list
check "$base?page=1" "?page=2" "$base?page=2" # as the RFC says
check "$base?page=1" "" https://h.example/v4/ "$base?page=1"
check "$base?page=1" "#part" "https://h.example/v4/#part" "$base?page=1#part"
check "$base#a/b" next "$base#a/next" https://h.example/v4/next
check "$base#a/b" "?page=2" "$base#a/b?page=2" "$base?page=2"

exit "$failed"
