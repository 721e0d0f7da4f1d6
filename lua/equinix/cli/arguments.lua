--- arguments: numbers and requests from the words of a command line.
--
-- Law of this file: a mistake in the command line is reported before anything
-- is sent, and the message names the option. No message quotes a credential.

local json = require "equinix.base.json"
local nginx = require("equinix.base.lazy") "equinix.supervisor.nginx"
local text_of = require "equinix.base.text"
local trim = require "equinix.base.trim"

local M = {}

--- A converter for argparse that accepts the whole numbers of a range.
---@param least integer
---@param most integer
---@return fun(text: string): integer|nil, string|nil
function M.between(least, most)
  return function(text)
    local n = text:find "^%d+$" and tonumber(text)
    if n and n >= least and n <= most then
      return n
    end
    return nil, ("'%s' is not a whole number from %d to %d"):format(text,
      least, most)
  end
end

--- A converter for argparse that accepts a number of seconds.
---@param text string
---@return number|nil
---@return string|nil message
function M.seconds(text)
  local n = text_of.number(text)
  if n and n > 0 and n < math.huge then
    return n
  end
  return nil, ("'%s' is not a number of seconds above 0"):format(text)
end

-- An nginx that was named has to be there, and to run Lua.
local function nginx_of(path)
  local found, message = nginx.find(path)
  return found and path, message
end

--- The options of a command that runs nginx in the foreground.
function M.nginx_options(command)
  command:option("--ready-file", "Write a JSON object into this file when it "
    .. "listens."):target "ready_file":argname "<path>"
  command:flag("--until-eof", "End when standard input ends.")
    :target "until_eof"
  command:option("--nginx", "Use this nginx."):convert(nginx_of)
    :argname "<path>"
end

local function unreadable(reason)
  return "-d: the body can't be read: " .. reason
end

-- The body itself, @file, or - for standard input.
local function read_body(text)
  local file, name = io.stdin, "standard input"
  if text:sub(1, 1) == "@" then
    local opened, reason = io.open(text:sub(2), "rb")
    if not opened then
      return nil, unreadable(reason) -- it begins with the name of the file
    end
    file, name = opened, text:sub(2)
  elseif text ~= "-" then
    return text
  end
  local body, reason = file:read "*a"
  if file ~= io.stdin then
    file:close()
  end
  if not body then
    return nil, unreadable(name .. ": " .. tostring(reason))
  end
  return body
end

-- { "a=1", "b=2", "b=3" } -> { a = "1", b = { "2", "3" } }
local function query_of(words)
  local query = {}
  for _, text in ipairs(words) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then
      return nil, ("-q %s: give a query parameter as name=value"):format(text)
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

local AUTHORIZATION = "-H: Authorization is set by this command, from the "
  .. "credentials in the environment; to use a token of your own set "
  .. "EQUINIX_API_TOKEN"

-- The second value is a set of the names in lower case, or a message.
local function headers_of(lines)
  local headers, names = {}, {}
  for _, line in ipairs(lines) do
    local name, value = line:match "^([^:%s]+):(.*)$"
    local lower = name and text_of.lower(name)
    if not name then
      -- Not quoted: a line without a colon may be a credential.
      return nil, "-H: give a header as 'Name: value'"
    elseif lower == "authorization" then
      return nil, AUTHORIZATION
    elseif names[lower] then
      return nil, ("-H: %s is given twice; give one header with both values, "
        .. "separated by a comma"):format(name)
    end
    headers[name], names[lower] = trim.both(value, "%s"), true
  end
  return headers, names
end

local NOT_JSON = "-d: the body is not JSON (%s); for another kind of body "
  .. "give -H 'Content-Type: ...'"

-- Without a Content-Type the body has to be JSON. Returns a message or nil.
local function add_body(request, text, names)
  local body, message = read_body(text)
  if not body then
    return message
  elseif not names["content-type"] then
    local value, reason = json.decode(body)
    if value == nil then
      return NOT_JSON:format(reason)
    end
    request.headers["Content-Type"] = "application/json"
  end
  request.body = body
end

---@class equinix.cli.RequestArgs as argparse returns them
---@field method string
---@field path string
---@field data? string
---@field query string[]
---@field headers string[]

--- The request.
---@param args equinix.cli.RequestArgs
---@return equinix.Request|nil
---@return string|nil message
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
    method = text_of.upper(args.method),
    path = args.path,
    query = next(query) and query,
    headers = headers,
  }
  local message = args.data and add_body(request, args.data, names)
  if message then
    return nil, message
  end
  return request
end

return M
