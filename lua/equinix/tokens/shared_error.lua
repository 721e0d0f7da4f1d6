--- shared_error: an error as a record that callers in other processes can
--- read.
--
-- Law of this file: all who wait for one attempt get the same error, so it
-- travels whole, as far as it fits; what is left out is left out from the
-- end that matters least. It carries three values of its own: `streak`, how
-- many attempts failed in a row; `spent`, the fingerprint of a refresh token
-- that was presented and may not be again; and `held`, until when (on
-- core.now(), or "for ever") the credentials themselves are held back.

local core = require "equinix.core"
local err = require "equinix.base.error"
local json = require "equinix.base.json"
local response = require "equinix.http.response"

local M = {}

local MAX_BYTES = 4096 -- what a place in the cache holds
local MAX_TEXT = 256 -- six bytes at most for each, quoted
local FOR_EVER = "for ever" -- JSON has no infinity

local FIELDS = {
  "kind", "message", "status", "code", "errors", "retryable",
  "correlation_id", "op",
}

-- json has no empty list of its own to give, and needs none here.
local function plain(failure)
  local record = {}
  for _, name in ipairs(FIELDS) do
    record[name] = failure[name]
  end
  if record.errors and #record.errors == 0 then
    record.errors = nil
  end
  if failure.response then
    record.response = {
      status = failure.response.status,
      headers = {},
    }
    for name, value in pairs(failure.response.headers) do
      record.response.headers[name] = value
    end
  end
  return record
end

--- Error to record.
---@param failure equinix.Error|nil nil: only streak and spent are kept
---@param streak integer
---@param spent string|nil
---@param held number|nil on core.now(); math.huge: for ever
---@return string
function M.encode(failure, streak, spent, held)
  local record = failure and plain(failure) or {}
  record.streak, record.spent = streak, spent
  record.held = held == math.huge and FOR_EVER or held
  local text = json.encode(record)
  for _, name in ipairs { "response", "errors" } do
    if not text or #text > MAX_BYTES then
      record[name] = nil
      text = json.encode(record)
    end
  end
  if #text > MAX_BYTES then
    record.message = record.message:sub(1, MAX_TEXT)
    record.op = record.op and record.op:sub(1, MAX_TEXT)
    text = json.encode(record)
  end
  return text
end

--- The record of the last failure again, with a refresh token noted as spent.
---@param last table as decode gave it
---@param spent string|nil
---@return string
function M.mark(last, spent)
  local record = {}
  for name, value in pairs(last) do
    record[name] = value
  end
  record.spent = spent
  local text = json.encode(record)
  return text and #text <= MAX_BYTES and text
    or M.encode(nil, last.streak or 0, spent)
end

--- Record to a table with streak and spent; empty when there is none.
---@param bytes string|nil
---@return table
function M.decode(bytes)
  if not bytes or bytes == "" then
    return { streak = 0 }
  end
  local record = json.decode(bytes)
  return type(record) == "table" and record or { streak = 0 }
end

local function later(seconds)
  if seconds == math.huge then
    return "not sent again by itself: only refresh{force=true} does"
  end
  return ("not sent again for another %d s"):format(math.ceil(seconds))
end

--- Record to the error that a caller gets who did not send it himself.
---@param bytes string
---@param seconds number|nil how long the back-off goes on
---@return equinix.Error
function M.shared(bytes, seconds)
  local record = M.decode(bytes)
  if record.held then
    seconds = record.held == FOR_EVER and math.huge
      or record.held - core.now()
  end
  record.kind = record.kind or "network"
  record.message = record.message or "the last token request failed"
  record.streak, record.spent, record.held = nil, nil, nil
  record.errors = record.errors or {}
  if record.response then
    local headers = {}
    for name, value in pairs(record.response.headers or {}) do
      headers[#headers + 1] = { name, value }
    end
    record.response.headers = response.headers(headers)
  end
  if seconds and seconds > 0 then
    record.message = record.message .. " (" .. later(seconds) .. ")"
    record.retry_after = seconds < math.huge and seconds or nil
  end
  return err.new(record)
end

return M
