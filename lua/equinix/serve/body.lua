--- body: the body of a request, within one deadline for all of it.
--
-- Law of this file: nginx limits the time between two pieces only, so a caller
-- that sends a byte now and then would hold its request open for ever. Here
-- the whole body has one deadline, and the reading also ends when another
-- caller needs the place (serve/callers). A body that has arrived with its
-- head takes no wait and no timer.

local read_file = require("equinix.base.file").read
local semaphore = require "ngx.semaphore"

local M = {}

local ngx = ngx -- the one global, given by ngx_lua
local var = ngx.var

local SECONDS = 10 -- for the whole body

--- Whether the current request has a body, perhaps an empty one.
---@return boolean
function M.is_sent()
  return var.content_length ~= nil or var.http_transfer_encoding ~= nil
end

local function read()
  ngx.req.read_body()
  return true
end

local function wait_for(ended)
  ended:wait(SECONDS)
  return false
end

-- True when the body is there; false: its time is over, or it was dropped.
local function await(reader, callers, place)
  local ended = semaphore.new()
  callers:read(place, SECONDS, function()
    ended:post()
  end)
  local timer = ngx.thread.spawn(wait_for, ended)
  local ok, arrived = ngx.thread.wait(reader, timer)
  callers:done(place)
  ngx.thread.kill(arrived and timer or reader)
  return ok and arrived
end

--- Reads the body of the current request.
---@param callers equinix.serve.Callers
---@param place equinix.serve.Place of this request
---@return string|nil body nil: it did not arrive in time
function M.read(callers, place)
  if var.content_length == "0" then
    return ""
  end
  local reader = ngx.thread.spawn(read)
  local arrived = coroutine.status(reader) == "zombie"
    and ngx.thread.wait(reader)
  if not arrived and not await(reader, callers, place) then
    return nil
  end
  -- nginx's buffer is as large as a body may be. Should a body be in a file
  -- nevertheless, it is read from there.
  local body = ngx.req.get_body_data()
  local path = not body and ngx.req.get_body_file()
  return body or (path and assert(read_file(path))) or ""
end

return M
