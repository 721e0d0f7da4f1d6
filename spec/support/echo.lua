-- echo: the ways in which a server can repeat a header, for raw servers; and
-- one response that repeats none.
local DIGITS =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- RFC 4648, section 4, with bits as text.
local function base64(text)
  local bits = text:gsub(".", function(char)
    local byte, digits = char:byte(), ""
    for _ = 1, 8 do
      digits, byte = byte % 2 .. digits, math.floor(byte / 2)
    end
    return digits
  end)
  local length = #bits
  bits = bits .. ("0"):rep(-length % 6)
  return bits:gsub("......", function(six)
    local at = tonumber(six, 2) + 1
    return DIGITS:sub(at, at)
  end) .. ("="):rep(-length / 8 % 3)
end

local function url_safe(text)
  return (base64(text):gsub("[+/=]", { ["+"] = "-", ["/"] = "_", ["="] = "" }))
end

local function hex(text, form, between)
  local parts = {}
  for char in text:gmatch "." do
    parts[#parts + 1] = (form or "%02x"):format(char:byte())
  end
  return table.concat(parts, between)
end

local M = {}

local function add(name, f)
  M[name] = function(header, request)
    return '{"args":["' .. f(header, request) .. '"],"code":"E1"}'
  end
end

add("plain", function(header) return header end)
add("escaped", function(header)
  return (header:gsub("[^%w]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end)
add("base64", base64)
add("base64_of_url", url_safe)
add("base64_twice", function(header)
  return base64("x" .. base64(header))
end)
add("base64_twice_mixed", function(header)
  return url_safe(base64("xy" .. header))
end)
add("base64_in_lines", function(header)
  return (base64(base64(header)):gsub("....", "%0\\n"))
end)
add("hex_lower", function(header) return hex(header) end)
add("hex_upper", function(header) return hex(header, "%02X") end)
add("hex_with_colons", function(header) return hex(header, "%02x", ":") end)
add("hex_dump", function(header) return hex(header, "0x%02X", ", ") end)
add("hex_escapes", function(header) return hex(header, "\\\\x%02x") end)
add("hex_of_base64", function(header) return hex(base64(header)) end)
add("base64_of_hex", function(header)
  return base64("abc" .. hex(header, "%02X"))
end)
add("hex_twice", function(header) return hex(hex(header)) end)

-- What no search for the token can find is seen by the headers' names.
function M.names(header, request)
  return ('{"headers":{"Authorization":"%s","User-Agent":"%s"}}'):format(
    header:reverse(), request.headers["user-agent"])
end
function M.environment(header)
  return "HTTP_AUTHORIZATION=" .. header:gsub(".", "%0 ")
    .. "\nHTTP_USER_AGENT=x\n"
end

function M.harmless()
  return '{"data":[{"name":"Authorization of a port","agent":"user agent",'
    .. '"uuid":"9a2b7c1e-0f3d-4c5b-8e6a-7d8c9b0a1f2e","note":"QUJDREVGR0g="'
    .. '}],"errorCode":"E1"}'
end

return M
