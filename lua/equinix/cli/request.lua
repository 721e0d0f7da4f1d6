--- request: `equinix-auth request METHOD PATH`, one authenticated call, or all
--- pages of a list.

local lazy = require "equinix.base.lazy"

local all_pages = lazy "equinix.cli.all_pages"
local arguments = require "equinix.cli.arguments"
local clients = require "equinix.cli.client"
local download = lazy "equinix.cli.download"
local errors = lazy "equinix.base.error"
local exit_code = require "equinix.cli.exit_code"
local output = require "equinix.cli.output"
local printable = lazy "equinix.base.printable"
local report = lazy "equinix.cli.report"
local terminal = lazy "equinix.cli.terminal"

local M = {}

local function fields(text)
  return require("equinix.cli.fields").parse(text)
end

local function print_head(response)
  output.write(("HTTP %d\n"):format(response.status))
  local names = {}
  for name in pairs(response.headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    output.write(name, ": ", printable.text(response.headers[name]), "\n")
  end
  output.write "\n"
end

local function print_body(response)
  output.write(response.body)
  -- Harmless after JSON, and a terminal needs it.
  if response.body:find "[%]}]$" then
    output.write "\n"
  end
end

-- Without a body there is no data to print, so the status goes to stderr.
local function say_status(say, response)
  local location = response.headers.location
  say(("%d%s"):format(response.status, location and ", Location: " .. location
    or ""))
end

-- What `--output` and `--fields` ask for; nil: the body as it came.
local function report_of(args)
  if args.fields or args.format == "table" or args.format == "tsv" then
    return { format = args.format or "json", fields = args.fields,
      width = not args.file and args.format == "table"
        and terminal.width() or nil }
  end
end

-- Writes to standard output, or into the file that `-o` names, which is there
-- only if `f` returns something true.
local function write_to(args, f)
  if args.file then
    return download.run(args.file, f)
  end
  return f(output.write)
end

-- One call whose answer is shown in another form.
local function show(client, request, args, say, asked)
  return write_to(args, function(write)
    local response, err = client:request(request)
    if not response then
      return nil, err
    end
    if args.include then
      print_head(response)
    end
    if response.body == "" then
      say_status(say, response)
      return 0
    end
    local items, single = report.items(response)
    if not items then
      return nil, errors.make("protocol", single)
    end
    asked.single = single
    report.write(items, asked, write, say)
    return 0
  end)
end

-- One call.
local function call(client, request, args, say)
  local asked = report_of(args)
  if asked then
    return show(client, request, args, say, asked)
  end
  local response, err
  if args.file then
    response, err = download.run(args.file, function(sink)
      request.sink = sink
      return client:request(request)
    end)
  else
    response, err = client:request(request)
  end
  if not response then
    return nil, err
  end
  if args.include then
    print_head(response)
  end
  if not args.file then
    print_body(response)
    if response.body == "" and not args.include then
      say_status(say, response)
    end
  end
  return 0
end

-- All pages.
local function list(client, request, args, say)
  local items, err = all_pages.items(client, request)
  if not items then
    return nil, err
  end
  local asked = report_of(args)
  return write_to(args, function(write)
    if asked then
      report.write(items, asked, write, say)
    else
      all_pages.write(items, write)
    end
    return 0
  end)
end

local function run(args, say)
  local request, message = arguments.request(args)
  if request and args.all_pages then
    request, message = all_pages.request(request)
  end
  if not request then
    return nil, exit_code.mistake(message)
  end
  return clients.with_client(args, say, function(client)
    return (args.all_pages and list or call)(client, request, args, say)
  end)
end

local EXAMPLES = [[
Examples:
  equinix-auth request GET /fabric/v4/ports -q limit=5
  equinix-auth request GET /fabric/v4/ports --all-pages --output table
  equinix-auth request GET /fabric/v4/ports --fields uuid,location.metroCode
  equinix-auth request POST /fabric/v4/connections/search -d @search.json \
    --all-pages -o connections.json
  jq -n '{...}' | equinix-auth request POST /path -d -]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES)
  command:argument("method", "GET, POST, ...")
  command:argument("path", "Such as /fabric/v4/ports.")
  command:option("-d --data", "The body: JSON, @file, or - for standard "
    .. "input."):argname "<body>"
  command:option("-q --query", "A query parameter; may be repeated.")
    :count "*":argname "<name=value>"
  command:option("-H --header", "A header, except Authorization; may be "
    .. "repeated."):count "*":target "headers":argname "<line>"
  command:mutex(
    command:flag("-i --include", "Print status and headers first."),
    command:flag("--all-pages", "Print the items of all pages of a list, "
      .. "as one, or nothing."):target "all_pages")
  command:option("-o --output-file", "Write what would be printed into this "
    .. "file, completely or not at all."):target "file":argname "<path>"
  command:option("--output", "json (the default), a table, or tsv: a line for "
    .. "each item, with tabs."):target "format"
    :choices { "json", "table", "tsv" }:argname "<format>"
  command:option("--fields", "Only these members of each item, such as "
    .. "name,location.metroCode,tags.0."):convert(fields):argname "<a,b.c>"
  clients.options(command)
  return run
end

return M
