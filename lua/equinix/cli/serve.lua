--- serve: `equinix-auth serve`, token and refresh over REST and MCP.

local arguments = require "equinix.cli.arguments"
local clients = require "equinix.cli.client"

local M = {}

-- The service also runs where the store can't be opened.
local function has_store(args, say)
  if args.no_store then
    return false
  end
  local store, err = require("equinix.store.file").new {}
  if not store then
    say("the token is not kept for the next start: ", err.message)
  end
  return store ~= nil
end

local port = arguments.between(0, 65535)

-- A port that does not exist is treated like one that is in use: exit code 1
-- and one line, without the usage.
local function read_ports(args)
  for name, option in pairs { rest_port = "--rest-port",
    mcp_port = "--mcp-port" } do
    local n, message = port(args[name])
    if not n then
      return nil, ("can't listen on %s: %s"):format(option, message)
    end
    args[name] = n
  end
  return true
end

local function run(args, say)
  local ok, bad_port = read_ports(args)
  if not ok then
    return nil, bad_port
  end
  -- Loaded here, since most commands need none of it.
  local serve = require "equinix.serve.launch"
  local message = serve.mistake(args)
  if message then
    say(message)
    return 2
  end
  return serve.run {
    workers = args.workers,
    rest_port = args.rest_port,
    mcp_port = args.mcp_port,
    listen = args.listen,
    auth_token_file = args.auth_token_file,
    allowed_hosts = args.allowed_hosts,
    exposure = args.exposure,
    allow = args.allow,
    rate = args.rate,
    client = {
      ca_file = args.ca_file,
      proxy = args.proxy,
      timeout = args.timeout,
    },
    store = has_store(args, say),
    ready_file = args.ready_file,
    until_eof = args.until_eof,
    nginx = args.nginx,
  }
end

local function rule(text)
  local parsed, message = require("equinix.service.mcp.allowlist").parse(text)
  return parsed and text, message
end

local DESCRIPTION = "Answer POST /oauth2/v1/token and POST "
  .. "/oauth2/v1/refreshaccesstoken with this account's token (REST), and "
  .. "offer the same as MCP tools."

local EXAMPLES = [[
Examples:
  equinix-auth serve
  equinix-auth serve --rest-port 8080 --mcp-port 9090 --workers 2
  curl -X POST http://127.0.0.1:8080/oauth2/v1/token]]

--- Adds the command; returns the functions that run it, by name.
function M.define(parser)
  local command = parser:command("serve", DESCRIPTION, EXAMPLES)
  command:option("--rest-port", "The port of REST; 0: any free port.", "8080")
    :target "rest_port":argname "<n>"
  command:option("--mcp-port", "The port of MCP; 0: any free port.", "9090")
    :target "mcp_port":argname "<n>"
  command:option("--listen", "The address to listen on; any but loopback "
    .. "requires --auth-token-file.", "127.0.0.1"):argname "<ip>"
  command:option("--auth-token-file", "Callers have to send the content of "
    .. "this file as Authorization: Bearer."):target "auth_token_file"
    :argname "<path>"
  command:option("--allow-host", "Accept this name in Host and Origin too, as "
    .. "name or name:port."):count "*":target "allowed_hosts":argname "<name>"
  command:option("--token-exposure", "What MCP shows of a token: raw, or an "
    .. "opaque handle.", "raw"):choices { "raw", "handle" }
    :target "exposure":argname "<how>"
  command:option("--allow", "With handle, agents may also call this; may be "
    .. "repeated."):count "*":convert(rule):argname "<METHOD /path>"
  command:option("--workers", "Number of nginx worker processes.", "2")
    :convert(arguments.between(1, 64)):argname "<n>"
  command:option("--rate", "Requests per second for each address; 0: no "
    .. "limit. Default: 0 on loopback, else 1000.")
    :convert(arguments.between(0, 1000000)):argname "<n>"
  arguments.nginx_options(command)
  clients.options(command)
  return { serve = run }
end

return M
