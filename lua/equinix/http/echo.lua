--- echo: whether a response repeats the headers of its request, and so the
--- token.
--
-- Law of this file: it says which spellings are seen, and claims no others. A
-- token is seen as it is; after the escapes of JSON, URLs and HTML; in Base64,
-- also in several lines; in hexadecimal; and in two of the last two, one
-- inside the other. An echo is also seen by the names of the headers. What is
-- interleaved, split, encrypted or encoded more often is not seen. A text that
-- can't have any of them (echo_samples) is not looked at further.
-- The time is proportional to the length of the text: no pattern here looks
-- further than what it consumes.

local echo_samples = require "equinix.http.echo_samples"
local lower = require("equinix.base.text").lower

local M = {}

-- A token counts as seen when its end is: tokens of one issuer may all begin
-- alike.
local MAX_NEEDLE = 64

local MIN_DIGITS = 8 -- fewer appear by chance

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

local function add_base64(forms, text)
  for skipped = 0, 2 do
    local form = base64_inside(text, skipped)
    if #form >= MIN_DIGITS then
      local url_safe = form:gsub("[+/]", { ["+"] = "-", ["/"] = "_" })
      forms[#forms + 1] = form
      forms[#forms + 1] = url_safe ~= form and url_safe or nil
    end
  end
end

local function hex_of(text, form)
  return (text:gsub(".", function(char)
    return form:format(char:byte())
  end))
end

-- The texts in which a token may appear, and those in which it may appear
-- among hexadecimal digits.
local function forms_of(token)
  local needle = token:sub(-MAX_NEEDLE)
  local once = {}
  add_base64(once, needle)
  local all, hex = { needle }, { hex_of(needle, "%02x") }
  for _, form in ipairs(once) do
    all[#all + 1] = form
    add_base64(all, form)
    hex[#hex + 1] = hex_of(form, "%02x")
  end
  add_base64(all, hex[1])
  add_base64(all, hex_of(needle, "%02X"))
  hex[#hex + 1] = hex_of(hex[1], "%02x")
  hex[#hex + 1] = hex_of(hex_of(needle, "%02X"), "%02x")
  return { all = all, hex = hex }
end

local function contains(text, forms)
  for _, form in ipairs(forms) do
    if text:find(form, 1, true) then
      return true
    end
  end
  return false
end

local function char_of(hex)
  return string.char(tonumber(hex, 16))
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

-- Nothing but hexadecimal digits: "0x4A, 0x4b", "\x4a\x4b" and "4a:4b" are
-- 4a4b.
local function hex_digits(text)
  return (lower(text):gsub("0x", ""):gsub("[^0-9a-f]+", ""))
end

-- What two header lines look like, in JSON, in lines and in an environment.
local function has_header_names(text)
  return text:find "authorization[\"']*%s?[:=,]" ~= nil
    and text:find "user[_-]?agent[\"']*%s?[:=,]" ~= nil
end

-- For http/secret_parts, which sees parts of secrets.
M.base64_inside, M.hex_of, M.bare = base64_inside, hex_of, bare

--- What sees a token.
---@param token string
---@return fun(text: string): boolean whether the text repeats it, or headers
function M.detector(token)
  local forms = forms_of(token)
  local is_suspect = echo_samples.new(forms, named)
  return function(text)
    if not is_suspect(text) then
      return false
    elseif contains(text, forms.all) then
      return true
    end
    local plain = bare(text)
    local unquoted = plain:gsub("\\", "")
    return contains(unquoted, forms.all)
      or contains(in_one_line(plain), forms.all)
      or contains(hex_digits(plain), forms.hex)
      or has_header_names(lower(unquoted))
  end
end

return M
