// judge: what node makes of a text.
//
// Frames on standard input: a length (4 bytes, as the machine has them), then
// so many bytes; two frames are a question: what, and the text. One frame on
// standard output is the verdict.

import { readSync, writeSync } from "node:fs";

const frame = new Uint8Array(4);
const length = new DataView(frame.buffer);
const bytesOf = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function read(n) {
  const bytes = new Uint8Array(n);
  for (let at = 0; at < n;) {
    const got = readSync(0, bytes, at, n - at);
    if (got === 0) process.exit(0);
    at += got;
  }
  return bytes;
}

function next() {
  frame.set(read(4));
  return read(length.getUint32(0, true));
}

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

// A text in which every difference of two values is seen, as shown() of
// values.lua makes it. An empty object and an empty array are the same.
function shown(value) {
  if (value === null) return "null";
  if (typeof value === "string") return "s" + hex(bytesOf.encode(value));
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setFloat64(0, value === 0 ? 0 : value);
    return "n" + hex(new Uint8Array(bytes.buffer));
  }
  const parts = Array.isArray(value)
    ? value.map((item, i) => `${i + 1}=${shown(item)}`)
    : Object.entries(value).map(([k, v]) => `${shown(k)}=${shown(v)}`);
  return "{" + parts.sort().join(",") + "}";
}

const judges = {
  json(bytes) {
    return shown(JSON.parse(strict.decode(bytes)));
  },
  url(bytes) {
    const url = new URL(strict.decode(bytes));
    const port = url.port || { "http:": 80, "https:": 443 }[url.protocol];
    return `${url.protocol}//${url.hostname}:${port}`;
  },
  join(bytes) {
    const [base, reference] = strict.decode(bytes).split("\n");
    const url = new URL(reference, base);
    url.hash = "";
    return url.href;
  },
};

for (;;) {
  const what = strict.decode(next());
  const bytes = next();
  let verdict;
  try {
    verdict = judges[what](bytes);
  } catch {
    verdict = "refused";
  }
  const reply = bytesOf.encode(verdict);
  length.setUint32(0, reply.length, true);
  writeSync(1, Buffer.concat([frame, reply]));
}
