/*
 * mcp_client: one session of a real MCP client with a server, for the specs;
 * what the client saw is printed as JSON.
 *
 *   node mcp_client.mjs FOLDER PLAN
 *
 * FOLDER has node_modules (tools/npm.sh). PLAN is JSON: kind ("sdk", or
 * "dated_2025" and "dated_2026" of the newer client), url or command, headers,
 * and calls: [name, arguments] to be made one after the other.
 */
import { createRequire } from "node:module";

const [folder, text] = process.argv.slice(2);
const plan = JSON.parse(text);
const load = createRequire(folder + "/");

const sdk = "@modelcontextprotocol/sdk/client/";
const newer = "@modelcontextprotocol/client";
const { Client } = load(plan.kind === "sdk" ? sdk + "index.js" : newer);

function transport() {
  if (plan.url) {
    const { StreamableHTTPClientTransport } = load(
      plan.kind === "sdk" ? sdk + "streamableHttp.js" : newer);
    return new StreamableHTTPClientTransport(new URL(plan.url), {
      requestInit: { headers: plan.headers || {} },
    });
  }
  const { StdioClientTransport } = load(
    plan.kind === "sdk" ? sdk + "stdio.js" : newer + "/stdio");
  const [command, ...args] = plan.command;
  return new StdioClientTransport({ command, args, env: process.env });
}

const options = { capabilities: {} };
if (plan.kind === "dated_2026") {
  options.versionNegotiation = { mode: { pin: "2026-07-28" } };
}
const client = new Client({ name: "spec", version: "1" }, options);

const seen = { calls: [] };
try {
  await client.connect(transport());
  seen.version = client.getNegotiatedProtocolVersion?.();
  seen.server = client.getServerVersion();
  seen.instructions = client.getInstructions();
  seen.tools = (await client.listTools()).tools;
  if (plan.kind !== "dated_2026") {
    seen.ping = await client.ping();
  }
  for (const [name, given] of plan.calls || []) {
    // "$name" stands for that member of the first result.
    const first = seen.calls[0]?.structuredContent || {};
    for (const key in given) {
      const word = given[key];
      if (typeof word === "string" && word.startsWith("$")) {
        given[key] = first[word.slice(1)];
      }
    }
    try {
      seen.calls.push(await client.callTool({ name, arguments: given }));
    } catch (error) {
      seen.calls.push({ code: error.code, message: error.message });
    }
  }
} catch (error) {
  seen.error = `${error.code ?? error.name}: ${error.message}`;
}
await client.close();
console.log(JSON.stringify(seen));
process.exit(0);
