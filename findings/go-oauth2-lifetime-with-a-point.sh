#!/bin/sh
# Go's oauth2 package and a token's life that is written with a point.
#
# Version: Go 1.19.8 and golang.org/x/oauth2 0.3.0 of Debian 12.
# A good guess: "expires_in": 3600.0 is the number 3600. JSON has one kind of
# number, and a server that computes the life writes it so (Python's
# timedelta.total_seconds() is a float). The text "3600", which RFC 6749 does
# not have, would be the harder case.
# Seen: the text is taken; 3600.0, 3.6e3 and 3600.5 are errors ("invalid
# syntax"), and the token is lost, every time. Worse: the package takes the
# error for a wrong way to send the secret and tries the other one, so each
# call costs two token requests, of which none is ever of use.
set -eu

for need in apt-get dpkg-deb; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir" && rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 \
  golang-golang-x-oauth2-dev=0.3.0-1 \
  golang-golang-x-net-dev=1:0.7.0+dfsg-1 2>errors ||
  { cat errors >&2; exit 2; }
for package in *.deb; do
  dpkg-deb -x "$package" root
done
# The compiler's links to its sources lead to where they would be installed.
export GOROOT="$dir/go" GOPATH="$dir/root/usr/share/gocode"
export GOCACHE="$dir/cache" GO111MODULE=off CGO_ENABLED=0
cp -RL root/usr/lib/go-1.19 "$GOROOT"
"$GOROOT/bin/go" version

cat >ask.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	for _, life := range []string{"3600", `"3600"`, "3600.0", "3.6e3", "3600.5"} {
		requests := 0
		server := httptest.NewServer(http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) {
				requests++
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"access_token":"a-token","token_type":"Bearer",`+
					`"expires_in":%s}`, life)
			}))
		config := clientcredentials.Config{
			ClientID: "id", ClientSecret: "of-no-use", TokenURL: server.URL,
		}
		source := config.TokenSource(context.Background())
		tokens := 0
		for i := 0; i < 3; i++ {
			if _, err := source.Token(); err == nil {
				tokens++
			}
		}
		fmt.Printf("%s: %d of 3 calls got a token, %d requests\n", life, tokens,
			requests)
		server.Close()
	}
}
EOF

"$GOROOT/bin/go" run ask.go >seen
cat seen
for line in '3600: 3 of 3 calls got a token, 1 requests' \
  '"3600": 3 of 3 calls got a token, 1 requests' \
  '3600.0: 0 of 3 calls got a token, 6 requests' \
  '3.6e3: 0 of 3 calls got a token, 6 requests' \
  '3600.5: 0 of 3 calls got a token, 6 requests'; do
  grep -qxF "$line" seen || {
    echo "another outcome than: $line" >&2
    exit 1
  }
done
echo "as described"
