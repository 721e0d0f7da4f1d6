#!/bin/sh
# Prometheus, a target behind OAuth 2.0, and a token that is refused early.
#
# Version: Prometheus 2.42.0 of Debian 12 (prometheus 2.42.0+ds-5+deb12u1).
# A good guess: a target's 401 with `error="invalid_token"` (RFC 6750, section
# 3.1: the client may request a new token and try again) makes the scrape fail,
# and the next scrape is made with a new token.
# Seen: it is not. Each scrape sends the refused token again, until the end
# that its expires_in named; no other token is requested. A token that was
# revoked, or that a restarted issuer no longer knows, leaves the target
# "down" for as long as the token would have lived.
set -eu

for need in node apt-get dpkg; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: nodejs)" >&2
    exit 2
  }
done
dir=$(mktemp -d)
prometheus=
# The server ends with its counts, or by its own limit.
finish() {
  [ -z "$prometheus" ] || kill "$prometheus" 2>/dev/null || true
  wait
  rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
apt-get download -qq prometheus=2.42.0+ds-5+deb12u1 2>errors ||
  { cat errors >&2; exit 2; }
dpkg-deb -x prometheus_*.deb root
root/usr/bin/prometheus --version 2>&1 | head -n 1

# Refuses the first token after three scrapes; tells what came of it after ten
# more.
cat >server.js <<'EOF'
const fs = require('fs');
const http = require('http');

let tokens = 0, refused = 0, scrapes = 0;

function token(response) {
  tokens++;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({
    access_token: `token-${tokens}`, token_type: 'Bearer', expires_in: 3600,
  }));
}

function scrape(request, response) {
  scrapes++;
  if (scrapes > 3 && request.headers.authorization === 'Bearer token-1') {
    refused++;
    response.statusCode = 401;
    response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
    response.end();
  } else {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end('a_metric 1\n');
  }
  if (scrapes === 13) {
    console.log(`${refused} of 10 scrapes with the refused token, `
      + `${tokens} token requested`);
    process.exit();
  }
}

const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => (request.url === '/token'
    ? token(response) : scrape(request, response)));
});
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync('port.new', `${server.address().port}`);
  fs.renameSync('port.new', 'port');
});
setTimeout(() => process.exit(1), 60000);
EOF
node server.js >seen &
server=$!
tries=0
while [ ! -s port ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 2
  sleep 0.1
done
port=$(cat port)
cat >prometheus.yml <<EOF
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: target
    static_configs: [{targets: ["127.0.0.1:$port"]}]
    oauth2:
      client_id: an-id
      client_secret: of-no-use-anywhere
      token_url: http://127.0.0.1:$port/token
EOF
root/usr/bin/prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
  --web.listen-address=127.0.0.1:0 >log 2>&1 &
prometheus=$!
wait "$server" || { cat log >&2; exit 2; }
cat seen
[ "$(cat seen)" = \
  "10 of 10 scrapes with the refused token, 1 token requested" ] || {
  echo "this has changed" >&2
  exit 1
}
