--- no_token: why a caller gets no token, where no renewal failed.
--
-- Law of this file: each error says what the caller can do. None of them was
-- published, so they are this caller's alone.

local errors = require("equinix.base.lazy") "equinix.base.error"

local M = {}

--- The deadline passed while it waited.
function M.timed_out()
  return errors.make("timeout", "the deadline passed while waiting for "
    .. "a token (perhaps another caller's request for it); allow a longer "
    .. "timeout", { code = "token_wait" })
end

--- Waiting is not allowed where it asks.
function M.cannot_wait()
  return errors.make("config", "no token is cached, and this place may not "
    .. "wait for one; call client:token() earlier, where waiting is allowed", {
    code = "cannot_wait",
  })
end

--- Nothing can be sent from where it asks.
---@param transport_err equinix.transport.err
function M.cannot_send(transport_err)
  return errors.from_transport(transport_err, "no token is cached")
end

--- Why no token can be requested from where it asks, whatever is tried.
---@param transport table the port
---@return equinix.Error|nil err nil: one can be requested
function M.unable(transport)
  local transport_err = transport.cannot_send and transport.cannot_send()
  if transport_err then
    return M.cannot_send(transport_err)
  elseif not transport.can_wait() then
    return M.cannot_wait()
  end
end

--- A token without a life serves the callers that waited for it.
---@param seconds number until the next one may be requested
function M.short_lived(seconds)
  return errors.make("protocol", ("the last token of the token endpoint was "
    .. "good for less than a second, and there is one request a second at "
    .. "most: the next one in %d s"):format(math.ceil(seconds)),
    { code = "short_lived", retryable = true, retry_after = seconds })
end

--- The renewal that it would wait for is its own.
function M.own_renewal()
  return errors.make("config", "this thread is renewing this very "
    .. "token, so waiting for it would never end; don't use the client in a "
    .. "callback of its own renewal", { code = "own_flight" })
end

--- What is in the cache is no token of this version.
function M.unreadable()
  return errors.make("protocol", "the token in the cache can't be read; call "
    .. "client:forget(), and report it", { code = "bad_record" })
end

return M
