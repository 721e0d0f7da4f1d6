--- page: the status page of the service.
--
-- Law of this file: facts in, HTML out, and there is no token among the facts.
-- It needs no script, asks for nothing else, and can be used by keyboard, on a
-- narrow screen, in light and dark. What a picture shows stands in words, too.

local chart = require "equinix.service.status.chart"
local hour = require "equinix.service.status.hour"
local markup = require "equinix.service.status.markup"
local style = require "equinix.service.status.style"

local M = {}

local fill, escape, count = markup.fill, markup.escape, markup.count

local SECONDS = 15 -- until the page is asked for again

---@class equinix.status.Facts
---@field at number Unix time
---@field title string of what is served
---@field build table<string, string> names and versions
---@field renews boolean the token is no static one
---@field life? number seconds at issue; nil: there was no token yet
---@field left? number seconds; 0: it is over
---@field latched boolean
---@field stats equinix.Stats
---@field cache {slots: integer, used: integer, evicted: integer}
---@field minutes? equinix.status.Minute[] nil: nothing counts them
---@field paused boolean the page is not asked for again

local PAGE = [[
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
%[refresh]s<link rel="icon" href="data:,">
<title>%(state)s - equinix-auth</title>
<style>%[style]s</style>
<header><h1>equinix-auth<span>%(version)s</span></h1>
<span class="pill %(class)s" role="status">%(state)s</span>
<p class="note">%(advice)s</p></header>
<main>%[cards]s</main>
<footer><span>%(title)s, %(time)s UTC</span>%[pause]s
<a href="/metrics">Metrics</a><a href="/openapi.json">OpenAPI</a></footer>
</html>
]]
local CARD = '<section class="%(class)s" aria-labelledby="%(id)s">'
  .. '<h2 id="%(id)s">%(title)s</h2>%[body]s</section>'

local function card(id, class, title, body)
  return fill(CARD, { id = id, class = class, title = title, body = body })
end

-- A list of names and values.
local function list(...)
  local parts = {}
  for i, pair in ipairs { ... } do
    parts[i] = ("<dt>%s</dt><dd>%s</dd>"):format(escape(pair[1]),
      escape(pair[2]))
  end
  return "<dl>" .. table.concat(parts) .. "</dl>"
end

-- The token ------------------------------------------------------------------

-- When the next one is fetched, in seconds before the end.
local function due(life)
  return math.min(300, 0.2 * life)
end

--- What the service's state is: a class, a word or two, and what to do.
---@param facts equinix.status.Facts
---@return string class "ok", "warn" or "bad"
---@return string state
---@return string advice
function M.state(facts)
  if facts.latched then
    return "bad", "Credentials held back", "Equinix refused the client id or "
      .. "the secret. Correct them: a new secret is tried at once."
  elseif not facts.renews then
    return "ok", "Static token", "The token was configured and is not renewed."
  elseif not facts.life then
    return "warn", "No token yet", "The first caller fetches one; /readyz "
      .. "does so, too."
  elseif facts.left <= 0 then
    return "warn", "Token is over", "The next caller fetches another one. If "
      .. "it stays so, the log says why."
  elseif facts.left < 0.75 * due(facts.life) then
    return "warn", "Renewal is due", "The next caller renews the token. If it "
      .. "stays so, the log says why."
  end
  return "ok", "Token in use", "All callers share one token. It is renewed "
    .. "before its end, when it is asked for."
end

-- The picture, and what stands beside it.
local function life_of(facts)
  local life, left = facts.life, facts.left
  local over, margin = left <= 0, due(life)
  local part = life > 0 and left / life or 0
  local ends = facts.at + left
  return chart.ring {
    left = part, due = life > 0 and margin / life or 0,
    class = left < 0.75 * margin and "warn" or "ok",
    label = ("%d %% of the token's life are left"):format(math.floor(
      100 * part)),
    big = over and "over" or markup.duration(left, 1),
    small = over and "" or "left",
  } .. list({ "Life", markup.duration(life) },
    { "Age", over and "over" or markup.duration(life - left) },
    { "Renewed from (UTC)", over and "now"
      or markup.time(ends - margin, true) },
    { "Ends (UTC)", over and "over" or markup.time(ends, true) })
