--- serve: `equinix-auth serve`, the capability on REST and MCP.

local access = require "equinix.cli.client"
local between = require("equinix.cli.arguments").between

local M = {}

-- A folder for the token that can't be had costs no service.
local function has_store(args, say)
  if args.no_store then
    return false
  end
  local store, problem = require("equinix.store.file").new {}
  if not store then
    say("the token does not outlive this service: ", problem.message)
  end
  return store ~= nil
end

local port = between(0, 65535)

-- A port that there is not is like one that is taken: no mistake in the words,
-- and no reason to show how they are spelled.
local function read_ports(args)
  for name, option in pairs { rest_port = "--rest-port",
    mcp_port = "--mcp-port" } do
    local n, mistake = port(args[name])
    if not n then
      return nil, ("can't listen on %s: %s"):format(option, mistake)
    end
    args[name] = n
  end
  return true
end

local function run(args, say)
  local ports, wrong = read_ports(args)
  if not ports then
    return nil, wrong
  end
  -- Loaded here, since most commands need none of it.
  local serve = require "equinix.serve.launch"
  local mistake = serve.mistake(args)
  if mistake then
    say(mistake)
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

local WORDS = "Answer POST /oauth2/v1/token and /oauth2/v1/refreshaccesstoken "
  .. "with this account's token (REST), and the same as MCP tools."

local EXAMPLES = [[
Examples:
  equinix-auth serve
  equinix-auth serve --rest-port 8080 --mcp-port 9090 --workers 2
  curl -X POST http://127.0.0.1:8080/oauth2/v1/token]]

--- Adds the command; returns what runs it.
function M.define(parser)
  local command = parser:command("serve", WORDS, EXAMPLES)
  command:option("--rest-port", "Where REST listens; 0: any free port.",
    "8080"):target "rest_port":argname "<n>"
  command:option("--mcp-port", "Where MCP listens; 0: any free port.", "9090")
    :target "mcp_port":argname "<n>"
  command:option("--listen", "The address; any but loopback takes a token.",
    "127.0.0.1"):argname "<ip>"
  command:option("--auth-token-file", "Callers have to send what is in it as "
    .. "Authorization: Bearer."):target "auth_token_file":argname "<path>"
  command:option("--allow-host", "A further name for Host and Origin, as "
    .. "name or name:port."):count "*":target "allowed_hosts":argname "<name>"
  command:option("--token-exposure", "What MCP shows of a token: raw, or an "
    .. "opaque handle.", "raw"):choices { "raw", "handle" }
    :target "exposure":argname "<how>"
  command:option("--allow", "With handle, agents may also call this; more "
    .. "than once if needed."):count "*":convert(rule):argname "<METHOD /path>"
  command:option("--workers", "Processes of nginx.", "2")
    :convert(between(1, 64)):argname "<n>"
  command:option("--rate", "Requests a second for each address; 0: no limit, "
    .. "the default on loopback; else 1000."):convert(between(0, 1000000))
    :argname "<n>"
  command:option("--ready-file", "Write JSON there when it listens.")
    :target "ready_file":argname "<path>"
  command:flag("--until-eof", "End when standard input ends.")
    :target "until_eof"
  command:option("--nginx", "Use this nginx."):argname "<path>"
  access.options(command)
  return { serve = run }
end

return M
