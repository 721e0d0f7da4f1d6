--- echo_samples: whether a text can have a spelling of a token in it at all.
--
-- Law of this file: false is certain, true is a guess. It must never say false
-- where echo.lua sees a token, so whatever it does not understand is true.
--
-- RATIONALE: every answer of the API is looked at, and few of them can have a
-- token in them. A spelling without escapes is long, so one of the samples,
-- taken as far apart as the shortest one allows, begins inside it: the
-- characters that follow, spaces left out, are then a part of it. The same
-- holds for hexadecimal digits, whatever stands between them.

local M = {}

local BLOCK = 6 -- characters of a sample: as a number they fit a float
local HEX_BLOCK = 12 -- hexadecimal digits
local HEX_START = 4 -- of them, which say already that most samples are none

-- A sample that takes more of the text than this is suspect: the time must not
-- grow with what stands between.
local MAX_SPAN = 400

-- By byte; complete, which makes the look-ups fast. NONE: not a digit.
local HEX, SPACE, NONE = {}, {}, -1
for byte = 0, 255 do
  HEX[byte] = tonumber(string.char(byte):match "^%x$" or "", 16) or NONE
  SPACE[byte] = byte == 32 or byte >= 9 and byte <= 13
end

-- All numbers that a sample in one of the forms can have.
local function samples_of(forms, block, value_of, base)
  local known = {}
  for _, form in ipairs(forms) do
    for at = 1, #form - block + 1 do
      local sample = 0
      for i = at, at + block - 1 do
        sample = sample * base + value_of(form:byte(i))
      end
      known[sample] = true
    end
  end
  return known
end

local function shortest(forms)
  local length = math.huge
  for _, form in ipairs(forms) do
    length = math.min(length, #form)
  end
  return length
end

-- Whether the sample that begins at `at` is known: the next characters that
-- are no space.
local function known_characters(text, at, known)
  local sample, count = 0, 0
  for i = at, math.min(#text, at + MAX_SPAN) do
    local byte = text:byte(i)
    if not SPACE[byte] then
      sample, count = sample * 256 + byte, count + 1
      if count == BLOCK then
        return known[sample] ~= nil
      end
    end
  end
  return #text > at + MAX_SPAN
end

-- The same for hexadecimal digits; "0x" is none, so each digit waits for what
-- comes after it.
local function known_digits(text, at, known, starts)
  local sample, count, zero = 0, 0, false
  for i = at, math.min(#text, at + MAX_SPAN) do
    local byte = text:byte(i)
    local digit = HEX[byte]
    if digit ~= NONE then
      if count == HEX_START and not starts[sample] then
        return false
      elseif count == HEX_BLOCK then
        return known[sample] ~= nil
      end
      sample, count, zero = sample * 16 + digit, count + 1, digit == 0
    else
      if zero and (byte == 120 or byte == 88) then
        sample, count = sample / 16, count - 1
      end
      zero = false
    end
  end
  return #text > at + MAX_SPAN or count == HEX_BLOCK and known[sample] ~= nil
end

local function has_sample(text, step, is_known, known, starts)
  for at = 1, #text, step do
    if is_known(text, at, known, starts) then
      return true
    end
  end
  return false
end

-- Whether what follows one of these characters fits; patterns without a start
-- would take longer than all the rest.
local function any_after(text, character, fits)
  local at = text:find(character, 1, true)
  while at do
    if fits(text, at + 1) then
      return true
    end
    at = text:find(character, at + 1, true)
  end
  return false
end

-- "authorization", in any case of letters.
local function ends_header(text, at)
  return text:find("^[aA][tT][iI][oO][nN]", at) ~= nil
end

local function has_header(text)
  return any_after(text, "z", ends_header) or any_after(text, "Z", ends_header)
end

local function has_space(forms)
  for _, form in ipairs(forms) do
    if form:find "%s" then
      return true
    end
  end
  return false
end

--- What says whether a text can have one of these forms in it.
---@param forms {all: string[], hex: string[]} the spellings without escapes;
---  those among hexadecimal digits
---@param named fun(name: string): string|nil the character of a name of HTML
---@return fun(text: string): boolean
function M.new(forms, named)
  local step = shortest(forms.all) - BLOCK + 1
  local hex_step = shortest(forms.hex) - HEX_BLOCK
  if step < 1 or hex_step < 1 or has_space(forms.all) then
    return function()
      return true
    end
  end
  local all = samples_of(forms.all, BLOCK, function(byte)
    return byte
  end, 256)
  local function digit_of(byte)
    return HEX[byte]
  end
  local hex = samples_of(forms.hex, HEX_BLOCK, digit_of, 16)
  local starts = samples_of(forms.hex, HEX_START, digit_of, 16)
  -- An escape of HTML; the semicolon may be missing.
  local function is_entity(text, at)
    return text:byte(at) == 35 -- "#"
      or named(text:match("^[A-Za-z]*", at)) ~= nil
  end
  return function(text)
    return text:find("\\", 1, true) ~= nil or text:find("%", 1, true) ~= nil
      or any_after(text, "&", is_entity)
      or has_sample(text, step, known_characters, all)
      or has_sample(text, hex_step, known_digits, hex, starts)
      or has_header(text)
  end
end

return M
