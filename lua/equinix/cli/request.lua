--- request: `equinix-auth request METHOD PATH`, one authenticated call.

local access = require "equinix.cli.access"
local json = require "equinix.json"

local M = {}

local function read_all(file)
  local text, reason = file:read "*a"
  file:close()
  return text, reason
end

-- JSON itself, @file, or - for standard input.
local function body_of(text)
  if text == "-" then
    return read_all(io.stdin)
  elseif text:sub(1, 1) == "@" then
    local file, reason = io.open(text:sub(2), "rb")
    if not file then
      return nil, reason
    end
    return read_all(file)
  end
  return text
end

-- { "a=1", "a=2" } -> { a = { "1", "2" } }
local function query_of(pairs_given)
  local query = {}
  for _, text in ipairs(pairs_given) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then
      return nil, "a query parameter is given as name=value"
    end
    query[name] = query[name] or {}
    table.insert(query[name], value)
  end
  return query
end

local function headers_of(lines)
  local headers = {}
  for _, line in ipairs(lines) do
    local name, value = line:match "^([^:%s]+):%s*(.-)%s*$"
    if not name then
      return nil, "a header is given as 'Name: value'"
    end
    headers[name] = value
  end
  return headers
end

local function has_content_type(headers)
  for name in pairs(headers) do
    if name:lower() == "content-type" then
      return true
    end
  end
  return false
end

-- The request of the command line, or nil and what is wrong with it.
local function request_of(args)
  local query, bad_query = query_of(args.query)
  local headers, bad_header = headers_of(args.headers)
  if not query or not headers then
    return nil, bad_query or bad_header
  end
  local body, reason
  if args.data then
    body, reason = body_of(args.data)
    if not body then
      return nil, "the body can't be read: " .. tostring(reason)
    elseif not has_content_type(headers) then
      local value, where = json.decode(body)
      if value == nil then
        return nil, "the body is not JSON (" .. where .. "); for another "
          .. "kind give -H 'Content-Type: ...'"
      end
      headers["Content-Type"] = "application/json"
    end
  end
  return {
    method = args.method:upper(),
    path = args.path,
    query = next(query) and query,
    headers = headers,
    body = body,
  }
end

local function show(args, response)
  if args.include then
    io.stdout:write(("HTTP %d\n"):format(response.status))
    for name, value in pairs(response.headers) do
      io.stdout:write(name, ": ", tostring(value), "\n")
    end
    io.stdout:write "\n"
  end
  io.stdout:write(response.body)
  -- JSON does not mind a newline, and a terminal misses it.
  if response.body:find "[%]}]$" then
    io.stdout:write "\n"
  end
end

local function run(args, say)
  local request, mistake = request_of(args)
  if not request then
    say(mistake)
    return 2
  end
  return access.with_client(args, function(client)
    local response, problem = client:request(request)
    if not response then
      return nil, problem
    end
    show(args, response)
    if response.body == "" and not args.include then
      local place = response.headers.location
      say(("%d%s"):format(response.status, place and ", Location: " .. place
        or ""))
    end
    return 0
  end)
end

--- Adds the command; returns what runs it.
function M.define(parser)
  local command = parser:command("request",
    "Make one authenticated call and print its answer.")
  command:argument("method", "GET, POST, ...")
  command:argument("path", "Such as /fabric/v4/ports.")
  command:option("-d --data", "A body: JSON, @file, or - for stdin.")
    :argname "<json>"
  command:option("-q --query", "A query parameter."):count "*"
    :argname "<name=value>"
  command:option("-H --header", "A header."):count "*":target "headers"
    :argname "<line>"
  command:flag("-i --include", "Print status and headers, too.")
  access.options(command)
  return { request = run }
end

return M
