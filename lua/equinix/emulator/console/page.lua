--- page: the console's HTML.
--
-- Law of this file: every knob has a control with its help, made from the list
-- of knobs; all that changes is filled in by scripts. Without
-- scripts the page says so.

local fill = require("equinix.base.template").fill
local knobs = require "equinix.emulator.knobs"

local PAGE = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Emulator console</title>
<link rel="icon" href="/_emulator/console/icon.svg">
<link rel="stylesheet" href="/_emulator/console/style.css">
<script type="module" src="/_emulator/console/panels.js"></script>
</head>
<body>
<a class="skip" href="#requests">Skip to the requests</a>
<header>
  <div class="brand">
    <img src="/_emulator/console/icon.svg" alt="" width="32" height="32">
    <div>
      <h1>Emulator console</h1>
      <p id="address"></p>
    </div>
  </div>
  <dl class="figures">
    <div class="main"><dt>requests</dt><dd id="total">0</dd></div>
    <div class="main"><dt>a second</dt><dd id="rate">0</dd></div>
    <div class="graph" aria-hidden="true"><svg id="graph" width="180"
      height="36" viewBox="0 0 180 36" preserveAspectRatio="none"><path
      d=""></path></svg></div>
    <div class="ok"><dt>2xx</dt><dd id="total-2xx">0</dd></div>
    <div><dt>3xx</dt><dd id="total-3xx">0</dd></div>
    <div class="client"><dt>4xx</dt><dd id="total-4xx">0</dd></div>
    <div class="server"><dt>5xx</dt><dd id="total-5xx">0</dd></div>
    <div class="fault"><dt>faults</dt><dd id="total-faults">0</dd></div>
  </dl>
  <div class="actions">
    <p id="live" class="live" data-state="waiting">Connecting</p>
    <button type="button" id="pause" aria-pressed="false">Pause</button>
    <button type="button" id="reset"
      title="Knobs, tokens, log and lock-outs, as at the start">Reset</button>
  </div>
</header>
<p id="said" role="status" aria-live="polite"></p>
<noscript><p class="empty">The console needs JavaScript. Without it:
<a href="/_emulator/log">the log</a>,
<a href="/_emulator/config">the knobs</a>.</p></noscript>
<main>
<section id="requests" class="card requests" aria-labelledby="h-requests"
  tabindex="-1">
  <div class="title">
    <h2 id="h-requests">Requests</h2>
    <button type="button" id="newer" hidden></button>
  </div>
  <div class="scroll" id="scroll">
  <table aria-describedby="keys">
    <thead><tr><th scope="col" class="time">Time</th>
      <th scope="col">Status</th><th scope="col">Method</th>
      <th scope="col">Path</th><th scope="col" class="end"><span
      class="unseen">Fault, delay, token</span></th></tr></thead>
    <tbody id="rows"></tbody>
  </table>
  <p id="earlier" class="empty" hidden></p>
  <p id="none" class="empty">No request yet. Point a client at
    <code id="endpoint"></code>.</p>
  </div>
  <p id="keys" class="hint"><kbd>&uarr;</kbd> <kbd>&darr;</kbd> choose a
    request, <kbd>Enter</kbd> opens it. While one is open, the list stands
    still; the counts go on.</p>
