--- requests: the console's list of requests and its figures, as a script.
--
-- Law of this file: what came with requests is put into the page as text,
-- never as HTML. The page holds a limited number of rows; what it does not
-- list is counted where it would stand. The counts are the emulator's.

return [=[
import { curl, lua } from "/_emulator/console/snippets.js";

const MOST_ROWS = 200, EVERY = 500, AGAIN = 2000; /* milliseconds */
const $ = (id) => document.getElementById(id);
const count = new Intl.NumberFormat("en");
const plural = (n, word) => `${count.format(n)} ${word}${n === 1 ? "" : "s"}`;

let state = null; /* the emulator's, as it was last seen */
let seen = 0; /* the number of the newest request seen */
let held = []; /* what is not listed while the list stands still */
let earlier = 0; /* how many were listed, or not, further down */
let openRow = null;

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let silence = null;

function say(text, bad = false) {
  setText($("said"), text);
  $("said").classList.toggle("bad", bad);
  clearTimeout(silence);
  silence = setTimeout(() => setText($("said"), ""), bad ? 15000 : 5000);
}

/* ---- the list ---------------------------------------------------------- */

function clock(seconds) {
  const date = new Date(seconds * 1000);
  const two = (n) => String(n).padStart(2, "0");
  return make("span", {}, `${two(date.getHours())}:${two(date.getMinutes())}:`
    + two(date.getSeconds()), make("small", {}, "."
    + String(date.getMilliseconds()).padStart(3, "0")));
}

const kindOf = (status) => status < 300 ? "ok" : status < 400 ? "moved"
  : status < 500 ? "client" : "server";

const notListed = (n, what) => `${plural(n, what)} not listed, but counted`;

function rowOf(entry) {
  const row = entry.unlisted ? make("tr", { class: "unlisted" },
    make("td", { colspan: 5 }, notListed(entry.unlisted, "request")))
    : requestRow(entry);
  row.entry = entry;
  return row;
}

function requestRow(entry) {
  const token = (entry.authorization || "").replace(/^bearer /i, "");
  return make("tr", { class: "request" },
    make("td", { class: "time" }, clock(entry.time)),
    make("td", {}, make("span", { class: "status " + kindOf(entry.status) },
      String(entry.status))),
    make("td", { class: "method" }, entry.method),
    make("th", { scope: "row", class: "path" }, make("button", {
      type: "button", tabindex: -1, "aria-expanded": "false",
    }, make("span", {}, entry.path + (entry.query
      ? "?" + entry.query.join("&") : "")))),
    make("td", { class: "end" },
      entry.fault && make("span", { class: "fault" }, entry.fault),
      entry.delay && make("span", { class: "delay" }, `+${entry.delay} s`),
      token && make("code", {}, token)));
}

function listEntries(entries) {
  const part = document.createDocumentFragment();
  const few = entries.length <= 8;
  for (const entry of entries) {
    const row = rowOf(entry);
    row.classList.toggle("fresh", few);
    part.prepend(row);
  }
  const rows = $("rows");
  rows.prepend(part);
  while (rows.rows.length > MOST_ROWS) {
    const last = rows.rows[rows.rows.length - 1];
    const kept = last.contains(document.activeElement);
    const gone = kept ? last.previousSibling : last;
    earlier += gone.entry.unlisted || 1;
    gone.remove();
  }
  $("none").hidden = rows.rows.length > 0;
  $("earlier").hidden = earlier === 0;
  setText($("earlier"), notListed(earlier, "earlier request"));
  if (!rows.querySelector('button[tabindex="0"]')) {
    rows.querySelector("th button")?.setAttribute("tabindex", "0");
  }
}

/* Entries beyond the limit become a number, where they would stand. */
function shorten(entries) {
  const over = entries.slice(0, -MOST_ROWS);
  const n = over.reduce((sum, entry) => sum + (entry.unlisted || 1), 0);
  return n ? [{ unlisted: n }, ...entries.slice(-MOST_ROWS)] : entries;
}

const standsStill = () => openRow
  || $("pause").getAttribute("aria-pressed") === "true";

function showHeld() {
  if (!standsStill() && held.length) {
    listEntries(held);
    held = [];
  }
  const n = held.reduce((sum, entry) => sum + (entry.unlisted || 1), 0);
  $("newer").hidden = n === 0;
  if (n) setText($("newer"), `Show ${plural(n, "newer request")}`);
}

function takeRequests(next) {
  const entries = Object.values(next.requests).filter((entry) =>
    entry.n > seen).sort((a, b) => a.n - b.n);
  const unlisted = next.last - seen - entries.length;
  held = shorten([...held, ...unlisted > 0 ? [{ unlisted }] : [], ...entries]);
  seen = next.last;
  showHeld();
}

/* ---- one request ------------------------------------------------------- */

async function copy(button, code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    say("Copied.");
  } catch {
    getSelection().selectAllChildren(code);
    say("This page may not copy; the text is selected.", true);
  }
}

function snippet(name, text) {
  const code = make("code", {}, text);
  const button = make("button", { type: "button",
    "aria-label": `Copy as ${name}` }, "Copy");
  button.addEventListener("click", () => copy(button, code));
  return make("figure", { class: "snippet" },
    make("figcaption", {}, name, button),
    make("pre", { tabindex: 0, "aria-label": name }, code));
}

function facts(entry) {
  const list = make("dl", { class: "facts" });
  const fact = (name, value) => value && list.append(make("div", {},
    make("dt", {}, name), make("dd", {}, value)));
  fact("route", entry.route);
  fact("sent with", entry.authorization || "no token");
  fact("connection", `${entry.connection}, HTTP/${entry.http_version}`);
  fact("body", entry.bytes > 0 && `${plural(entry.bytes, "byte")}`
    + (entry.content_type ? `, ${entry.content_type}` : ""));
  fact("fields", entry.fields && Object.entries(entry.fields).sort()
    .map(([name, value]) => `${name}: ${value}`).join("\n"));
  return list;
}

function close() {
  const button = openRow?.querySelector("button");
  openRow?.nextSibling?.remove();
  button?.setAttribute("aria-expanded", "false");
  openRow = null;
}

function toggle(row) {
  const again = row === openRow;
  close();
  if (!again) {
    const entry = row.entry;
    row.after(make("tr", { class: "detail" }, make("td", { colspan: 5 },
      facts(entry), snippet("curl", curl(entry, state.ca_file)),
      snippet("Lua", lua(entry, state.ca_file)))));
    row.querySelector("button").setAttribute("aria-expanded", "true");
    openRow = row;
  }
  showHeld();
}

function focusRow(button) {
  for (const other of $("rows").querySelectorAll('th [tabindex="0"]')) {
    other.setAttribute("tabindex", "-1");
  }
  button.setAttribute("tabindex", "0");
}

$("rows").addEventListener("click", (event) => {
  const row = event.target.closest("tr.request");
  if (!row) return;
  focusRow(row.querySelector("th button"));
  toggle(row);
});

$("rows").addEventListener("keydown", (event) => {
  const buttons = [...$("rows").querySelectorAll("th button")];
  const at = buttons.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0,
    End: buttons.length - 1 }[event.key];
  if (event.key === "Escape" && openRow) {
    openRow.querySelector("button").focus();
    toggle(openRow);
  } else if (at >= 0 && buttons[to]) {
    event.preventDefault();
    focusRow(buttons[to]);
    buttons[to].focus();
  }
});

