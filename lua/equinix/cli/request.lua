--- request: `equinix-auth request METHOD PATH`, one authenticated call, or
-- all pages of a list.

local access = require "equinix.cli.client"
local arguments = require "equinix.cli.arguments"
local download = require "equinix.cli.download"
local listing = require "equinix.cli.all_pages"
local output = require "equinix.cli.output"

local M = {}

local function show_head(response)
  output.write(("HTTP %d\n"):format(response.status))
  local names = {}
  for name in pairs(response.headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    output.write(name, ": ", response.headers[name], "\n")
  end
  output.write "\n"
end

local function show_body(response)
  output.write(response.body)
  -- JSON does not mind a newline, and a terminal misses it.
  if response.body:find "[%]}]$" then
    output.write "\n"
  end
end

-- A success without a body is no data, but a script's author wants to know.
local function say_status(say, response)
  local place = response.headers.location
  say(("%d%s"):format(response.status, place and ", Location: " .. place
    or ""))
end

-- One call.
local function call(client, request, args, say)
  local response, problem
  if args.output then
    response, problem = download.run(args.output, function(sink)
      request.sink = sink
      return client:request(request)
    end)
  else
    response, problem = client:request(request)
  end
  if not response then
    return nil, problem
  end
  if args.include then
    show_head(response)
  end
  if not args.output then
    show_body(response)
    if response.body == "" and not args.include then
      say_status(say, response)
    end
  end
  return 0
end

-- All pages.
local function list(client, request, args)
  local items, problem = listing.items(client, request)
  if not items then
    return nil, problem
  elseif not args.output then
    listing.write(items, output.write)
    return 0
  end
  return download.run(args.output, function(sink)
    listing.write(items, sink)
    return 0
  end)
end

local function run(args, say)
  local request, mistake = arguments.request(args)
  if request and args.all_pages then
    request, mistake = listing.request(request)
  end
  if not request then
    say(mistake)
    return 2
  end
  return access.with_client(args, say, function(client)
    return (args.all_pages and list or call)(client, request, args, say)
  end)
end

local EXAMPLES = [[
Examples:
  equinix-auth request GET /fabric/v4/ports -q limit=5
  equinix-auth request GET /fabric/v4/ports --all-pages
  equinix-auth request POST /fabric/v4/connections/search -d @search.json \
    --all-pages -o connections.json
  jq -n '{...}' | equinix-auth request POST /path -d -]]

--- Adds the command; returns what runs it.
function M.define(parser)
  local command = parser:command("request",
    "Make one authenticated call and print its answer.", EXAMPLES)
  command:argument("method", "GET, POST, ...")
  command:argument("path", "Such as /fabric/v4/ports.")
  command:option("-d --data", "A body: JSON, @file, or - for stdin.")
    :argname "<json>"
  command:option("-q --query", "A query parameter."):count "*"
    :argname "<name=value>"
  command:option("-H --header", "A header; never Authorization."):count "*"
    :target "headers":argname "<line>"
  command:mutex(
    command:flag("-i --include", "Print status and headers, too."),
    command:flag("--all-pages", "A list as one JSON array, or nothing.")
      :target "all_pages")
  command:option("-o --output", "The body into this file, as a whole or not "
    .. "at all."):argname "<path>"
  access.options(command)
  return { request = run }
end

return M
