#!/bin/sh
# @badgateway/oauth2-client, and a token that lives for 25 days or more.
#
# Version: @badgateway/oauth2-client 3.3.1 from npm, on Node.js.
# A good guess: the longer a token lives, the fewer requests it costs. One of
# 30 days with a refresh token, which OAuth2Fetch renews by itself a minute
# before the end, costs one request now and one in a month.
# Seen: one of 20 days does so. For one of 30 days the client asks for the next
# token at once, and for the next, as fast as the server answers, without end:
# it hands the whole time to setTimeout, which takes 31 bits of milliseconds
# (24.8 days); Node.js turns more than that into 1 ms and writes a warning. So
# a program that makes a single call floods the token endpoint, and uses up a
# refresh token each time. With `scheduleRefresh: false` it does not.
set -eu

for need in node npm; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: nodejs, npm)" >&2
    exit 2
  }
done
echo "node $(node --version)"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts \
  @badgateway/oauth2-client@3.3.1

# One call with a token of so many days; the requests that it led to. The
# server leaves the fiftieth without an answer, which ends the renewals.
cat >renewals.mjs <<'EOF'
import http from 'node:http';
import { once } from 'node:events';
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

const LIMIT = 50;
const [days, scheduleRefresh, seconds] = process.argv.slice(2).map(JSON.parse);
let calls = 0, requests = 0;
const used = new Set();

function token(response, form) {
  requests++;
  used.add(form.get('refresh_token'));
  if (requests === LIMIT) {
    finish();
    return;
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({
    access_token: `token-${requests}`, token_type: 'Bearer',
    expires_in: days * 86400, refresh_token: `refresh-${requests}`,
  }));
}

function finish() {
  used.delete(null);
  const option = scheduleRefresh ? '' : ', scheduleRefresh false';
  console.log(`${days} days${option}: ${calls} call, `
    + `${requests} token requests, ${used.size} refresh tokens`);
  process.exit();
}

const server = http.createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  if (request.url === '/token') {
    token(response, new URLSearchParams(body));
  } else {
    calls++;
    response.end('an answer');
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;
const client = new OAuth2Client({
  server: origin, tokenEndpoint: '/token',
  clientId: 'an-id', clientSecret: 'of-no-use-anywhere',
});
const oauth = new OAuth2Fetch({
  client, scheduleRefresh, getNewToken: () => client.clientCredentials(),
});
const response = await oauth.fetch(`${origin}/api`);
await response.text();
setTimeout(finish, seconds * 1000);
EOF
for case in '20 true 2' '30 true 60' '30 false 2'; do
  # shellcheck disable=SC2086 # three words
  node renewals.mjs $case 2>>log || { cat log >&2; exit 2; }
done | tee seen
grep -A 1 -m 1 TimeoutOverflowWarning log | sed 's/^(node:[0-9]*) //' || true
cat >expected <<'EOF'
20 days: 1 call, 1 token requests, 0 refresh tokens
30 days: 1 call, 50 token requests, 49 refresh tokens
30 days, scheduleRefresh false: 1 call, 1 token requests, 0 refresh tokens
EOF
cmp -s seen expected || {
  echo "this has changed" >&2
  exit 1
}
