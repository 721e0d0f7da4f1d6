--- redact: a text without the tokens that it brings back.
--
-- Law of this file: what counts is what a text means to its reader. A token
-- that is there after the escapes of JSON and of URLs are undone, or in
-- Base64, is taken out; where it is hidden deeper (in entities of HTML, in
-- Base64 of several lines) nothing is given at all.
-- All of it takes time in proportion to the text: no pattern here looks
-- further than it takes.

local M = {}

local WITHHELD = "(withheld: the token was in it)"

local DIGITS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- The digits that stand for a text behind `skipped` other bytes, without
-- those that its neighbours have a part in (RFC 4648, section 4).
local function base64_inside(text, skipped)
  local digits, bits, count = {}, 0, 0
  for byte in (("\0"):rep(skipped) .. text):gmatch "." do
    bits, count = bits * 256 + byte:byte(), count + 8
    while count >= 6 do
      count = count - 6
      local digit = math.floor(bits / 2 ^ count)
      digits[#digits + 1] = DIGITS:sub(digit + 1, digit + 1)
      bits = bits % 2 ^ count
    end
  end
  return table.concat(digits):sub(math.ceil(skipped * 8 / 6) + 1)
end

local MIN_DIGITS = 8 -- fewer are found anywhere

local function words_of(tokens)
  local words = {}
  for _, token in ipairs(tokens) do
    words[#words + 1] = token
    for skipped = 0, 2 do
      local word = base64_inside(token, skipped)
      if #word >= MIN_DIGITS then
        words[#words + 1] = word
        words[#words + 1] = word:gsub("[+/]", { ["+"] = "-", ["/"] = "_" })
      end
    end
  end
  return words
end

local function shows(text, words)
  for _, word in ipairs(words) do
    if text:find(word, 1, true) then
      return true
    end
  end
  return false
end

local function without(text, word)
  local parts, from = {}, 1
  while true do
    local at, to = text:find(word, from, true)
    if not at then
      parts[#parts + 1] = text:sub(from)
      return table.concat(parts, "[redacted]")
    end
    parts[#parts + 1] = text:sub(from, at - 1)
    from = to + 1
  end
end

local function char_of(hex)
  return string.char(tonumber(hex, 16))
end

-- The same as it stands in a string of JSON; nil: it stays escaped.
local function quoted(hex)
  local char = char_of(hex)
  if char:find '["\\]' then
    return "\\" .. char
  end
  return char:find "^[ -~]$" and char or nil
end

-- JSON with the characters of ASCII as they are. A backslash takes the next
-- character with it, so that an escaped one begins nothing.
local function unescaped(text)
  return (text:gsub("\\(.)([^\\]?[^\\]?[^\\]?[^\\]?)", function(kind, rest)
    local hex = kind == "u" and rest:match "^00(%x%x)$"
    return kind == "/" and "/" .. rest or hex and quoted(hex) or nil
  end))
end

-- Twice: what was in a URL may be in another one.
local function unpercented(text)
  return (text:gsub("%%(%x%x)", quoted):gsub("%%(%x%x)", quoted))
end

-- Of HTML's names for characters those that a token or Base64 may have and
-- that anybody writes.
local NAMED = {
  amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", sol = "/",
  plus = "+", equals = "=", period = ".", lowbar = "_",
}

local function named(name)
  return NAMED[name:lower()]
end

local function numbered(base)
  return function(digits)
    local code = tonumber(digits, base)
    return code and code >= 0 and code < 128 and string.char(code) or nil
  end
end

local decimal, hexadecimal = numbered(10), numbered(16)

-- An entity may lack its end.
local function without_entities(text)
  return (text:gsub("&#[xX](%x+);?", hexadecimal)
    :gsub("&#(%d+);?", decimal):gsub("&(%a+);?", named))
end

-- The text as those might read it who undo more than they should. Twice, since
-- there is "&amp;#47;" and "%26%2347;".
local function bare(text)
  text = text:gsub("\\u00(%x%x)", char_of)
  for _ = 1, 2 do
    text = without_entities(text:gsub("%%(%x%x)", char_of))
  end
  return text
end

-- Lines are broken by what is a space, and by what escapes one.
local function in_one_line(text)
  return (text:gsub("\\+[nrt]?", ""):gsub("%s+", ""))
end

local function hides(text, words)
  text = bare(text)
  return shows(text:gsub("\\", ""), words)
    or shows(in_one_line(text), words)
end

--- Takes tokens out.
---@param text string JSON, or anything
---@param tokens string[]
---@return string text of the same kind, or what is neither JSON nor a secret
function M.text(text, tokens)
  local words = words_of(tokens)
  -- Other answers keep their escapes.
  local plain = unpercented(unescaped(text))
  if shows(plain, words) then
    text = plain
  end
  for _, word in ipairs(words) do
    text = without(text, word)
  end
  return hides(text, words) and WITHHELD or text
end

return M
