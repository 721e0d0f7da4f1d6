#!/bin/sh
# MSAL for Node: many callers at once that need one application's token.
#
# Version: @azure/msal-node 7.2.3 and google-auth-library 10.9.1 from npm.
# A good guess: acquireTokenByClientCredential looks into the cache of the
# application object by itself, so 50 calls that begin together on one object
# cost one token request, as in google-auth-library and other clients.
# Seen: each of the 50 calls sends a token request of its own; the cache only
# serves calls that begin after one of them has ended. google-auth-library
# sends 1 for 50. (When a token ends under load, every call in flight asks.)
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
  @azure/msal-node@7.2.3 google-auth-library@10.9.1

cat >callers.js <<'EOF'
const http = require('http');
const { once } = require('events');
const msal = require('@azure/msal-node');
const { OAuth2Client } = require('google-auth-library');

const CALLERS = 50;
let requests = 0;

const answer = () => ({
  token_type: 'Bearer', expires_in: 3600, access_token: 'a-token',
});

// The library's own port for its requests, so that no network is needed.
const networkClient = {
  async sendGetRequestAsync() {
    throw new Error('not needed: the metadata is given');
  },
  async sendPostRequestAsync() {
    requests++;
    await new Promise((done) => setTimeout(done, 100));
    return { headers: {}, status: 200, body: answer() };
  },
};

const AUTHORITY = 'https://login.microsoftonline.com/'
  + '22222222-2222-2222-2222-222222222222';

function msalCaller() {
  const application = new msal.ConfidentialClientApplication({
    auth: {
      clientId: '11111111-1111-1111-1111-111111111111',
      clientSecret: 'of-no-use-anywhere',
      authority: AUTHORITY,
      authorityMetadata: JSON.stringify({
        authorization_endpoint: `${AUTHORITY}/oauth2/v2.0/authorize`,
        token_endpoint: `${AUTHORITY}/oauth2/v2.0/token`,
        issuer: `${AUTHORITY}/v2.0`,
        jwks_uri: `${AUTHORITY}/discovery/v2.0/keys`,
      }),
    },
    system: { networkClient },
  });
  return async () => (await application.acquireTokenByClientCredential({
    scopes: ['https://api.example/.default'],
  })).accessToken;
}

function googleCaller(origin) {
  const client = new OAuth2Client({
    clientId: 'an-id',
    clientSecret: 'of-no-use-anywhere',
    endpoints: { oauth2TokenUrl: `${origin}/token` },
  });
  client.setCredentials({ refresh_token: 'a-refresh-token' });
  return async () => (await client.getAccessToken()).token;
}

// Requests for 50 calls at once, and for one call after them.
async function count(call) {
  requests = 0;
  const tokens = await Promise.all(Array.from({ length: CALLERS }, call));
  if (tokens.some((token) => token !== 'a-token')) {
    throw new Error('a call got no token');
  }
  const together = requests;
  await call();
  return `${together} for ${CALLERS} at once, ${requests - together} later`;
}

async function main() {
  const server = http.createServer((request, response) => {
    requests++;
    request.resume();
    setTimeout(() => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(answer()));
    }, 100);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  console.log(`msal-node: ${await count(msalCaller())}`);
  console.log(`google-auth-library: ${await count(googleCaller(origin))}`);
  server.close();
  server.closeAllConnections();
}

main();
EOF
node callers.js | tee seen
cat >expected <<'EOF'
msal-node: 50 for 50 at once, 0 later
google-auth-library: 1 for 50 at once, 0 later
EOF
cmp -s seen expected || {
  echo "this has changed" >&2
  exit 1
}
