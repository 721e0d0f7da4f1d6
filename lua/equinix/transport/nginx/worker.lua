--- worker: the part that runs in a worker thread of nginx, in its own Lua VM.
--
-- Law of this file: plain values in, plain values out, and nothing is raised,
-- since ngx_lua loses an error that is not a string. It loads as little as
-- possible, because ngx_lua runs a full garbage collection of that VM after
-- each call. VMs are pooled and move between threads; the handle of
-- transport/curl belongs to the VM, so one thread at a time uses its
-- connections.

local core = require "equinix.core"
local curl = require "equinix.transport.curl"

local M = {}

local function run(send, seconds, ...)
  if seconds <= 0 then
    return nil, {
      kind = "timeout",
      code = "queue",
      message = "no worker thread was free before the deadline",
      maybe_sent = false,
    }
  end
  local ok, result, transport_err = pcall(send, ...)
  if not ok then
    return nil, nil, tostring(result)
  end
  return result, transport_err
end

--- transport.send in this thread.
---@param deadline number on core.now(), which all threads share
---@param request equinix.transport.request
---@return equinix.transport.response|nil
---@return equinix.transport.err|nil
---@return string|nil raised the error that it raised
function M.send(deadline, request)
  local seconds = deadline - core.now()
  return run(curl.send, seconds, request, seconds)
end

--- transport.send_many in this thread.
---@param deadline number
---@param requests equinix.transport.request[]
---@param n integer
---@return equinix.transport.result[]|nil
---@return equinix.transport.err|nil
---@return string|nil raised
function M.send_many(deadline, requests, n)
  local seconds = deadline - core.now()
  return run(curl.send_many, seconds, requests, n, seconds)
end

return M
