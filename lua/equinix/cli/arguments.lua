--- arguments: numbers and requests out of the words of a command line.
--
-- Law of this file: what is wrong with the words is said before anything is
-- sent, by the word that is wrong. No word of it is a credential.

local json = require "equinix.base.json"

local M = {}

--- What reads a whole number of a range, for argparse.
---@param least integer
---@param most integer
---@return fun(text: string): integer|nil, string|nil
function M.between(least, most)
  return function(text)
    local n = text:find "^%d+$" and tonumber(text)
    if n and n >= least and n <= most then
      return n
    end
    return nil, ("'%s' is no number from %d to %d"):format(text, least, most)
  end
end

-- JSON itself, @file, or - for standard input.
local function body_of(text)
  local file, name = io.stdin, "standard input"
  if text:sub(1, 1) == "@" then
    local opened, reason = io.open(text:sub(2), "rb")
    if not opened then
      -- The reason begins with the name already.
      return nil, "-d: the body can't be read: " .. reason
    end
    file, name = opened, text:sub(2)
  elseif text ~= "-" then
    return text
  end
  local body, why = file:read "*a"
  if file ~= io.stdin then
    file:close()
  end
  if not body then
    return nil, ("-d: the body can't be read: %s: %s"):format(name,
      tostring(why))
  end
  return body
end

-- { "a=1", "b=2", "b=3" } -> { a = "1", b = { "2", "3" } }
local function query_of(words)
  local query = {}
  for _, text in ipairs(words) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then
      return nil, ("-q %s: a query parameter is given as name=value"):format(
        text)
    end
    local before = query[name]
    if type(before) == "table" then
      before[#before + 1] = value
    else
      query[name] = before and { before, value } or value
    end
  end
  return query
end

local OURS = "-H: Authorization is set by this command, out of the "
  .. "credentials in the environment; for a token of your own set "
  .. "EQUINIX_API_TOKEN"

-- The second value is a set of the names in lower case, or what is wrong.
local function headers_of(lines)
  local headers, names = {}, {}
  for _, line in ipairs(lines) do
    local name, value = line:match "^([^:%s]+):%s*(.-)%s*$"
    local lower = name and name:lower()
    if not name then
      -- Not quoted: a line without a colon may be anything.
      return nil, "-H: a header is given as 'Name: value'"
    elseif lower == "authorization" then
      return nil, OURS
    elseif names[lower] then
      return nil, ("-H: %s is given twice; its values go into one, with "
        .. "commas"):format(name)
    end
    headers[name], names[lower] = value, true
  end
  return headers, names
end

local NOT_JSON = "-d: the body is not JSON (%s); for another kind give "
  .. "-H 'Content-Type: ...'"

-- A body is JSON unless its kind is told.
local function add_body(request, text, names)
  local body, reason = body_of(text)
  if not body then
    return reason
  elseif not names["content-type"] then
    local value, where = json.decode(body)
    if value == nil then
      return NOT_JSON:format(where)
    end
    request.headers["Content-Type"] = "application/json"
  end
  request.body = body
end

---@class equinix.cli.RequestArgs as argparse gives them
---@field method string
---@field path string
---@field data? string
---@field query string[]
---@field headers string[]

--- The request.
---@param args equinix.cli.RequestArgs
---@return equinix.Request|nil
---@return string|nil mistake
function M.request(args)
  local query, bad_query = query_of(args.query)
  if not query then
    return nil, bad_query
  end
  local headers, names = headers_of(args.headers)
  if not headers then
    return nil, names
  end
  local request = {
    method = args.method:upper(),
    path = args.path,
    query = next(query) and query,
    headers = headers,
  }
  local mistake = args.data and add_body(request, args.data, names)
  if mistake then
    return nil, mistake
  end
  return request
end

return M
