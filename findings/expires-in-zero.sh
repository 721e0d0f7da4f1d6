#!/bin/sh
# OAuth clients and a token that is over when it comes: "expires_in": 0.
#
# Version: @badgateway/oauth2-client 3.3.1 and simple-oauth2 5.1.0 from npm, and
# Authlib 1.2.0 of Debian 12 (python3-authlib 1.2.0-1+deb12u2).
# A good guess: 0 seconds are 0 seconds, as a number and as the text "0" that
# some servers send: the token is over, the client gets another. Only a missing
# expires_in means "unknown".
# Seen: simple-oauth2 does so. For Authlib and @badgateway/oauth2-client the
# number 0 is the same as no expires_in: such a token has no end, so it is never
# renewed. The text "0", and -5, end at once for both.
set -eu

for need in node npm python3 apt-get dpkg; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: nodejs, npm, python3, python3-cryptography)" >&2
    exit 2
  }
done
python=/usr/bin/python3 # the one that Debian's packages are for
"$python" -c 'import cryptography' || exit 2
echo "node $(node --version), $("$python" --version)"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts \
  @badgateway/oauth2-client@3.3.1 simple-oauth2@5.1.0
apt-get download -qq python3-authlib=1.2.0-1+deb12u2 2>errors ||
  { cat errors >&2; exit 2; }
dpkg-deb -x python3-authlib_*.deb root

cat >ask.mjs <<'EOF'
import http from "node:http";
import { OAuth2Client } from "@badgateway/oauth2-client";
import { ClientCredentials } from "simple-oauth2";

let answer;
const server = http.createServer((request, response) => {
  request.resume().on("end", () => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(answer));
  });
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const at = `http://127.0.0.1:${server.address().port}`;
const over = (yes) => (yes ? "over" : "not over");

for (const expires_in of [undefined, 0, "0", -5, 3600]) {
  answer = { access_token: "t", token_type: "bearer", expires_in };
  const name = JSON.stringify(expires_in) ?? "none";
  const first = new OAuth2Client({ server: at, tokenEndpoint: "/token",
    clientId: "id", clientSecret: "secret" });
  const { expiresAt } = await first.clientCredentials();
  console.log(`@badgateway/oauth2-client, ${name}:`,
    expiresAt === null ? "no end" : over(expiresAt <= Date.now()));
  const second = new ClientCredentials({ auth: { tokenHost: at },
    client: { id: "id", secret: "secret" } });
  const token = await second.getToken({});
  console.log(`simple-oauth2, ${name}:`, token.token.expires_at === undefined ||
    isNaN(token.token.expires_at) ? "no end" : over(token.expired()));
}
server.close();
EOF
cat >ask.py <<'EOF'
import json
from authlib.oauth2.rfc6749.wrappers import OAuth2Token

for lasts in [{}, 0, "0", -5, 3600]:
    fields = {"access_token": "t"}
    if lasts != {}:
        fields["expires_in"] = lasts
    token = OAuth2Token.from_dict(fields)
    end = {None: "no end", True: "over", False: "not over"}
    print("Authlib, %s: %s" % ("none" if lasts == {} else json.dumps(lasts),
                               end[token.is_expired()]))
EOF
{
  node ask.mjs
  PYTHONPATH=$dir/root/usr/lib/python3/dist-packages "$python" ask.py
} | sort >seen
sort >before <<'EOF'
@badgateway/oauth2-client, none: no end
@badgateway/oauth2-client, 0: no end
@badgateway/oauth2-client, "0": over
@badgateway/oauth2-client, -5: over
@badgateway/oauth2-client, 3600: not over
Authlib, none: no end
Authlib, 0: no end
Authlib, "0": over
Authlib, -5: over
Authlib, 3600: not over
simple-oauth2, none: no end
simple-oauth2, 0: over
simple-oauth2, "0": over
simple-oauth2, -5: over
simple-oauth2, 3600: not over
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
