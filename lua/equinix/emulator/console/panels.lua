--- panels: the console's faults, tokens, accounts and knobs, as a script.
--
-- Law of this file: a control shows what the emulator has, but for the one
-- that is being changed; and a change is sent at once, as one request to
-- /_emulator/config. Nothing else is changed by it.

return [=[
import { $, ask, make, onState, plural, post, say, setText }
  from "/_emulator/console/requests.js";

const count = new Intl.NumberFormat("en");

/* ---- faults ------------------------------------------------------------ */

/* What each fault knob is when it is off, and how a fault that is on reads. */
const FAULTS = {
  status: { off: 0, says: (v) => `token requests answer ${v}` },
  api_status: { off: 0, says: (v) => `calls answer ${v}` },
  redirect: { off: "", says: (v) => `redirects to ${v}` },
  html: { off: false, says: () => "bodies are HTML pages" },
  non_json: { off: false, says: () => "bodies are not JSON" },
  cut: { off: false, says: () => "connections end in the body" },
  slow: { off: 0, says: (v) => `bodies take ${v} s` },
};

/* What a fault is about: label, first value, attributes of the input. */
const STATUS = { label: "Status", value: "503", type: "number", min: "200",
  max: "599", step: "1" };
const AMOUNTS = {
  status: STATUS,
  api_status: STATUS,
  slow: { label: "Seconds", value: "3", type: "number", min: "0.1",
    max: "3600", step: "any" },
  redirect: { label: "Location", value: "https://example.com/", type: "text",
    min: null, max: null, step: null },
};

function showAmount() {
  const { label, value, ...attributes } = AMOUNTS[$("what").value] || {};
  $("amount-box").hidden = !label;
  $("amount").disabled = !label;
  $("after-box").hidden = !/status$/.test($("what").value);
  if (!label) return;
  setText($("amount-label"), label);
  for (const [name, text] of Object.entries(attributes)) {
    if (text === null) $("amount").removeAttribute(name);
    else $("amount").setAttribute(name, text);
  }
  $("amount").value = value;
}
$("what").addEventListener("change", showAmount);

/* All faults off: null is the value at the start, which may be one that is
   on. */
function nothingOn(start) {
  const off = { scope: null, retry_after: null };
  for (const [name, fault] of Object.entries(FAULTS)) {
    off[name] = name in start ? fault.off : null;
  }
  return off;
}

let start = {};

$("fault").addEventListener("submit", async (event) => {
  event.preventDefault();
  const what = $("what").value;
  const amount = $("amount").value;
  const change = { ...nothingOn(start), scope: $("where").value.trim() };
  change[what] = !AMOUNTS[what] ? true
    : what === "redirect" ? amount : Number(amount);
  if (/status$/.test(what)) change.retry_after = $("after").value.trim();
  const times = Number($("for").value);
  if (times > 0) change.times = times;
  const wrong = await post("config", change);
  say(wrong || (times > 0 ? `On for the next ${plural(times, "request")}.`
    : "On until it is switched off."), wrong !== null);
});

$("fault-off").addEventListener("click", async () => {
  const wrong = await post("config", nothingOn(start));
  if (wrong) say(wrong, true);
  $("fault-on").focus(); /* the other button is of no use now */
});

let wasOn = false;

function showFaults({ knobs, left }) {
  const on = Object.keys(FAULTS).filter((name) =>
    knobs[name] !== FAULTS[name].off);
  const most = Math.max(0, ...on.map((name) => left[name] || 0));
  setText($("fault-state"), !on.length ? "off"
    : most ? `on, ${count.format(most)} left` : "on");
  $("fault-state").dataset.on = on.length > 0;
  $("fault-now").hidden = !on.length;
  if (on.length) {
    setText($("fault-now"), on.map((name) => FAULTS[name].says(knobs[name]))
      .join(", ") + (knobs.scope && `, below ${knobs.scope}`)
      + (most ? `: ${plural(most, "more request")}` : ""));
  } else if (wasOn) {
    say("The fault is over.");
  }
  wasOn = on.length > 0;
  $("fault-off").disabled = !wasOn;
}

/* ---- tokens ------------------------------------------------------------ */

function duration(seconds) {
  const s = Math.ceil(seconds), two = (n) => String(n).padStart(2, "0");
  if (s >= 172800) return `${Math.floor(s / 86400)} days`;
  return (s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}`
    : Math.floor(s / 60)) + ":" + two(s % 60);
}

/* One line with a bar: what it is, what is said at its end. */
function bar(name, about, value, max, end, look) {
  return { name, about, value, max, end, look };
}

function makeBar() {
  return make("li", {}, make("code", {}), make("span", { class: "about" }),
    make("span", { class: "left" }), make("progress", {}));
}

/* The lines are kept, so that a reader keeps its place in them. */
function showBars(list, bars) {
  while (list.children.length > bars.length) list.lastChild.remove();
  while (list.children.length < bars.length) list.append(makeBar());
  bars.forEach((one, i) => {
    const [name, about, left, progress] = list.children[i].children;
    list.children[i].dataset.look = one.look;
    setText(name, one.name);
    setText(about, one.about);
    setText(left, one.end);
    progress.max = one.max;
    progress.value = one.value;
    progress.setAttribute("aria-label", `${one.name} ${one.about}`);
  });
}

function showTokens({ tokens, now }) {
  const bars = Object.values(tokens).map((token) => {
    const left = Math.max(0, token.issued + token.seconds - now);
    const valid = token.state === "valid";
    const share = valid ? left / token.seconds : 0;
    return bar(token.token, `${token.kind}, ${plural(token.uses, "use")}`,
      share, 1, valid ? `${duration(left)} left` : token.state,
      !valid ? "over" : share < 0.2 ? "near" : "well");
  });
  showBars($("tokens"), bars);
  $("no-tokens").hidden = bars.length > 0;
}

$("revoke").addEventListener("click", async () => {
  const wrong = await post("config", { revoke_all: true });
  say(wrong || "All tokens are revoked.", wrong !== null);
});

/* ---- accounts ---------------------------------------------------------- */

function showAccounts({ accounts, knobs }) {
  const most = knobs.lock_after;
  showBars($("accounts"), Object.values(accounts).map((account) => bar(
    account.name, (account.known ? "" : "unknown ") + account.kind,
    Math.min(account.wrong, most || account.wrong), most || 1,
    account.locked ? "locked" : !account.wrong ? "no wrong attempt"
      : most ? `${account.wrong} of ${most} wrong attempts`
        : plural(account.wrong, "wrong attempt"),
    account.locked ? "locked" : account.wrong ? "near" : "well")));
}

/* ---- knobs ------------------------------------------------------------- */

const controls = [...document.querySelectorAll(".knob :is(input, select)")];
const nameOf = (control) => control.id.replace("knob-", "");

/* What it was changed to, and was not sent: the emulator refused it. */
const refused = new Set();

function valueOf(control) {
  return control.type === "checkbox" ? control.checked
    : control.type === "number" ? control.valueAsNumber : control.value;
}

function defaultOf(control) {
  return control.type === "checkbox" ? false
    : control.type === "number" ? Number(control.defaultValue)
      : control.defaultValue ?? control.options[0].value;
}

function complain(control, message) {
  control.closest(".knob").querySelector(".wrong")?.remove();
  control.setAttribute("aria-invalid", String(message !== null));
  if (message === null) {
    refused.delete(control);
    return;
  }
  refused.add(control);
  control.closest(".knob").append(make("p", { class: "wrong" }, message));
  say(message, true);
}

async function change(control) {
  const name = nameOf(control);
  if (!control.validity.valid) {
    complain(control, `${name}: ${control.validationMessage}`);
    return;
  }
  const value = valueOf(control);
  const wrong = await post("config", { [name]: value });
  complain(control, wrong);
  if (!wrong) say(`${name} is ${value === "" ? "none" : value}.`);
}

function showKnob(control, next) {
  const name = nameOf(control), value = next.knobs[name];
  const knob = control.closest(".knob");
  if (control !== document.activeElement && !refused.has(control)) {
    if (control.type === "checkbox") control.checked = value;
    else if (control.value !== String(value)) control.value = value;
  }
  const changed = value !== (next.start[name] ?? defaultOf(control));
  knob.classList.toggle("changed", changed);
  const back = knob.querySelector(".back");
  if (!changed && back === document.activeElement) control.focus();
  back.hidden = !changed;
  const left = knob.querySelector(".left");
  left.hidden = !next.left[name];
  if (next.left[name]) setText(left, `${count.format(next.left[name])} left`);
  return changed;
}

function showKnobs(next) {
  for (const group of document.querySelectorAll(".knobs details")) {
    const n = controls.filter((control) => group.contains(control)
      && showKnob(control, next)).length;
    group.querySelector(".count").hidden = n === 0;
    setText(group.querySelector(".count"), `${n} changed`);
  }
}

async function setBack(control) {
  const wrong = await post("config", { [nameOf(control)]: null });
  complain(control, wrong);
  if (!wrong) say(`${nameOf(control)} is as at the start.`);
}

for (const control of controls) {
  const back = make("button", { type: "button", class: "back", hidden: true,
    "aria-label": `Set ${nameOf(control)} back`, title: "As at the start",
  }, "\u21ba");
  control.before(make("span", { class: "left", hidden: true }), back);
  control.addEventListener("change", () => change(control));
  back.addEventListener("click", () => setBack(control));
}

onState((next) => {
  start = next.start;
  showFaults(next);
  showTokens(next);
  showAccounts(next);
  showKnobs(next);
});
showAmount();
ask();
]=]
