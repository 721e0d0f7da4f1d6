-- record: what is in a store, after it was unsealed.
--
-- Input: the text of the record.
local json = require "equinix.base.json"
local record = require "equinix.tokens.record"

local WALL, NOW = 1.8e9, 1e5

local function in_bounds(seconds, most)
  assert(type(seconds) == "number" and seconds >= 0 and seconds <= most,
    "seconds have their bounds")
end

local function check(found)
  local token, left = record.token(found, WALL)
  in_bounds(left, 24 * 3600)
  assert(not token or token.access_token:find "^[\33-\126]+$",
    "a token has no byte that a header can't have")
  local pause = record.pause(found, WALL)
  in_bounds(pause, 3600)
  local last = record.last(found, WALL, NOW)
  assert(not last.held or type(last.held) ~= "number"
    or last.held <= NOW + 3600, "a latch has its bounds")
  return last, pause
end

return function(text)
  local found = record.decode(text)
  if not found then
    return
  end
  local last, pause = check(found)
  local again, ttl = record.encode(found, WALL)
  in_bounds(ttl, 60 * 24 * 3600)
  check(assert(record.decode(again), "what is written can be read"))
  local failed = record.failed(found, last, pause, WALL, NOW)
  check(assert(record.decode((record.encode(failed, WALL)))))
  local spent = record.spending(found, "fingerprint")
  check(assert(record.decode((record.encode(spent, WALL)))))
  assert(json.encode(tostring(found.token)), "a token prints")
end
