--- redact: removes tokens from a text that repeats them.
--
-- Law of this file: what counts is what a text means to its reader. A token
-- that appears after the escapes of JSON and of URLs are undone, or in Base64,
-- is removed; where it is hidden deeper (in entities of HTML, in Base64 of
-- several lines) the whole text is withheld.
-- The time is proportional to the length of the text: no pattern here looks
-- further than what it consumes.

local lower = require("equinix.base.text").lower

local M = {}

local WITHHELD = "(withheld: the token was in it)"

local DIGITS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- The Base64 digits of a text after `skipped` other bytes, without the digits
-- that also depend on the bytes around it (RFC 4648, section 4).
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

local MIN_DIGITS = 8 -- fewer appear by chance

-- The texts in which the tokens may appear.
local function forms_of(tokens)
  local forms = {}
  for _, token in ipairs(tokens) do
    forms[#forms + 1] = token
    for skipped = 0, 2 do
      local form = base64_inside(token, skipped)
      if #form >= MIN_DIGITS then
        forms[#forms + 1] = form
        forms[#forms + 1] = form:gsub("[+/]", { ["+"] = "-", ["/"] = "_" })
      end
    end
  end
  return forms
end

local function contains(text, forms)
  for _, form in ipairs(forms) do
    if text:find(form, 1, true) then
      return true
    end
  end
  return false
end

local function without(text, form)
  local parts, from = {}, 1
  while true do
    local at, to = text:find(form, from, true)
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

-- The same as it is written in a JSON string; nil: it stays escaped.
local function quoted(hex)
  local char = char_of(hex)
  if char:find '["\\]' then
    return "\\" .. char
  end
  return char:find "^[ -~]$" and char or nil
end

-- JSON with its ASCII characters unescaped. A backslash is consumed together
-- with the next character, so that an escaped backslash starts no escape.
local function unescaped(text)
  return (text:gsub("\\(.)([^\\]?[^\\]?[^\\]?[^\\]?)", function(kind, rest)
    local hex = kind == "u" and rest:match "^00(%x%x)$"
    return kind == "/" and "/" .. rest or hex and quoted(hex) or nil
  end))
end

-- Twice: a URL may be part of another URL.
local function unpercented(text)
  return (text:gsub("%%(%x%x)", quoted):gsub("%%(%x%x)", quoted))
end

-- The common names of HTML for characters that a token or Base64 may have.
local NAMED = {
  amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", sol = "/",
  plus = "+", equals = "=", period = ".", lowbar = "_",
}

local function named(name)
  return NAMED[lower(name)]
end

local function numbered(base)
  return function(digits)
    local code = tonumber(digits, base)
    return code and code >= 0 and code < 128 and string.char(code) or nil
  end
end

local decimal, hexadecimal = numbered(10), numbered(16)

-- The semicolon may be missing.
local function without_entities(text)
  return (text:gsub("&#[xX](%x+);?", hexadecimal)
    :gsub("&#(%d+);?", decimal):gsub("&([A-Za-z]+);?", named))
end

-- The text as a reader sees it that undoes more escapes than it should. Twice,
-- since there is "&amp;#47;" and "%26%2347;".
local function bare(text)
  text = text:gsub("\\u00(%x%x)", char_of)
  for _ = 1, 2 do
    text = without_entities(text:gsub("%%(%x%x)", char_of))
  end
  return text
end

-- Lines are broken by spaces and by escaped spaces.
local function in_one_line(text)
  return (text:gsub("\\+[nrt]?", ""):gsub("%s+", ""))
end

local function hides(text, forms)
  text = bare(text)
  return contains(text:gsub("\\", ""), forms)
    or contains(in_one_line(text), forms)
end

--- Removes tokens.
---@param text string JSON, or anything
---@param tokens string[]
---@return string text JSON if it was JSON; or a text that says it was withheld
function M.text(text, tokens)
  local forms = forms_of(tokens)
  -- A text without a token keeps its escapes.
  local plain = unpercented(unescaped(text))
  if contains(plain, forms) then
    text = plain
  end
  for _, form in ipairs(forms) do
    text = without(text, form)
  end
  return hides(text, forms) and WITHHELD or text
end

return M
