--- console: the emulator in a browser, at /_emulator/.
--
-- Law of this file: the page shows what the log and the knobs have, so no
-- secret; it loads nothing from another host and runs no script but its own.
-- It asks for the state again and again, in the time of the page's choice: the
-- emulator keeps nothing for a console, and one that is slow holds up nothing.
-- What is counted is counted here, not from what a page has seen.

local accounts = require "equinix.emulator.accounts"
local knob_values = require "equinix.emulator.knob_values"
local request_log = require "equinix.emulator.request_log"
local token_log = require "equinix.emulator.token_log"
local tokens = require "equinix.emulator.tokens"

local M = {}

-- The most requests of one state: the page shows no more of a moment.
local LIMIT = 100

--- Headers of every response below /_emulator/.
M.HEADERS = {
  ["Cache-Control"] = "no-store",
  ["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; "
    .. "style-src 'self'; img-src 'self'; connect-src 'self'; "
    .. "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    .. "require-trusted-types-for 'script'",
  ["Cross-Origin-Opener-Policy"] = "same-origin",
  ["Cross-Origin-Resource-Policy"] = "same-origin",
  ["Referrer-Policy"] = "no-referrer",
  ["X-Content-Type-Options"] = "nosniff",
}

local FILES = {
  ["/_emulator/"] = { "page", "text/html; charset=utf-8" },
  ["/_emulator/console/icon.svg"] = { "icon", "image/svg+xml" },
  ["/_emulator/console/panels.js"] = { "panels", "text/javascript" },
  ["/_emulator/console/requests.js"] = { "requests", "text/javascript" },
  ["/_emulator/console/snippets.js"] = { "snippets", "text/javascript" },
  ["/_emulator/console/style.css"] = { "style", "text/css" },
}

--- A file of the page.
---@param request table
---@return table|nil response nil when there is none of this name
function M.file(request)
  if request.path == "/_emulator" then
    return { status = 301, body = "", location = "/_emulator/" }
  end
  local file = request.method == "GET" and FILES[request.path]
  if file then
    return {
      status = 200,
      body = require("equinix.emulator.console." .. file[1]),
      content_type = file[2],
    }
  end
end

--- What the page shows, as JSON: the requests after a number, and everything
--- else as it is now.
---@param world table
---@param after integer
---@return string
function M.state(world, after)
  local values, counts = knob_values.all(world)
  local left = {}
  for name, count in pairs(counts) do
    left[name] = knob_values.left(world, count)
  end
  local requests, last = request_log.since(world, after, LIMIT)
  return ('{"requests":%s,%s'):format(requests, world.encode {
    accounts = accounts.list(world, values),
    ca_file = world.ca_file,
    knobs = values,
    last = last,
    left = left,
    now = world.now(),
    reset = world.log:get "reset" or 0,
    start = world.start,
    tokens = token_log.list(world, tokens.epoch(world)),
    totals = request_log.totals(world),
  }:sub(2))
end

return M