$("newer").addEventListener("click", () => {
  if ($("pause").getAttribute("aria-pressed") === "true") pause();
  close();
  showHeld();
  $("scroll").scrollTop = 0;
  $("rows").querySelector("th button")?.focus();
});

function pause() {
  const button = $("pause");
  const paused = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(paused));
  showHeld();
  showLive(true);
}
$("pause").addEventListener("click", pause);

/* ---- figures ----------------------------------------------------------- */

const samples = []; /* [time, number of requests] */

function showFigures(next) {
  samples.push([next.now, next.last]);
  if (samples.length > 61) samples.shift();
  const rates = samples.slice(1).map(([time, n], i) =>
    (n - samples[i][1]) / Math.max(0.001, time - samples[i][0]));
  const [time, n] = samples[Math.max(0, samples.length - 5)];
  const rate = next.now > time ? (next.last - n) / (next.now - time) : 0;
  setText($("total"), count.format(next.last));
  setText($("rate"), count.format(rate < 10 ? Math.round(rate * 10) / 10
    : Math.round(rate)));
  for (const [name, value] of Object.entries(next.totals)) {
    setText($("total-" + name), count.format(value));
    $("total-" + name).parentNode.classList.toggle("zero", value === 0);
  }
  const most = Math.max(1, ...rates);
  $("graph").firstElementChild.setAttribute("d", rates.map((rate, i) => {
    const height = rate && Math.max(1.5, rate / most * 34);
    return `M${180 - (rates.length - i) * 3},36h2v${-height.toFixed(1)}h-2z`;
  }).join(""));
}

function showLive(reached) {
  const paused = $("pause").getAttribute("aria-pressed") === "true";
  if (!reached && $("live").dataset.state !== "lost") {
    say("The emulator can't be reached; the console tries again.", true);
  }
  $("live").dataset.state = !reached ? "lost" : paused ? "paused" : "live";
  setText($("live"), !reached ? "Not reachable" : paused ? "Paused" : "Live");
}

/* ---- asking ------------------------------------------------------------ */

const watchers = []; /* of other files */
export const onState = (watcher) => watchers.push(watcher);

function forget() {
  close();
  $("rows").replaceChildren();
  earlier = 0;
  listEntries([]);
  seen = 0;
  held = [];
  samples.length = 0;
}

/* Returns how long to wait with the next question. */
function take(next) {
  const anew = state && (next.reset !== state.reset || next.last < seen);
  if (anew) forget(); /* what came since then was not asked for */
  else takeRequests(next);
  state = next;
  showFigures(next);
  for (const watcher of watchers) watcher(next);
  return anew ? 0 : EVERY;
}

let timer = null, asking = false;

export async function ask() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  let pause;
  try {
    const response = await fetch("/_emulator/console/state?after=" + seen,
      { signal: AbortSignal.timeout(10000) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    pause = take(await response.json());
    showLive(true);
  } catch (error) {
    if (!(error instanceof TypeError)) console.warn(error);
    showLive(false);
    pause = AGAIN;
  }
  asking = false;
  if (!document.hidden) timer = setTimeout(ask, pause);
}

/* Posts JSON; what went wrong, or nothing. */
export async function post(path, value) {
  try {
    const response = await fetch("/_emulator/" + path, {
      method: "POST", body: JSON.stringify(value),
      headers: { "Content-Type": "application/json" },
    });
    const answer = await response.json();
    ask();
    return response.ok ? null : answer.error;
  } catch {
    return "The emulator can't be reached.";
  }
}

export { $, make, plural, say, setText };

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) ask();
});
$("reset").addEventListener("click", async () => {
  const wrong = await post("reset", {});
  say(wrong || "Knobs, tokens, log and lock-outs are as at the start.",
    wrong !== null);
});
setText($("address"), location.origin);
setText($("endpoint"), location.origin);
]=]
