--- local_fault: whether a token request failed for a reason of this place
--- only.
--
-- Law of this file: a token request that was not sent for want of a file, a
-- thread, a descriptor, a permission or memory says nothing about the token
-- endpoint. Another client, state, worker or process may succeed at once, so
-- the failure stays here: nothing is counted, and no back-off holds them up.

local M = {}

-- What the system refuses to this process.
local REFUSED = {
  EMFILE = true, ENFILE = true, ENOMEM = true, ENOBUFS = true,
  EACCES = true, EPERM = true,
}

-- A place in a queue of this process did not come in time.
local QUEUE = "queue"

--- Whether it is one.
---@param err equinix.Error|equinix.transport.err
---@return boolean
function M.is(err)
  if err.code == QUEUE then
    return true
  elseif err.kind == "config" or err.kind == "memory" then
    return not err.maybe_sent
  end
  return err.maybe_sent == false and REFUSED[err.code] or false
end

-- A file that is there, except under another root (chroot): that it is missing
-- says nothing, only these two do: ENFILE and EMFILE, on every system.
local PROBE = "/dev/null"
local NONE_FREE = { [23] = true, [24] = true }

--- The error of a request that was not sent, with the cause that libcurl does
--- not tell: no file descriptor was free for a look-up or a connection.
---@param transport_err equinix.transport.err
---@return equinix.transport.err
function M.explained(transport_err)
  if transport_err.kind ~= "network" or transport_err.maybe_sent ~= false then
    return transport_err
  end
  local file, _, code = io.open(PROBE, "rb")
  if file then
    file:close()
  end
  if not NONE_FREE[code] then
    return transport_err
  end
  return {
    kind = "network",
    code = "EMFILE",
    message = "no file descriptor is free in this process: close files, or "
      .. "raise its limit (ulimit -n)",
    maybe_sent = false,
  }
end

return M
