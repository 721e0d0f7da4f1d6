#!/bin/sh
# openid-client and oauth4webapi: a refused secret, and the header that must
# come with it.
#
# Version: openid-client 6.9.0 and oauth4webapi 3.8.8 (its core), from npm.
# A good guess: a 401 with {"error": "invalid_client"} gives an error whose
# `error` is "invalid_client". A caller that stops at that code, and repeats on
# other failures, sends a wrong secret once. That WWW-Authenticate comes too,
# as RFC 6749 (5.2) demands after HTTP Basic, adds something at best.
# Seen: with that header the body isn't read. The error is of another class
# (WWWAuthenticateChallengeError), and its `error` and `error_description` are
# undefined, so such a caller takes it for an outage and sends the wrong secret
# again and again, just where the server keeps to the RFC. The code can still
# be had from the answer, which the error carries unread.
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
  openid-client@6.9.0 oauth4webapi@3.8.8

cat >refused.mjs <<'EOF'
import http from 'node:http';
import { once } from 'node:events';
import * as openid from 'openid-client';
import * as oauth from 'oauth4webapi';

const ATTEMPTS = 5;
let challenge, requests = 0;

const server = http.createServer((request, response) => {
  requests++;
  request.resume();
  response.statusCode = 401;
  response.setHeader('Content-Type', 'application/json');
  if (challenge) response.setHeader('WWW-Authenticate', 'Basic realm="x"');
  response.end(JSON.stringify({
    error: 'invalid_client', error_description: 'the secret is wrong',
  }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const metadata = { issuer, token_endpoint: `${issuer}/token` };

const configuration = new openid.Configuration(metadata, 'an-id', undefined,
  openid.ClientSecretBasic('of-no-use-anywhere'));
openid.allowInsecureRequests(configuration);

const clients = {
  'openid-client': () => openid.clientCredentialsGrant(configuration),
  oauth4webapi: async () => oauth.processClientCredentialsResponse(
    metadata, { client_id: 'an-id' },
    await oauth.clientCredentialsGrantRequest(metadata, { client_id: 'an-id' },
      oauth.ClientSecretBasic('of-no-use-anywhere'), {},
      { [oauth.allowInsecureRequests]: true }),
  ),
};

// Tries again until the server says that the secret is wrong.
async function attempts(ask) {
  requests = 0;
  let failure;
  do {
    failure = await ask().catch((error) => error);
  } while (failure.error !== 'invalid_client' && requests < ATTEMPTS);
  return failure;
}

for (const [name, ask] of Object.entries(clients)) {
  for (challenge of [false, true]) {
    const failure = await attempts(ask);
    console.log(`${name}: ${failure.name}, ${failure.error}, `
      + `sent ${requests} times`);
    if (challenge) {
      console.log(`  unread: ${(await failure.response.json()).error}`);
    }
  }
}
server.close();
server.closeAllConnections();
EOF
node refused.mjs | tee seen
cat >expected <<'EOF'
openid-client: ResponseBodyError, invalid_client, sent 1 times
openid-client: WWWAuthenticateChallengeError, undefined, sent 5 times
  unread: invalid_client
oauth4webapi: ResponseBodyError, invalid_client, sent 1 times
oauth4webapi: WWWAuthenticateChallengeError, undefined, sent 5 times
  unread: invalid_client
EOF
cmp -s seen expected || {
  echo "this has changed" >&2
  exit 1
}