</section>
<div class="side">
<section class="card" aria-labelledby="h-faults">
  <div class="title">
    <h2 id="h-faults">Faults</h2>
    <p id="fault-state" class="tag">off</p>
  </div>
  <form id="fault" autocomplete="off">
    <label for="what">What goes wrong</label>
    <select id="what">
      <option value="api_status">Calls answer with a status</option>
      <option value="status">Token requests answer with a status</option>
      <option value="html">The body is an HTML page</option>
      <option value="non_json">The body is not JSON</option>
      <option value="cut">The connection ends in the body</option>
      <option value="slow">The body arrives slowly</option>
      <option value="redirect">A redirect</option>
    </select>
    <div class="pair">
      <div id="amount-box"><label for="amount" id="amount-label">Status</label>
        <input id="amount" value="503" required></div>
      <div id="after-box"><label for="after">Retry-After</label>
        <input id="after" placeholder="none"></div>
    </div>
    <div class="pair">
      <div><label for="for">For the next</label>
        <span class="unit"><input id="for" type="number" min="0" step="1"
        value="1" required aria-describedby="for-help"><span>requests</span>
        </span></div>
      <div><label for="where">Only paths below</label>
        <input id="where" placeholder="/fabric/"></div>
    </div>
    <p class="hint" id="for-help">0 requests: until it is switched off.</p>
    <p class="now" id="fault-now" hidden></p>
    <div class="pair buttons">
      <button type="submit" class="primary" id="fault-on">Switch on</button>
      <button type="button" id="fault-off" disabled>Switch off</button>
    </div>
  </form>
</section>
<section class="card" aria-labelledby="h-tokens">
  <div class="title">
    <h2 id="h-tokens">Tokens</h2>
    <button type="button" id="revoke">Revoke all</button>
  </div>
  <ul id="tokens" class="bars"></ul>
  <p class="empty" id="no-tokens">None issued yet.</p>
</section>
<section class="card" aria-labelledby="h-accounts">
  <div class="title"><h2 id="h-accounts">Accounts</h2></div>
  <ul id="accounts" class="bars"></ul>
</section>
<section class="card knobs" aria-labelledby="h-knobs">
  <div class="title"><h2 id="h-knobs">Knobs</h2></div>
%(groups)s
</section>
</div>
</main>
</body>
</html>
]]

-- The groups by the first knob of each, in the order of the list.
local GROUPS = {
  lifetime = "Tokens", lock_after = "Credentials", ports = "Lists",
  latency = "Waiting and connections", scope = "Faults",
}

local ESCAPED = { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;",
  ['"'] = "&quot;" }

local function escaped(text)
  return (tostring(text):gsub('[<>&"]', ESCAPED))
end

local function options(knob)
  local list = {}
  for i, value in ipairs(knob.one_of) do
    list[i] = "<option>" .. escaped(value) .. "</option>"
  end
  return table.concat(list)
end

local CONTROLS = {
  boolean = '<input type="checkbox" %s>',
  number = '<input type="number" required step="%s"%s %s value="%s">',
  string = '<input type="text" maxlength="2048" placeholder="none" %s '
    .. 'value="%s">',
}

local function control(knob, attributes)
  local kind, default = type(knob.default), escaped(knob.default)
  if knob.one_of then
    return ("<select %s>%s</select>"):format(attributes, options(knob))
  elseif kind == "number" then
    return CONTROLS.number:format(knob.whole and "1" or "any",
      knob.min and (' min="%d"'):format(knob.min) or "", attributes, default)
  end
  return CONTROLS[kind]:format(attributes, default)
end

local KNOB = [[
<div class="knob"><label for="knob-%(name)s">%(name)s</label>
%(control)s
<p id="help-%(name)s">%(help)s</p></div>]]

-- revoke_all is an action, which has a button of its own.
local function row(knob)
  if knob.name == "revoke_all" then
    return ""
  end
  return fill(KNOB, {
    name = knob.name,
    help = escaped(knob.help),
    control = control(knob, ('id="knob-%s" aria-describedby="help-%s"')
      :format(knob.name, knob.name)),
  })
end

local function groups()
  local html = {}
  for _, knob in ipairs(knobs.list) do
    local group = GROUPS[knob.name]
    if group then
      html[#html + 1] = (#html > 0 and "</details>\n" or "")
        .. "<details><summary>" .. group
        .. ' <span class="count" hidden></span></summary>'
    end
    html[#html + 1] = row(knob)
  end
  return table.concat(html, "\n") .. "</details>"
end

return fill(PAGE, { groups = groups() })
