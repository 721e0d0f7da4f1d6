#!/bin/sh
# OAuth clients on npm, HTTP Basic, and a client id with a hyphen or a dot.
#
# Version: oauth4webapi 3.8.8 (the core of openid-client 6),
# @badgateway/oauth2-client 3.3.1, simple-oauth2 5.1.0, client-oauth2 4.3.3.
# A good guess: RFC 6749 (2.3.1) form-encodes id and secret before Basic. For
# letters, digits, "-", "." and "_" that changes nothing: form encoding leaves
# them alone. So all clients send the same header for them, and the clients
# differ, if at all, in a secret with "+" or a space.
# Seen: two clients send "my-app_1.x" as "my%2Dapp%5F1%2Ex". A server that
# compares without decoding then does not know the id, while with the
# other two the same id works. A secret of "a+b c" is sent in two ways, and by
# @badgateway/oauth2-client in either, by whether it is told the method.
set -eu

for need in node npm; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install nodejs npm)" >&2
    exit 2
  }
done
echo "node $(node --version)"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts oauth4webapi@3.8.8 \
  @badgateway/oauth2-client@3.3.1 simple-oauth2@5.1.0 client-oauth2@4.3.3

cat >ask.mjs <<'EOF'
import http from "node:http";
import * as oauth4webapi from "oauth4webapi";
import { OAuth2Client } from "@badgateway/oauth2-client";
import { ClientCredentials } from "simple-oauth2";
import ClientOAuth2 from "client-oauth2";

let header;
const server = http.createServer((request, response) => {
  header = request.headers.authorization ?? "";
  request.resume().on("end", () => {
    response.setHeader("Content-Type", "application/json");
    response.end('{"access_token":"t","token_type":"bearer","expires_in":60}');
  });
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const at = `http://127.0.0.1:${server.address().port}`;
const id = "my-app_1.x";
const secret = "a+b c";

const badgateway = (authenticationMethod) => () =>
  new OAuth2Client({ server: at, tokenEndpoint: "/token", clientId: id,
    clientSecret: secret, authenticationMethod }).clientCredentials();
const clients = {
  "oauth4webapi": () => oauth4webapi.clientCredentialsGrantRequest(
    { issuer: at, token_endpoint: `${at}/token` }, { client_id: id },
    oauth4webapi.ClientSecretBasic(secret), {},
    { [oauth4webapi.allowInsecureRequests]: true }),
  "@badgateway/oauth2-client, as client_secret_basic":
    badgateway("client_secret_basic"),
  "@badgateway/oauth2-client, by itself": badgateway(),
  "simple-oauth2": () => new ClientCredentials({ client: { id, secret },
    auth: { tokenHost: at } }).getToken({}),
  "client-oauth2": () => new ClientOAuth2({ clientId: id,
    clientSecret: secret, accessTokenUri: `${at}/token` })
    .credentials.getToken(),
};
for (const [name, ask] of Object.entries(clients)) {
  await ask();
  const sent = Buffer.from(header.split(" ")[1], "base64").toString();
  console.log(`${name}: ${sent}`);
}
server.close();
EOF
node ask.mjs >seen
cat >before <<'EOF'
oauth4webapi: my%2Dapp%5F1%2Ex:a%2Bb+c
@badgateway/oauth2-client, as client_secret_basic: my%2Dapp%5F1%2Ex:a%2Bb+c
@badgateway/oauth2-client, by itself: my-app_1.x:a+b c
simple-oauth2: my-app_1.x:a%2Bb+c
client-oauth2: my-app_1.x:a+b c
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
