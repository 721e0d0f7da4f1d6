-- load: many requests at once, from a separate process.
--
--   local l = load.start { url =, path =, count =, at_once =, method =,
--     body = }
--   l:going()            waits until the first batch has been answered
--   local seen = l:finish()   --> { done =, statuses = { ["200"] = n },
--                                   errors = { ECONNRESET = n }, seconds = }
--
-- With `seconds` instead of `count` it sends batches for that long.
local core = require "equinix.core"
local json = require "equinix.base.json"
local process = require "spec.support.process"

local M = {}
local Load = {}
Load.__index = Load

local CHILD = "dofile 'spec/support/init.lua' "
  .. "require('spec.support.load').run(arg[1])"

local function note(seen, results)
  for _, result in ipairs(results) do
    seen.done = seen.done + 1
    local name, of = "errors", result.err and (result.err.code or "?")
    if result.response then
      name, of = "statuses", tostring(result.response.status)
    end
    seen[name][of] = (seen[name][of] or 0) + 1
  end
end

--- Sends all batches, in this process.
---@param options {url: string, path: string, count?: integer,
---  seconds?: number, at_once: integer, method?: string, body?: string}
---@return table seen
function M.drive(options, after)
  local http = core.http()
  local seen = { done = 0, statuses = {}, errors = {} }
  local start, requests = core.now(), {}
  for i = 1, options.at_once do
    requests[i] = {
      method = options.method or "GET",
      url = options.url .. options.path,
      body = options.body,
      headers = options.body and { { "Content-Type", "application/json" } },
      may_resend = (options.method or "GET") == "GET",
    }
  end
  repeat
    note(seen, http:send_many(requests, options.at_once, 60))
    seen.seconds = core.now() - start
    if after then
      after(seen)
    end
  until seen.done >= (options.count or math.huge)
    or seen.seconds >= (options.seconds or math.huge)
  http:close()
  return seen
end

--- The work of the child.
function M.run(text)
  io.stdout:setvbuf "no"
  local first = true
  local seen = M.drive(assert(json.decode(text)), function()
    if first then
      print "going"
      first = false
    end
  end)
  print(json.encode(seen))
end

--- Starts a child.
function M.start(options)
  local program = process.start({ "sh", "-c", "exec " .. process.interpreter()
    .. ' -e "$0" - "$1"', CHILD, json.encode(options) })
  return setmetatable({ program = program }, Load)
end

--- Waits until the first batch has been answered.
function Load:going()
  return process.eventually(function()
    return self.program:stdout():find "going" or not self.program:alive()
  end, 30)
end

--- Waits until it has ended.
---@return table seen
function Load:finish()
  local code = self.program:wait(90)
  self.program:stop()
  local text = (self.program:stdout() or ""):match "({.*})%s*$"
  if code ~= 0 or not text then
    error(("the load failed (%s): %s"):format(tostring(code),
      self.program:stderr() or ""), 2)
  end
  return json.decode(text)
end

return M
