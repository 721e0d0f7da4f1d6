--- secret_parts: whether a text has a part of a secret in it.
--
-- Law of this file: 8 letters and digits in a row are a part; less may be
-- chance, and is no help. What stands between them does not count, nor the
-- case of letters: so a secret is also seen in pieces, in escapes of JSON,
-- URLs and HTML (http/echo undoes these), in a form, in Base64 of either
-- alphabet, in hexadecimal, and in one of the last two inside the other, where
-- the whole of it is there. What is seen by mistake is not shown, which costs
-- little. The secrets are kept in functions: no dump of a table shows them.

local echo = require "equinix.http.echo"
local lower = require("equinix.base.text").lower

local M = {}

local PART = 8 -- characters
local SHORTEST = 4 -- what is shorter is in every text
local LEAST_RUN = 12 -- characters that are read as Base64 or hexadecimal
-- The oldest secrets go when there are more, or all have more parts.
local MAX_PARTS, LEAST_SECRETS, MAX_SECRETS = 200000, 4, 64

local function squeezed(text)
  return (lower(text):gsub("[^a-z0-9]+", ""))
end

-- The spellings of a secret that can't be undone in a text piece by piece.
local function forms_of(secret)
  local forms = { secret, echo.hex_of(secret, "%02x") }
  for skipped = 0, 2 do
    forms[#forms + 1] = echo.base64_inside(secret, skipped)
  end
  return forms
end

---@class equinix.http.SecretParts.Known of one secret
---@field parts table<string, true>
---@field count integer of them
---@field short? string the whole secret, where it has no part

local function known_of(secret)
  local known = { parts = {}, count = 0 }
  for _, form in ipairs(forms_of(secret)) do
    local text = squeezed(form)
    for at = 1, #text - PART + 1 do
      known.parts[text:sub(at, at + PART - 1)] = true
      known.count = known.count + 1
    end
  end
  if #squeezed(secret) < PART then
    known.short = #secret >= SHORTEST and secret or nil
  end
  return known
end

local VALUES = {}
for i = 1, 64 do
  local digit = ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    .. "0123456789+/"):sub(i, i)
  VALUES[digit:byte()] = i - 1
end
VALUES[("-"):byte()], VALUES[("_"):byte()] = 62, 63

-- The bytes of a run of digits, read from its first, second ... one on.
local function from_digits(run, first, bits, value_of)
  local bytes, sum, count = {}, 0, 0
  for at = first, #run do
    sum, count = sum * 2 ^ bits + value_of(run:byte(at)), count + bits
    if count >= 8 then
      count = count - 8
      local byte = math.floor(sum / 2 ^ count)
      bytes[#bytes + 1] = string.char(byte)
      sum = sum - byte * 2 ^ count
    end
  end
  return table.concat(bytes)
end

local function digit_of(byte)
  return VALUES[byte]
end

local function hex_digit_of(byte)
  return tonumber(string.char(byte), 16)
end

-- What a text may stand for as Base64 or as hexadecimal.
local function add_decoded(readings, text)
  for run in text:gmatch "[A-Za-z0-9+/_-]+" do
    for first = 1, #run >= LEAST_RUN and 4 or 0 do
      readings[#readings + 1] = from_digits(run, first, 6, digit_of)
    end
  end
  for run in text:gmatch "%x+" do
    for first = 1, #run >= LEAST_RUN and 2 or 0 do
      readings[#readings + 1] = from_digits(run, first, 4, hex_digit_of)
    end
  end
end

local function char_of(digits)
  return string.char(tonumber(digits, 16))
end

-- The text as it may be meant.
local function readings_of(text)
  local plain = echo.bare(text):gsub("\\x(%x%x)", char_of)
  local readings = { text, plain }
  add_decoded(readings, plain)
  return readings
end

local function has_part(known, text, whole)
  if known.short and whole:find(known.short, 1, true) then
    return true
  end
  for at = 1, #text - PART + 1 do
    if known.parts[text:sub(at, at + PART - 1)] then
      return true
    end
  end
  return false
end

---@class equinix.http.SecretParts
---@field learn fun(secret: any) from now on it is seen; anything but a string
---  is none
---@field sees fun(text: string): boolean

--- Makes one that knows no secrets yet.
---@return equinix.http.SecretParts
function M.new()
  local secrets, count = {}, 0 -- the oldest first
  local function drop_oldest()
    count = count - secrets[1].known.count
    table.remove(secrets, 1)
  end
  return {
    learn = function(secret)
      if type(secret) ~= "string" or secret == "" then
        return
      end
      local entry
      for i, other in ipairs(secrets) do
        if other.is(secret) then
          entry = table.remove(secrets, i)
          break
        end
      end
      if not entry then
        entry = { known = known_of(secret), is = function(text)
          return text == secret
        end }
        count = count + entry.known.count
      end
      secrets[#secrets + 1] = entry
      while count > MAX_PARTS and #secrets > LEAST_SECRETS
        or #secrets > MAX_SECRETS do
        drop_oldest()
      end
    end,
    sees = function(text)
      for _, reading in ipairs(readings_of(text)) do
        local short = squeezed(reading)
        for _, entry in ipairs(secrets) do
          if has_part(entry.known, short, reading) then
            return true
          end
        end
      end
      return false
    end,
  }
end

return M
