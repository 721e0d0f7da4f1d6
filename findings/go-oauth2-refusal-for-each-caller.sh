#!/bin/sh
# Go's oauth2 package: many goroutines, one token source, a refused secret.
#
# Version: Go 1.19.8 and golang.org/x/oauth2 0.3.0 of Debian 12.
# A good guess: a token source is safe for any number of goroutines; 50 that
# need a token at once cost one request. What came of it is for all of them:
# the token, or the refusal (401, invalid_client).
# Seen: only a token is shared. A refusal is the answer of one goroutine; the
# next one in the queue sends the secret again, so 50 callers are 50 bad
# attempts, one after the other; and with the default AuthStyle, which tries
# the secret in the header and then in the body, 100. A server that locks an
# account after a few bad attempts locks it in the first second.
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
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const callers = 50

func ask(name string, status int, body string, style oauth2.AuthStyle) {
	var requests int32
	server := httptest.NewServer(http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) {
			atomic.AddInt32(&requests, 1)
			time.Sleep(50 * time.Millisecond)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
	defer server.Close()
	config := clientcredentials.Config{
		ClientID: "id", ClientSecret: "of-no-use", TokenURL: server.URL,
		AuthStyle: style,
	}
	source := config.TokenSource(context.Background())
	var all sync.WaitGroup
	all.Add(callers)
	for i := 0; i < callers; i++ {
		go func() {
			defer all.Done()
			_, _ = source.Token()
		}()
	}
	all.Wait()
	fmt.Printf("%s: %d requests\n", name, requests)
}

func main() {
	token := `{"access_token":"a-token","token_type":"Bearer","expires_in":3600}`
	refusal := `{"error":"invalid_client"}`
	ask("a token", 200, token, oauth2.AuthStyleInParams)
	ask("refused, in the body", 401, refusal, oauth2.AuthStyleInParams)
	ask("refused, default", 401, refusal, oauth2.AuthStyleAutoDetect)
}
EOF

"$GOROOT/bin/go" run ask.go >seen
cat seen
for line in 'a token: 1 requests' 'refused, in the body: 50 requests' \
  'refused, default: 100 requests'; do
  grep -qxF "$line" seen || {
    echo "another outcome than: $line" >&2
    exit 1
  }
done
echo "as described"
