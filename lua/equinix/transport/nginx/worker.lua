--- worker: what runs in a worker thread of nginx, in a Lua VM of its own.
--
-- Law of this file: plain values in, plain values out, and nothing is raised:
-- ngx_lua loses an error that is no string. It loads as little as it can, for
-- ngx_lua collects the whole of such a VM's garbage after each call. VMs are
-- pooled and move from thread to thread; the handle of transport/curl belongs
-- to the VM, so its connections are used by one thread at a time.

local core = require "equinix.core"
local curl = require "equinix.transport.curl"

local M = {}

local function run(send, seconds, ...)
  if seconds <= 0 then
    return nil, {
      kind = "timeout",
      code = "queue",
      message = "no thread was free before the deadline",
      maybe_sent = false,
    }
  end
  local ok, answer, trouble = pcall(send, ...)
  if not ok then
    return nil, nil, tostring(answer)
  end
  return answer, trouble
end

--- transport.send in this thread.
---@param deadline number on core.now(), which all threads have in common
---@param request equinix.transport.request
---@return equinix.transport.response|nil
---@return equinix.transport.err|nil
---@return string|nil raised what it raised
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
