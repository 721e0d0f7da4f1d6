--- mcp: `equinix-auth mcp`, the tools for an agent that starts this program.
--
-- Law of this file: a message is a line, and nothing but messages goes to
-- standard output. Agents start a second process only to see whether it is
-- there, so nothing is opened, read or sent before a tool is called: no
-- client, no store, no token. Who is told to end finishes what he has begun.

local access = require "equinix.cli.client"
local lazy = require "equinix.base.lazy"

local adapter = lazy "equinix.service.mcp"
local backing = lazy "equinix.cli.lazy_service"
local core = lazy "equinix.core"
local desk = lazy "equinix.service.mcp.stdio"
local lines = lazy "equinix.service.mcp.line_reader"
local loop = lazy "equinix.transport.loop.scheduler"
local rules = lazy "equinix.service.mcp.allowlist"

local M = {}

local END_SECONDS = 10 -- from a TERM to the end, whatever is under way

-- One line, and all of it now.
local function write(answer)
  return core.output(answer .. "\n") ~= nil
end

-- Where tasks can't wait (Lua 5.1) a call holds up the others.
local function transport_of(tasks)
  return loop.able() and require("equinix.transport.loop").new(tasks) or nil
end

local function run(args, say)
  local heard, problem = core.on_term(END_SECONDS)
  if not heard then
    return nil, problem
  end
  local tasks = loop.new(say)
  local service, client = backing.new(args, transport_of(tasks), say)
  return desk.new({
    server = adapter.new {
      service = service,
      client = client,
      exposure = args.token_exposure,
      allow = args.allow,
      now = core.now,
      log = say,
    },
    input = lines.new(core.input, adapter.MAX_BODY, desk.cancelled),
    loop = tasks,
    write = write,
    told = core.told_to_end,
  }):run()
end

local EXAMPLES = [[
Examples:
  equinix-auth mcp
  equinix-auth mcp --token-exposure handle]]

-- Checked before anything is answered.
local function rule(text)
  local parsed, mistake = rules.parse(text)
  return parsed and text, mistake
end

--- Adds the command; returns what runs it.
function M.define(parser)
  local command = parser:command("mcp",
    "Serve the tools to an agent: MCP over standard input and output.",
    EXAMPLES)
  command:option("--token-exposure", "raw: the agent sees the token. handle: "
    .. "it sees a name for it, and calls the API through this server.", "raw")
    :target "token_exposure":choices { "raw", "handle" }
  command:option("--allow", "With handle, the agent may also call this; more "
    .. "than once if needed."):count "*":convert(rule):argname "<METHOD /path>"
  access.options(command)
  return { mcp = run }
end

return M
