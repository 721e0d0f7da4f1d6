--- mcp: `equinix-auth mcp`, the tools for an agent that starts this program.
--
-- Law of this file: a message is a line, and only messages go to standard
-- output. Agents start a second process only to see whether the server works,
-- so nothing is opened or sent before a tool is called: no client, no store,
-- no token. Only what a person has to correct is read before: a capability
-- file, since it names the tools, and the URL of a store.
-- When this process is to end, it finishes the calls in flight first.

local capability_file = require "equinix.cli.capability_file"
local clients = require "equinix.cli.client"
local exit_code = require "equinix.cli.exit_code"
local lazy = require "equinix.base.lazy"

local allowlist = lazy "equinix.service.mcp.allowlist"
local core = lazy "equinix.core"
local lazy_service = lazy "equinix.cli.lazy_service"
local line_reader = lazy "equinix.service.mcp.line_reader"
local mcp = lazy "equinix.service.mcp"
local named_store = lazy "equinix.client.named_store"
local needs = lazy "equinix.capability.needs"
local scheduler = lazy "equinix.transport.loop.scheduler"
local stdio = lazy "equinix.service.mcp.stdio"

local M = {}

local END_SECONDS = 10 -- from a TERM to the end, whatever is in flight

-- Writes one line at once.
local function write(line)
  return core.output(line .. "\n") ~= nil
end

-- Where tasks can't wait (Lua 5.1) a call blocks the others.
local function transport_of(loop)
  return scheduler.able() and require("equinix.transport.loop").new(loop)
    or nil
end

-- What keeps these tools from being offered.
local function mistake_in(plan)
  if not plan.namespaces.mcp then
    return exit_code.mistake "--capability: the file exposes no mcp"
  end
  local unset = needs.unset(plan, os.getenv)
  return unset and exit_code.mistake("--capability: " .. unset)
end

local function run(args, say)
  local plan, code, mistake = capability_file.plan(args)
  mistake = mistake or plan and mistake_in(plan)
  if code or mistake then
    return code, mistake
  end
  local bad_store = not args.no_store and select(2, named_store.open())
  if bad_store then
    return nil, bad_store
  end
  -- What the agent's host left ignored or blocked would keep it from ending.
  local ok, message = core.default_signals()
  if ok then
    ok, message = core.on_term(END_SECONDS)
  end
  if not ok then
    return nil, message
  end
  local loop = scheduler.new(say)
  local service, client = lazy_service.new(args, transport_of(loop), say)
  return stdio.new({
    server = mcp.new {
      service = service,
      client = client,
      plan = plan,
      version = core._VERSION,
      exposure = args.token_exposure,
      allow = args.allow,
      now = core.now,
      log = say,
    },
    input = line_reader.new(core.input, mcp.MAX_BODY, stdio.inspect),
    loop = loop,
    write = write,
    ending = core.termination_requested,
  }):run()
end

local EXAMPLES = [[
Examples:
  equinix-auth mcp
  equinix-auth mcp --token-exposure handle
  equinix-auth mcp --capability ports.yaml --read-only]]

-- Checked when the arguments are read.
local function rule(text)
  local parsed, message = allowlist.parse(text)
  return parsed and text, message
end

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES)
  capability_file.options(command)
  command:option("--token-exposure", "raw: the agent sees the token. handle: "
    .. "it sees a name for it, and calls the API through this server.", "raw")
    :target "token_exposure":choices { "raw", "handle" }
  command:option("--allow", "With handle, the agent may also call this; more "
    .. "than once if needed."):count "*":convert(rule):argname "<METHOD /path>"
  clients.options(command)
  return run
end

return M
