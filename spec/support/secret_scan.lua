-- secret_scan: where a text has 8 bytes in a row of a secret, in the spellings
-- in which they could get there. It shares nothing with the code that hides
-- them.
--
--   secret_scan.find(text, { secret = "..." })    -> nil | what is there
local M = {}

local LENGTH = 8

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  .. "0123456789+/"

--- Whole groups only: RFC 4648, with bits as text.
function M.base64(text)
  local bits = text:gsub(".", function(char)
    local byte, digits = char:byte(), ""
    for _ = 1, 8 do
      digits = byte % 2 .. digits
      byte = math.floor(byte / 2)
    end
    return digits
  end)
  return (bits:sub(1, #bits - #bits % 6):gsub("......", function(six)
    local index = tonumber(six, 2) + 1
    return ALPHABET:sub(index, index)
  end))
end

local function each(format)
  return function(text)
    return (text:gsub(".", function(char)
      return format:format(char:byte())
    end))
  end
end

local function reserved(text)
  return (text:gsub("[^%w%-._~]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

-- Each spelling of 8 bytes.
local SPELLINGS = {
  ["as it is"] = function(text)
    return text
  end,
  ["in a URL"] = reserved,
  ["in a form"] = function(text)
    return (reserved(text):gsub("%%20", "+"))
  end,
  ["with every byte escaped"] = each "%%%02x",
  ["with every byte escaped, in capitals"] = each "%%%02X",
  ["as escapes of JSON"] = each "\\u%04x",
  ["as hexadecimal digits"] = each "%02x",
  ["as hexadecimal digits, in capitals"] = each "%02X",
}

local function windows_of(text)
  local found = {}
  for at = 1, #text - LENGTH + 1 do
    found[text:sub(at, at + LENGTH - 1)] = true
  end
  return found
end

local function found_as_base64(windows, secret)
  for skipped = 0, 2 do
    local form = M.base64(("\0"):rep(skipped) .. secret)
      :sub(skipped == 0 and 1 or skipped + 2)
    local url = form:gsub("[+/]", { ["+"] = "-", ["/"] = "_" })
    for at = 1, #form - LENGTH + 1 do
      local part = form:sub(at, at + LENGTH - 1)
      if windows[part] or windows[url:sub(at, at + LENGTH - 1)] then
        return part
      end
    end
  end
end

local function found_spelled(text, windows, part)
  for name, spell in pairs(SPELLINGS) do
    local spelled = spell(part)
    if windows[spelled:sub(1, LENGTH)] and text:find(spelled, 1, true) then
      return name
    end
  end
end

--- What is there of a secret.
---@param text string
---@param secrets table<string, string> by what they are called
---@return string|nil complaint
function M.find(text, secrets)
  local windows = windows_of(text)
  for name, secret in pairs(secrets) do
    assert(#secret >= LENGTH, name)
    local digits = found_as_base64(windows, secret)
    if digits then
      return ("%s as Base64, %s"):format(name, digits)
    end
    for at = 1, #secret - LENGTH + 1 do
      local part = secret:sub(at, at + LENGTH - 1)
      local how = found_spelled(text, windows, part)
      if how then
        return ("%s %s, from byte %d"):format(name, how, at)
      end
    end
  end
end

return M
