--- shared_error: the error of a renewal, as bytes that callers in other
--- processes can read.
--
-- Law of this file: all that wait for one renewal get the same error, so it
-- travels whole as far as it fits, and what matters least is left out first.
-- It carries three values more: `streak`, how many renewals failed in a row;
-- `spent`, the fingerprint of a refresh token that was presented and may not
-- be again; and `held`, until when (on core.now(), or "for ever") the
-- credentials themselves are held back.

local core = require "equinix.core"
local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local http_response = require "equinix.http.response"
local tables = require "equinix.base.table"

local M = {}

local MAX_BYTES = 4096 -- what a slot holds
local MAX_TEXT = 256 -- six bytes at most for each, quoted
local FOR_EVER = "for ever" -- JSON has no infinity

local FIELDS = {
  "kind", "message", "status", "code", "errors", "retryable",
  "correlation_id", "op",
}

-- The fields that are kept. An empty list of errors is left out: as JSON it
-- looks like an object.
local function plain(err)
  local record = {}
  for _, name in ipairs(FIELDS) do
    record[name] = err[name]
  end
  if record.errors and #record.errors == 0 then
    record.errors = nil
  end
  if err.response then
    record.response = {
      status = err.response.status,
      headers = tables.copy(err.response.headers),
    }
  end
  return record
end

--- Error to bytes.
---@param err equinix.Error|nil nil: only streak and spent are kept
---@param streak integer
---@param spent string|nil
---@param held number|nil on core.now(); math.huge: for ever
---@return string
function M.encode(err, streak, spent, held)
  local record = err and plain(err) or {}
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

--- The last error again, with a refresh token noted as spent.
---@param last table as decode gave it
---@param spent string|nil
---@return string
function M.note(last, spent)
  local record = tables.copy(last)
  record.spent = spent
  local text = json.encode(record)
  return text and #text <= MAX_BYTES and text
    or M.encode(nil, last.streak or 0, spent)
end

--- Bytes to a table with streak and spent; without an error otherwise empty.
---@param bytes string|nil
---@return table
function M.decode(bytes)
  if not bytes or bytes == "" then
    return { streak = 0 }
  end
  local record = json.decode(bytes)
  return type(record) == "table" and record or { streak = 0 }
end

--- The message of an error whose request is held back.
---@param message string
---@param seconds number
---@return string
function M.held_back(message, seconds)
  if seconds == math.huge then
    return message
      .. " (not sent again by itself: only refresh{force=true} does)"
  end
  return ("%s (not sent again for another %s)"):format(message,
    errors.seconds(seconds))
end

--- Bytes to the error of a caller that did not send the request itself.
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
    record.response.headers = http_response.headers(headers)
  end
  if seconds and seconds > 0 then
    record.message = M.held_back(record.message, seconds)
    record.retry_after = seconds < math.huge and seconds or nil
  end
  return errors.new(record)
end

return M
