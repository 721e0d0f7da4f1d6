--- serve: `equinix-auth serve`, token and refresh over REST and MCP.
--
-- Law of this file: once its options are right, each line that it writes is
-- JSON, so that what collects the log can read all of it. Only a person at a
-- terminal gets plain text.

local arguments = require "equinix.cli.arguments"
local capability_file = require "equinix.cli.capability_file"
local clients = require "equinix.cli.client"
local environment = require "equinix.client.environment"
local exit_code = require "equinix.cli.exit_code"
local lazy = require "equinix.base.lazy"
local output = require "equinix.cli.output"

local log_lines = lazy "equinix.supervisor.log_lines"
local supervisor = lazy "equinix.supervisor.nginx"

local M = {}

local function write(level, event, message)
  io.stderr:write(log_lines.text(level, event, { message = message }), "\n")
end

-- The service also runs where the file store can't be opened.
local function choose_store(args, say)
  if args.no_store then
    return nil
  elseif environment.names_store() then
    return "named"
  end
  local store, err = require("equinix.store.file").new {}
  local message = err and "the token is not kept for the next start: "
    .. err.message
  if message and output.on_terminal() then
    say(message)
  elseif message then
    write("warn", "store_failed", message)
  end
  return store and "file"
end

-- Becomes the service; returns why it did not.
local function start(args, say)
  return select(2, require("equinix.serve.launch").run {
    plan = args.plan,
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
      profile = args.profile,
      ca_file = args.ca_file,
      proxy = args.proxy,
      timeout = args.timeout,
    },
    profile = clients.default_profile(),
    store = choose_store(args, say),
    ready_file = args.ready_file,
    until_eof = args.until_eof,
    nginx = args.nginx,
  })
end

-- One line, and the exit code for it.
local function refuse(code, message, say)
  if output.on_terminal() then
    say(message)
  else
    write("error", "not_started", message)
  end
  return code
end

local function run(args, say)
  -- What the machine says comes while the file is read.
  supervisor.ask_ahead(args.nginx)
  local refused, bad
  args.plan, refused, bad = capability_file.plan(args)
  if refused or bad then
    return refused, bad
  end
  -- This process is soon another program: what a large file left costs time to
  -- collect, and none to leave.
  collectgarbage "stop"
  -- Loaded here, since most commands need none of it.
  local message = require("equinix.serve.launch").mistake(args)
  local mistake = message and exit_code.mistake(message)
    or clients.mistake(args)
  if mistake then
    return nil, mistake
  end
  local ran, err = pcall(start, args, say)
  if not ran then
    local code, text = exit_code.of_raised(err)
    return refuse(code, text, say)
  elseif type(err) == "table" then
    return refuse(exit_code.of(err), err.message, say)
  end
  return refuse(exit_code.FAILURE, err, say)
end

local function rule(text)
  local parsed, message = require("equinix.service.mcp.allowlist").parse(text)
  return parsed and text, message
end

local port = arguments.between(0, 65535)

local EXAMPLES = [[
Examples:
  equinix-auth serve
  equinix-auth serve --rest-port 8080 --mcp-port 9090 --workers 2
  equinix-auth serve --capability ports.yaml --read-only
  curl -X POST http://127.0.0.1:8080/oauth2/v1/token]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES)
  capability_file.options(command)
  command:option("--rest-port", "The port of REST; 0: any free port. Default: "
    .. "the capability's, else 8080."):target "rest_port":convert(port)
    :argname "<n>"
  command:option("--mcp-port", "The port of MCP; 0: any free port. Default: "
    .. "the capability's, else 9090."):target "mcp_port":convert(port)
    :argname "<n>"
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
  return run
end

return M
