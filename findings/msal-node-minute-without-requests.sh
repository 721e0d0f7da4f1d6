#!/bin/sh
# MSAL for Node: one 503 of the token endpoint, and the next call.
#
# Version: @azure/msal-node 7.2.3 from npm.
# A good guess: a 503 is the failure of one call; the next call asks again,
# unless Retry-After says when: "5", or a time 5 s ahead, is 5 s, "0" is at
# once (RFC 9110, 10.2.3). An application that tries again each second has its
# token a second after the server is well.
# Seen: after one 503 (or 500, or 429) the application object sends no request
# for these scopes for a minute; each call gets an error with an empty code, in
# which neither 503 nor "temporarily_unavailable" is left. "5" is 5 s, but "0"
# is 60 s, and so is a time, such as the one 5 s ahead. After a 401 it does ask
# again at once, so a wrong secret is what isn't slowed down.
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
  @azure/msal-node@7.2.3

cat >outage.js <<'EOF'
const msal = require('@azure/msal-node');

const AUTHORITY = 'https://login.microsoftonline.com/'
  + '22222222-2222-2222-2222-222222222222';
const START = Date.now();

// The library's own port for its requests, so that no network is needed. The
// first answer is the one given, all others are tokens.
function network(answer) {
  const port = {
    requests: 0,
    async sendGetRequestAsync() {
      throw new Error('not needed: the metadata is given');
    },
    async sendPostRequestAsync() {
      port.requests++;
      return port.requests === 1 ? answer : {
        headers: {}, status: 200, body: {
          token_type: 'Bearer', expires_in: 3600, access_token: 'a-token',
        },
      };
    },
  };
  return port;
}

function application(networkClient) {
  return new msal.ConfidentialClientApplication({
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
}

// A call each second (the clock is moved on instead of waiting, and stands
// half a second after the full one) until there is a token: how long it took,
// and the codes of the errors until then.
async function outage(status, error, headers) {
  const port = network({
    status, headers, body: { error, error_description: 'of the server' },
  });
  const app = application(port);
  const codes = new Set();
  for (let second = 0; second < 4000; second++) {
    Date.now = () => START + second * 1000 + (second && 500);
    try {
      await app.acquireTokenByClientCredential({
        scopes: ['https://api.example/.default'],
      });
      return `${second} s, ${port.requests} requests, `
        + JSON.stringify([...codes]);
    } catch (failure) {
      codes.add(failure.errorCode);
    }
  }
  return 'no token';
}

async function main() {
  const unavailable = 'temporarily_unavailable';
  const ahead = new Date(START + 5000).toUTCString();
  const show = async (name, ...answer) => {
    console.log(`${name}: ${await outage(...answer)}`);
  };
  await show('503', 503, unavailable, {});
  await show('503, "5"', 503, unavailable, { 'retry-after': '5' });
  await show('503, "0"', 503, unavailable, { 'retry-after': '0' });
  await show('503, a time 5 s ahead', 503, unavailable,
    { 'retry-after': ahead });
  await show('500', 500, 'server_error', {});
  await show('429', 429, 'slow_down', {});
  await show('401', 401, 'invalid_client', {});
}

main();
EOF
node outage.js | tee seen
cat >expected <<'EOF'
503: 60 s, 2 requests, ["temporarily_unavailable",""]
503, "5": 5 s, 2 requests, ["temporarily_unavailable",""]
503, "0": 60 s, 2 requests, ["temporarily_unavailable",""]
503, a time 5 s ahead: 60 s, 2 requests, ["temporarily_unavailable",""]
500: 60 s, 2 requests, ["server_error",""]
429: 60 s, 2 requests, ["slow_down",""]
401: 1 s, 2 requests, ["invalid_client"]
EOF
cmp -s seen expected || {
  echo "this has changed" >&2
  exit 1
}
