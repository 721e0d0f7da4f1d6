--- error: the one shape of every failure.
--
-- Law of this file: a message is built from our own text, codes and numbers,
-- names of members, and what the first error of a server's body says, in one
-- short line (http/error_message). What else a server wrote is kept beside it
-- as data (`errors`). Nothing that a caller sent is in either, unless the
-- server repeats it. No secret, no query string.

local printable = require("equinix.base.lazy") "equinix.base.printable"

local M = {}

---@alias equinix.Kind
---| "config"   # options, environment, misuse that data can cause
---| "network"  # no connection, or it broke
---| "timeout"  # the deadline passed
---| "tls"      # the peer could not be verified, or no common protocol
---| "auth"     # credentials refused or latched; a final 401 of the API
---| "http"     # every other status that is not a success
---| "protocol" # a response that can't be used, or may not be
---| "store"    # the second level of the cache, where one is required
---| "closed"   # the client was closed, or the list that is read
---| "memory"

---@class equinix.Error
---@field kind equinix.Kind
---@field message string what happened, to what, and what to do
---@field status? integer HTTP status
---@field code? string Equinix's error code, or a symbolic cause
---@field errors? equinix.ErrorDetail[] every error of the response's body
---@field retryable boolean whether the same call may succeed later
---@field retry_after? number seconds, in tenths
---@field correlation_id? string for Equinix's support
---@field op? string "POST /oauth2/v1/token"
---@field response? equinix.Response where there is one

---@class equinix.ErrorDetail
---@field code? string
---@field message? string
---@field property? string
---@field reason? string
---@field details? string

local Error = {}
Error.__index = Error
Error.__name = "equinix.Error"

-- What is printed can't change the terminal; the fields are as they came.
function Error:__tostring()
  local text = "equinix: " .. self.message
  if self.correlation_id then
    text = text .. " [correlation id " .. self.correlation_id .. "]"
  end
  return printable.text(text)
end

-- `"failed: " .. err` works without tostring.
function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

local RETRYABLE_STATUS = {
  [429] = true,
  [502] = true,
  [503] = true,
  [504] = true,
}

--- Seconds to wait, rounded up to tenths; whole ones are integers.
---@param seconds number
---@return number
function M.rounded(seconds)
  local tenths = math.ceil(seconds * 10 - 1e-6) + 0 -- LuaJIT has -0
  return tenths % 10 == 0 and math.floor(tenths / 10) or tenths / 10
end

--- Seconds to wait, for a message.
---@param seconds number
---@return string "120 s"
function M.seconds(seconds)
  return ("%.0f s"):format(math.ceil(seconds - 1e-6))
end

--- How often something was tried, for a message.
---@param attempts integer|nil
---@return string " after 4 attempts", or "" for a single one
function M.after_attempts(attempts)
  return (attempts or 1) > 1 and (" after %d attempts"):format(attempts) or ""
end

--- Makes an error of a table of its fields (`kind` and `message` at least).
---@param fields table
---@return equinix.Error
function M.new(fields)
  if fields.retry_after then
    fields.retry_after = M.rounded(fields.retry_after)
  end
  if fields.retryable == nil then
    fields.retryable = fields.kind == "network" or fields.kind == "timeout"
      or (fields.kind == "http" and RETRYABLE_STATUS[fields.status] or false)
  end
  return setmetatable(fields, Error)
end

--- Whether a value is one of our errors.
function M.is(value)
  return getmetatable(value) == Error
end

--- Makes an error of its kind, its message and what else there is.
---@param kind equinix.Kind
---@param message string
---@param fields? table further fields
---@return equinix.Error
function M.make(kind, message, fields)
  fields = fields or {}
  fields.kind = kind
  fields.message = message
  return M.new(fields)
end

--- `nil, err` in one call: `return fail("config", "...")`.
---@param kind equinix.Kind
---@param message string
---@param fields? table further fields
---@return nil
---@return equinix.Error
function M.fail(kind, message, fields)
  return nil, M.make(kind, message, fields)
end

--- The error for a transfer without a response.
---@param transport_err equinix.transport.err
---@param op string
---@param attempts? integer how often it was sent
---@return equinix.Error
function M.from_transport(transport_err, op, attempts)
  local often = M.after_attempts(attempts)
  return M.new {
    kind = transport_err.kind or "network",
    code = transport_err.code,
    message = ("%s: %s%s"):format(op,
      transport_err.message or "the transfer failed",
      often ~= "" and " (" .. often:sub(2) .. ")" or ""),
    op = op,
    retryable = transport_err.retryable,
    maybe_sent = transport_err.maybe_sent ~= false,
  }
end

return M
