#!/bin/sh
# libcurl, and a pass phrase for a client key that has none.
#
# Version: libcurl4 and libcurl3-gnutls 7.88.1 of Debian 12; checked below.
# A good guess: CURLOPT_KEYPASSWD is needed for an encrypted key, and does not
# matter for one that is not. So a client may always set it, to the empty
# string too, which keeps OpenSSL from asking at the terminal.
# Seen: with OpenSSL that is so. With GnuTLS a plain key of PKCS #8 ("BEGIN
# PRIVATE KEY", what openssl writes today) is refused as soon as there is a
# pass phrase, even an empty one, with error 35, as if the connection had
# failed. A plain key of SEC 1 ("BEGIN EC PRIVATE KEY") is taken, and so is an
# encrypted key of PKCS #8.
set -eu

for need in cc curl-config openssl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: gcc, libcurl4-openssl-dev, openssl)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$dir"' EXIT
cd "$dir"

cat >ask.c <<'EOC'
#include <curl/curl.h>
#include <stdio.h>

static size_t drop(char *data, size_t size, size_t n, void *unused)
{
  (void)data;
  (void)unused;
  return size * n;
}

/* ask KEY [PASS-PHRASE] */
int main(int argc, char **argv)
{
  CURL *easy;
  if (argc < 2) {
    curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    printf("libcurl %s, %s\n", info->version, info->ssl_version);
    return 0;
  }
  easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, "https://localhost/");
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, "socket");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(easy, CURLOPT_CAINFO, "cert.pem");
  curl_easy_setopt(easy, CURLOPT_SSLCERT, "cert.pem");
  curl_easy_setopt(easy, CURLOPT_SSLKEY, argv[1]);
  if (argc > 2) {
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, argv[2]);
  }
  printf("%d\n", (int)curl_easy_perform(easy));
  curl_easy_cleanup(easy);
  return 0;
}
EOC
# shellcheck disable=SC2046 # several words
cc $(curl-config --cflags) -o openssl ask.c -lcurl
cc -o gnutls ask.c -l:libcurl-gnutls.so.4 || {
  echo "needs libcurl with GnuTLS (apt-get install libcurl3-gnutls)" >&2
  exit 2
}
for flavour in openssl gnutls; do
  "./$flavour"
  "./$flavour" | grep -q '^libcurl 7\.88\.1,' || {
    echo "this was seen with libcurl 7.88.1" >&2
    exit 2
  }
done

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
  -keyout pkcs8.key -out cert.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
openssl ec -in pkcs8.key -out sec1.key 2>/dev/null
openssl pkcs8 -topk8 -in pkcs8.key -out encrypted.key -passout pass:words
openssl s_server -unix socket -cert cert.pem -key pkcs8.key -www -Verify 1 \
  -quiet >log 2>&1 &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -S socket ] && break
  sleep 0.5
done

failed=0

# check SEEN FLAVOUR KEY [PASS-PHRASE]
check() {
  expected=$1
  flavour=$2
  shift 2
  seen=$("./$flavour" "$@")
  if [ "$seen" = "$expected" ]; then
    echo "as before: $flavour, $*: $seen"
  else
    echo "CHANGED: $flavour, $*: $seen; before $expected"
    failed=1
  fi
}

for key in pkcs8.key sec1.key; do
  check 0 openssl $key
  check 0 openssl $key words
  check 0 openssl $key ''
done
check 0 gnutls pkcs8.key
check 35 gnutls pkcs8.key words
check 35 gnutls pkcs8.key ''
check 0 gnutls sec1.key
check 0 gnutls sec1.key words
check 0 gnutls sec1.key ''
check 0 openssl encrypted.key words
check 0 gnutls encrypted.key words

exit "$failed"
