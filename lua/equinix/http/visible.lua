--- visible: what of a URL, of headers and of a body may be shown.
--
-- Law of this file: what has a part of a known secret in it (secret_parts) is
-- not shown at all, and what a name calls a secret loses its value. Names and
-- values are shown together only where both may be; of a body the beginning,
-- up to the first member that is called a secret. Pure; what it returns may
-- have any bytes in it (base/printable).

local lower = require("equinix.base.text").lower

local M = {}

local HIDDEN = "[hidden]"
local REPEATS = "[not shown: a secret is in it]"
local MAX_BODY, MAX_VALUE, MAX_URL = 256, 256, 1000 -- bytes
local MAX_HEADERS = 64 -- lines

-- Parts of names whose values are secrets.
local WORDS = { "authoriz", "token", "secret", "passw", "passphrase", "cookie",
  "credential", "signature", "session", "assertion", "apikey", "privatekey",
  "handle" }

--- Whether a name says that its value is a secret.
---@param name string
---@return boolean
function M.is_secret(name)
  local text = lower(name):gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end)
  text = lower(text):gsub("[^a-z]+", "")
  for _, word in ipairs(WORDS) do
    if text:find(word, 1, true) then
      return true
    end
  end
  return text:find "key$" ~= nil or text == "sig"
end

local function query_of(query, hide_all)
  return (query:gsub("[^&;]+", function(pair)
    local name = pair:match "^([^=]*)="
    return name and (hide_all or name == "code" or M.is_secret(name))
      and name .. "=" .. HIDDEN or nil
  end))
end

--- A URL without user, password and fragment.
---@param url string
---@param sees fun(text: string): boolean of secret_parts
---@param hide_all? boolean no value of its query is shown
---@return string
function M.url(url, sees, hide_all)
  local text = url:gsub("#.*$", "")
    :gsub("^([A-Za-z][A-Za-z0-9+.-]*://)[^/?]*@", "%1" .. HIDDEN .. "@")
  text = text:sub(1, MAX_URL)
  local path, query = text:match "^([^?]*)%??(.*)$"
  if sees(path) then
    path = (path:match "^[A-Za-z]+://[^/]*/?" or "") .. HIDDEN
    path = sees(path) and HIDDEN or path
  end
  if query == "" then
    return path
  elseif sees(text) or sees(query) then
    return path .. "?" .. HIDDEN
  end
  return path .. "?" .. query_of(query, hide_all)
end

-- Of a Link or Location: values of queries may be secrets that the client does
-- not know.
local URLS = { location = true, ["content-location"] = true, link = true,
  refresh = true, referer = true }

local function value_of(name, value, sees)
  if M.is_secret(name) then
    return HIDDEN
  elseif URLS[lower(name)] then
    value = M.url(value, sees, true)
  end
  value = value:sub(1, MAX_VALUE)
  return sees(value) and REPEATS or value
end

--- Headers, as lines. A secret may be split over several of them.
---@param headers {[1]: string, [2]: string}[]
---@param sees fun(text: string): boolean of secret_parts
---@return string[]
function M.headers(headers, sees)
  local lines, values = {}, {}
  for i, header in ipairs(headers) do
    if i > MAX_HEADERS then
      lines[i] = ("[%d more]"):format(#headers - MAX_HEADERS)
      break
    end
    local value = value_of(header[1], header[2], sees)
    values[i] = value
    lines[i] = (sees(header[1]) and HIDDEN or header[1]) .. ": " .. value
  end
  if sees(table.concat(values)) or sees(table.concat(lines)) then
    return { REPEATS }
  end
  return lines
end

local MEMBER = "([A-Za-z0-9_%%.-]+)\\*[\"']?%s*[:=>]"

-- Where a member that is called a secret begins its value.
local function secret_at(text)
  local at = 1
  while true do
    local first, stop, name = text:find(MEMBER, at)
    if not first then
      return nil
    elseif M.is_secret(name) then
      return stop
    end
    at = stop + 1
  end
end

-- A name is read as it is meant: in JSON "\u0070" is p.
local function letter(digits)
  local char = string.char(tonumber(digits, 16))
  return char:find "^[A-Za-z0-9]$" and char or nil
end

--- The beginning of a body.
---@param body string
---@param sees fun(text: string): boolean of secret_parts
---@return string
function M.body(body, sees)
  local text = body:sub(1, MAX_BODY)
  if sees(text) then
    return REPEATS
  end
  text = text:gsub("\\u00(%x%x)", letter)
  local stop = secret_at(text)
  if stop then
    return text:sub(1, stop) .. " " .. HIDDEN .. " ..."
  end
  return text .. (#body > MAX_BODY and "..." or "")
end

return M
