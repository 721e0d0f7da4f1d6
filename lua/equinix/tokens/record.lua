--- record: what is kept in a store, and what it is worth when it is read
--- again.
--
-- Law of this file: in a store only the wall clock counts, and no clock is
-- trusted. A time that lies ahead of ours shortens what is left like one that
-- lies behind, and one far ahead leaves nothing. Pure: the caller brings the
-- time.
--
-- A record is a table:
--   token, issued       a token and when its request began
--   last                the last error (shared_error.decode), with streak and
--                       the fingerprint of a refresh token that was spent
--   failed, pause       when that was, and for how many seconds no process
--                       sends

local json = require "equinix.base.json"
local tables = require "equinix.base.table"
local token = require "equinix.oauth.token"

local M = {}

local FORMAT = 1
local SKEW = 60 -- seconds by which two machines' clocks may differ
local MAX_LIFE = 24 * 3600
local MAX_PAUSE = 3600
-- How long after its pause an error still counts for how many there were in a
-- row, and for those that waited for it.
local REMEMBERED = 120
local MAX_REFRESH_LIFE = 60 * 24 * 3600 -- where no end is given

-- Seconds left of a span that began at a time of the wall clock.
local function left_of(began, seconds, most, wall)
  if type(began) ~= "number" or type(seconds) ~= "number"
    or seconds ~= seconds or began - wall > SKEW then
    return 0
  end
  return math.max(0, math.min(seconds, most) - math.abs(wall - began))
end

--- The token in a record.
---@param record table
---@param wall number Unix time, with fractions
---@return equinix.Token|nil
---@return number seconds that are left of it
function M.token(record, wall)
  local fields = record.token
  if type(fields) ~= "table" then
    return nil, 0
  end
  return fields, left_of(record.issued, fields.expires_in, MAX_LIFE, wall)
end

--- Seconds for which the last error holds all callers back.
function M.pause(record, wall)
  return record.last and left_of(record.failed, record.pause, MAX_PAUSE, wall)
    or 0
end

--- The last error as this process keeps it: `held`, the end of a latch, is on
--- core.now() here and counts from `failed` in the store.
---@param record table
---@param wall number
---@param now number the same time on core.now()
---@return table last empty but for a streak of 0 where there is none
function M.last(record, wall, now)
  local last = tables.update({ streak = 0 }, record.last)
  if type(last.held) == "number" then
    last.held = now + left_of(record.failed, last.held, MAX_PAUSE, wall)
  end
  return last
end

--- The record after a success.
---@param fields equinix.Token
---@param issued number when its request began
function M.renewed(fields, issued)
  return { token = fields, issued = issued }
end

--- The record after an error: a token that was there stays.
---@param record table
---@param last table as shared_error.decode gives it
---@param pause number seconds for which no process is to send
---@param wall number
---@param now number the same time on core.now()
function M.failed(record, last, pause, wall, now)
  local kept = tables.copy(last)
  if type(kept.held) == "number" then
    kept.held = kept.held - now
  end
  return { token = record.token, issued = record.issued, last = kept,
    failed = wall, pause = math.min(pause, MAX_PAUSE) }
end

--- The record with a refresh token noted as spent, before it is sent.
---@param record table
---@param spent string its fingerprint
function M.spending(record, spent)
  local last = tables.update({ streak = 0 }, record.last)
  last.spent = spent
  return { token = record.token, issued = record.issued, last = last,
    failed = record.failed, pause = record.pause }
end

-- How long it is of use.
local function life(record, wall)
  local fields, seconds = M.token(record, wall)
  local pause = M.pause(record, wall)
  if pause > 0 then
    seconds = math.max(seconds, pause + REMEMBERED)
  end
  if fields and fields.refresh_token then
    local ends = fields.refresh_expires_at
    seconds = math.max(seconds, math.min(MAX_REFRESH_LIFE,
      ends and ends - wall or MAX_REFRESH_LIFE))
  end
  return seconds
end

--- Record to text.
---@param record table
---@param wall number
---@return string|nil text nil: there is a number in it that JSON can't write
---@return number ttl seconds that it is of use; 0: don't keep it
---@return string|nil message why there is no text
function M.encode(record, wall)
  local fields, text, message = tables.copy(record), nil, nil
  fields.format = FORMAT
  if record.token then
    fields.token, message = token.trim(record.token)
  end
  if fields.token or not record.token then
    text, message = json.encode(fields)
  end
  return text, text and life(record, wall) or 0, message
end

local function is_token(fields)
  return type(fields.access_token) == "string"
    and fields.access_token:find "^[\33-\126]+$"
    and type(fields.expires_in) == "number"
    and type(fields.expires_at) == "number"
end

--- Text to record.
---@param text string
---@return table|nil record nil: of another format, or none at all
function M.decode(text)
  local record = json.decode(text)
  if type(record) ~= "table" or record.format ~= FORMAT then
    return nil
  end
  local fields, last = record.token, record.last
  if fields ~= nil and (type(fields) ~= "table" or not is_token(fields))
    or last ~= nil and type(last) ~= "table" then
    return nil
  end
  record.token = fields and token.new(fields)
  return record
end

return M
