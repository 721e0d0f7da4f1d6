/*
 * browser: a browser that runs what spec/support/browser.lua sends it.
 *
 *   node browser.mjs FOLDER OPTIONS
 *
 * FOLDER has node_modules (tools/npm.sh). OPTIONS is JSON: executable, secret,
 * ready_file, args (more options of Chromium), and context, what Playwright's
 * newContext takes. It listens on loopback, writes its port to the ready file,
 * and ends when its standard input does. The body of a request is that of an
 * async function of `page`, `context`, `state` (kept from one request to the
 * next; state.errors are the errors of pages, refusals of a
 * Content-Security-Policy included) and `args`.
 */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { renameSync, writeFileSync } from "node:fs";

const [folder, text] = process.argv.slice(2);
const options = JSON.parse(text);
const { chromium } = createRequire(folder + "/")("playwright-core");
const AsyncFunction = (async () => {}).constructor;

// It asks no other host for anything.
const browser = await chromium.launch({
  executablePath: options.executable,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", ...options.args || []],
});
const context = await browser.newContext(options.context);
context.setDefaultTimeout(60000);
const page = await context.newPage();
const state = { errors: [] };
page.on("pageerror", (error) => state.errors.push(String(error)));
page.on("console", (line) => {
  if (line.type() === "error") state.errors.push(line.text());
});

async function run(text) {
  const { code, args } = JSON.parse(text);
  const f = new AsyncFunction("page", "context", "state", "args", code);
  try {
    return { value: await f(page, context, state, args) ?? null };
  } catch (error) {
    return { error: String(error.stack || error) };
  }
}

const server = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  const known = request.headers["x-secret"] === options.secret;
  response.statusCode = known ? 200 : 403;
  response.end(known ? JSON.stringify(await run(body)) : "");
});
server.listen(0, "127.0.0.1", () => {
  writeFileSync(options.ready_file + ".new", String(server.address().port));
  renameSync(options.ready_file + ".new", options.ready_file);
});

process.stdin.resume();
process.stdin.on("end", async () => {
  await browser.close();
  process.exit(0);
});
