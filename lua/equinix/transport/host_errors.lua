--- host_errors: why nothing is sent, or nothing came back, in an event loop.
--
-- Law of this file: each is an error of the port, and says what to do in this
-- host; the host's own words take precedence.

local M = {}

M.NO_FUNCTION = {
  kind = "config",
  code = "sink_function",
  message = "in an event loop a sink must be a file's path: a function would "
    .. "hold up all other tasks",
  maybe_sent = false,
}

M.NO_ENGINE = {
  kind = "memory",
  code = "engine",
  message = "libcurl can't be used: no memory or no descriptor is left",
  maybe_sent = false,
}

--- Why nothing is sent here.
---@param host equinix.Host
---@return equinix.transport.err
function M.refusal(host)
  return host.cannot_send and host.cannot_send() or {
    kind = "config",
    code = "cannot_wait",
    message = host.why and host.why()
      or ("no request can be sent here: this code does not run in a task of "
        .. "%s; begin one, for instance with its function run"):format(
          host.name or "the event loop"),
    maybe_sent = false,
  }
end

--- Why a transfer did not end.
---@param host equinix.Host
---@return equinix.transport.err
function M.lost(host)
  return host.late and host.late() or {
    kind = "timeout",
    code = "queue",
    message = "the event loop did not drive the transfer to its end in time",
    maybe_sent = false,
  }
end

return M