end

local function token_card(facts)
  if not facts.renews or not facts.life then
    return card("token", "third", "Token", '<p class="none">'
      .. (facts.renews and "None was fetched since the start."
        or "A static one.") .. "</p>")
  end
  return card("token", "third", "Token", '<div class="life">'
    .. life_of(facts) .. "</div>")
end

-- The last hour --------------------------------------------------------------

local REQUESTS = {
  { name = "answered", class = "answered", label = "answered" },
  { name = "refused", class = "refused", label = "refused (4xx)" },
  { name = "failed", class = "failed", label = "failed (5xx)" },
}
local RENEWALS = {
  { name = "renewed", class = "renewed", label = "renewed" },
  { name = "loaded", class = "loaded", label = "found in the store" },
  { name = "rejected", class = "rejected", label = "refused by the API" },
  { name = "renewal_failed", class = "failed", label = "failed" },
}

local function sum(minutes, name)
  local n = 0
  for _, minute in ipairs(minutes) do
    n = n + (minute[name] or 0)
  end
  return n
end

local function key(minutes, series)
  local parts = {}
  for i, one in ipairs(series) do
    parts[i] = ('<li><i class="%s"></i><b>%s</b> %s</li>'):format(one.class,
      count(sum(minutes, one.name)), escape(one.label))
  end
  return '<ul class="key">' .. table.concat(parts) .. "</ul>"
end

local function axis(minutes)
  return ('<p class="axis"><span>%s</span><span>%s</span><span>now</span></p>')
    :format(markup.time(minutes[1].at), markup.time(minutes[31].at))
end

-- The minutes in which anything happened, for those who see no picture.
local function as_table(minutes, series, what)
  local rows, head = {}, {}
  for i, one in ipairs(series) do
    head[i] = "<th scope=\"col\">" .. escape(one.label) .. "</th>"
  end
  for i = #minutes, 1, -1 do
    local cells, any = {}, false
    for j, one in ipairs(series) do
      local n = minutes[i][one.name] or 0
      any = any or n > 0
      cells[j] = "<td>" .. count(n)
    end
    rows[#rows + 1] = any and ("<tr><th scope=row>%s%s"):format(
      markup.time(minutes[i].at), table.concat(cells)) or nil
  end
  return #rows == 0 and "" or "<details><summary>As a table</summary>"
    .. '<div class="scroll" tabindex="0" role="region" aria-label="' .. what
    .. '"><table class="numbers"><thead><tr><th scope="col">Minute (UTC)</th>'
    .. table.concat(head) .. "</tr></thead><tbody>" .. table.concat(rows)
    .. "</tbody></table></div></details>"
end

local function bars_card(id, class, title, minutes, series, low)
  local peak = chart.peak(minutes, series)
  local top = chart.top(peak)
  local svg = chart.bars(minutes, series, {
    top = top, hints = true, class = low and "low" or "",
    label = ("%s in each minute of the last hour; %s at most"):format(title,
      count(peak)),
  })
  return card(id, class, title, ('<p class="top">%s a minute</p>'):format(
    count(top)) .. svg .. axis(minutes) .. key(minutes, series)
    .. as_table(minutes, series, title))
end

-- Errors by kind -------------------------------------------------------------

local KINDS = {
  network = "no connection, or it broke",
  timeout = "no answer in time",
  tls = "certificate not verified",
  auth = "credentials refused or held back",
  http = "Equinix answered with an error",
  protocol = "an answer that can't be used",
  config = "not understood, or a setting",
  store = "the store was needed and failed",
  closed = "the service was ending",
  memory = "out of memory",
}

