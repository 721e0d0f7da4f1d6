#!/bin/sh
# libcurl with GnuTLS and a client certificate from memory.
#
# Version: libcurl3-gnutls and libcurl4 7.88.1 of Debian 12; those used are
# printed.
# A good guess: both flavours of libcurl take CURLOPT_SSLCERT_BLOB and
# CURLOPT_SSLKEY_BLOB, or the one that can't says so, as it does for
# CURLOPT_CAINFO_BLOB: error 4 (CURLE_NOT_BUILT_IN).
# Seen: with GnuTLS the options are accepted, and the transfer works, but no
# certificate is sent. From files it is. And a file that is missing is error 35
# (no connection, which a client may try again), with OpenSSL 58 (a problem with
# the local certificate, which it may not).
set -eu

for need in cc curl-config openssl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: gcc, libcurl4-openssl-dev, openssl)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=
cd "$dir"

cat >ask.c <<'EOF'
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static char page[65536];
static size_t length;

static size_t keep(char *data, size_t size, size_t n, void *unused)
{
  (void)unused;
  if(length + size * n < sizeof page) {
    memcpy(page + length, data, size * n);
    length += size * n;
  }
  return size * n;
}

static char text[2][8192];

static struct curl_blob blob(int i, const char *path)
{
  FILE *file = fopen(path, "r");
  struct curl_blob result = {text[i], fread(text[i], 1, 8192, file), 0};
  fclose(file);
  return result;
}

int main(int argc, char **argv)
{
  struct curl_blob cert = blob(0, "cert.pem");
  struct curl_blob key = blob(1, "key.pem");
  CURL *easy = curl_easy_init();
  int set = 0;
  if(argc < 2) {
    printf("libcurl %s, %s\n", curl_version_info(CURLVERSION_NOW)->version,
           curl_version_info(CURLVERSION_NOW)->ssl_version);
    return 0;
  }
  curl_easy_setopt(easy, CURLOPT_URL, "https://localhost/");
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, "socket");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
  curl_easy_setopt(easy, CURLOPT_CAINFO, "cert.pem");
  if(!strcmp(argv[1], "ca-blob")) {
    set = curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &cert);
  }
  else if(!strcmp(argv[1], "blob")) {
    set = curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &cert) |
          curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
  }
  else if(strcmp(argv[1], "none")) {
    set = curl_easy_setopt(easy, CURLOPT_SSLCERT, argv[1]) |
          curl_easy_setopt(easy, CURLOPT_SSLKEY, "key.pem");
  }
  int done = curl_easy_perform(easy);
  printf("set %d, transfer %d%s\n", set, done,
         done ? "" : strstr(page, "Client certificate\n") ?
         ", certificate sent" : ", no certificate sent");
  curl_easy_cleanup(easy);
  return 0;
}
EOF
# shellcheck disable=SC2046 # several words
cc $(curl-config --cflags) -o openssl ask.c -lcurl
cc -o gnutls ask.c -l:libcurl-gnutls.so.4 || {
  echo "needs libcurl with GnuTLS (apt-get install libcurl3-gnutls)" >&2
  exit 2
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem \
  -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
openssl s_server -unix socket -cert cert.pem -key key.pem -www -verify 1 \
  -quiet >log 2>&1 &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -S socket ] && break
  sleep 0.5
done
./openssl
./gnutls

failed=0

# check FLAVOUR WHAT SEEN
check() {
  seen=$("./$1" "$2")
  if [ "$seen" = "$3" ]; then
    echo "as before: $1, $2: $seen"
  else
    echo "CHANGED: $1, $2: $seen; before $3"
    failed=1
  fi
}

for flavour in openssl gnutls; do
  check "$flavour" none "set 0, transfer 0, no certificate sent"
  check "$flavour" cert.pem "set 0, transfer 0, certificate sent"
done
check openssl ca-blob "set 0, transfer 0, no certificate sent"
check gnutls ca-blob "set 4, transfer 0, no certificate sent"
check openssl blob "set 0, transfer 0, certificate sent"
check gnutls blob "set 0, transfer 0, no certificate sent"
check openssl missing.pem "set 0, transfer 58"
check gnutls missing.pem "set 0, transfer 35"

exit "$failed"
