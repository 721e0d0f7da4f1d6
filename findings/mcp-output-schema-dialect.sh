#!/bin/sh
# The MCP SDK for TypeScript and the dialect of a tool's schemas.
#
# Version: @modelcontextprotocol/sdk 1.32.2 from npm, on Node.js.
# A good guess: MCP's schemas are JSON Schema 2020-12 unless "$schema" says
# otherwise. So a client of the SDK takes what is valid by 2020-12, all the more
# when "$schema" names it, and one tool can't take the others along.
# Seen: "$schema" is not looked at; structured content is judged by draft 07.
# There "prefixItems" is unknown, so with "items": false a valid pair is
# refused as if no item were allowed. And a schema of a property that is `true`
# (valid since draft 06) makes the client refuse the whole list of tools.
# What both dialects share works: in 07's words, or without "items": false.
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
npm install --silent --no-audit --no-fund --ignore-scripts \
  @modelcontextprotocol/sdk@1.32.2

cat >ask.mjs <<'EOF'
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";

const object = (properties) => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties,
});
const answers = {
  initialize: (params) => ({
    protocolVersion: params.protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "server", version: "1" },
  }),
};

// What a client makes of a list of tools and of a call of the last one.
async function ask(name, tools, structuredContent) {
  const [near, far] = InMemoryTransport.createLinkedPair();
  answers["tools/list"] = () => ({ tools });
  answers["tools/call"] = () => ({ content: [], structuredContent });
  far.onmessage = ({ id, method, params }) => {
    if (id !== undefined) {
      far.send({ jsonrpc: "2.0", id, result: answers[method](params) });
    }
  };
  await far.start();
  const client = new Client({ name: "client", version: "1" });
  await client.connect(near);
  let seen;
  try {
    seen = `${(await client.listTools()).tools.length} listed`;
    await client.callTool({ name: tools.at(-1).name, arguments: {} });
    seen += ", content taken";
  } catch (error) {
    seen = seen ? `${seen}, content refused` : "list refused";
  }
  console.log(`${name}: ${seen}`);
  await client.close();
}

const plain = { name: "plain", inputSchema: { type: "object" } };
const gives = (port) => ({
  name: "pair",
  inputSchema: { type: "object" },
  outputSchema: object({ port }),
});
const items = [{ type: "string" }, { type: "integer" }];
const pair = { port: ["vlan", 7] };

await ask("prefixItems", [plain, gives({ type: "array", prefixItems: items })],
  pair);
await ask("prefixItems, items false",
  [plain, gives({ type: "array", prefixItems: items, items: false })], pair);
await ask("property true",
  [plain, { name: "any", inputSchema: object({ port: true }) }]);
await ask("property {}",
  [plain, { name: "any", inputSchema: object({ port: {} }) }]);
EOF
node ask.mjs >seen
cat >before <<'EOF'
prefixItems: 2 listed, content taken
prefixItems, items false: 2 listed, content refused
property true: list refused
property {}: 2 listed, content taken
EOF
if diff before seen; then
  sed 's/^/as before: /' seen
else
  echo "CHANGED (<: before, >: now)"
  exit 1
fi