local function kind_row(minutes, name, title, words)
  local n = sum(minutes, name)
  if n == 0 then
    return nil
  end
  local series = { { name = name, class = "failed", label = "errors" } }
  return ('<tr><th scope="row"><b>%s</b><br><span class="top">%s</span></th>'
    .. '<td class="wide">%s</td><td class="n">%s</td></tr>'):format(
    escape(title), escape(words), chart.bars(minutes, series, { class = "",
      label = title .. " in each minute of the last hour" }), count(n))
end

local function kinds_card(minutes)
  local rows = {}
  for _, kind in ipairs(hour.KINDS) do
    rows[#rows + 1] = kind_row(minutes, "kind_" .. kind, kind, KINDS[kind])
  end
  rows[#rows + 1] = kind_row(minutes, "store_failed", "store steps",
    "the calls went on without it")
  return card("kinds", "half", "Errors by kind, last hour", #rows == 0
    and '<p class="none">None.</p>'
    or "<table><tbody>" .. table.concat(rows) .. "</tbody></table>")
end

-- The rest -------------------------------------------------------------------

local VERSIONS = { "version", "nginx", "lua", "libcurl", "libcrypto" }
local NAMES = { version = "equinix-auth", lua = "Lua", nginx = "nginx",
  libcurl = "libcurl", libcrypto = "libcrypto" }

local function service_card(facts)
  local stats, cache = facts.stats, facts.cache
  return card("service", "half", "Since the start", list(
    { "Credentials", facts.latched and "held back" or "in use" },
    { "Token requests", count(stats.token_requests or 0) },
    { "Tokens received", count(stats.tokens or 0) },
    { "Renewals failed", count(stats.failures or 0) },
    { "Refused by the API", count(stats.rejections or 0) },
    { "Places in the cache", ("%s of %s"):format(count(cache.used),
      count(cache.slots)) },
    { "Dropped from it", count(cache.evicted) }))
end

local function versions_card(build)
  local found = {}
  for _, name in ipairs(VERSIONS) do
    found[#found + 1] = build[name] and { NAMES[name], build[name] } or nil
  end
  return card("versions", "half", "Versions",
    list((table.unpack or unpack)(found)))
end

local function cards(facts)
  local minutes = facts.minutes
  local all = { token_card(facts) }
  if minutes then
    all[2] = bars_card("requests", "two", "Requests, last hour", minutes,
      REQUESTS)
    all[3] = bars_card("renewals", "half", "Renewals, last hour", minutes,
      RENEWALS, true)
    all[4] = kinds_card(minutes)
  end
  all[#all + 1] = service_card(facts)
  all[#all + 1] = versions_card(facts.build)
  return table.concat(all)
end

--- The page.
---@param facts equinix.status.Facts
---@return string html
function M.html(facts)
  local class, state, advice = M.state(facts)
  return fill(PAGE, {
    class = class, state = state, advice = advice,
    refresh = facts.paused and "" or ('<meta http-equiv="refresh" '
      .. 'content="%d">\n'):format(SECONDS),
    pause = facts.paused and '<a href="/">Go on refreshing</a>'
      or ('<span>Refreshes every %d s</span><a href="/?pause">Pause</a>')
        :format(SECONDS),
    style = style.TEXT,
    version = facts.build.version or "",
    title = facts.title,
    time = markup.time(facts.at, true),
    cards = cards(facts),
  })
end

-- No other site may have it in a frame, as a picture or as a script, or keep a
-- hand on its window; it needs nothing, and sends its address nowhere.
local HEADERS = {
  { "Content-Security-Policy", "default-src 'none'; style-src %s; img-src "
    .. "data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
  { "Cross-Origin-Resource-Policy", "same-origin" },
  { "Cross-Origin-Opener-Policy", "same-origin" },
  { "Referrer-Policy", "no-referrer" },
  { "X-Content-Type-Options", "nosniff" },
  { "X-Frame-Options", "DENY" },
}

--- The headers that go with it, in an order.
---@return {[1]: string, [2]: string}[]
function M.headers()
  local list_of = {}
  for i, header in ipairs(HEADERS) do
    list_of[i] = { header[1], (header[2]:gsub("%%s", style.source)) }
  end
  return list_of
end

return M
