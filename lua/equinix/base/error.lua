--- error: the one shape of every failure.
--
-- Law of this file: a message is built from our own text, codes and numbers,
-- and at most names of members. What else a server wrote is kept beside it as
-- data (`errors`), never inside it, and nothing that a caller sent is in
-- either. No secret, no query string.

local printable = require "equinix.base.printable"

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
---| "closed"   # the client was closed
---| "memory"

---@class equinix.Error
---@field kind equinix.Kind
---@field message string what happened, to what, and what to do
---@field status? integer HTTP status
---@field code? string Equinix's error code, or a symbolic cause
---@field errors? equinix.ErrorDetail[] every error of the response's body
---@field retryable boolean whether the same call may succeed later
---@field retry_after? number seconds
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

--- Makes an error of a table of its fields (`kind` and `message` at least).
---@param fields table
---@return equinix.Error
function M.new(fields)
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
---@return equinix.Error
function M.from_transport(transport_err, op)
  return M.new {
    kind = transport_err.kind or "network",
    code = transport_err.code,
    message = ("%s: %s"):format(op,
      transport_err.message or "the transfer failed"),
    op = op,
    retryable = transport_err.retryable,
    maybe_sent = transport_err.maybe_sent ~= false,
  }
end

return M
