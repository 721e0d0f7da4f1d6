--- mcp: `equinix-auth mcp`, the tools for an agent that starts this program.
--
-- Law of this file: a message is a line, and nothing but messages goes to
-- standard output. Agents start a second process only to see whether it is
-- there, so nothing is opened, read or sent before a tool is called: no
-- client, no store, no token.

local access = require "equinix.cli.access"
local lazy = require "equinix.lazy"

local adapter = lazy "equinix.adapter.mcp"
local capability = lazy "equinix.capability"
local core = lazy "equinix.core"
local lines = lazy "equinix.cli.lines"
local message = lazy "equinix.adapter.mcp.message"
local rules = lazy "equinix.adapter.mcp.rules"
local scan = lazy "equinix.adapter.mcp.scan"
local service = lazy "equinix.service"

local M = {}

-- What the store could not do costs no call; it is told.
local function listener(say)
  return function(name, fields)
    if name == "store_failed" then
      say(("the token is not kept in a file (%s: %s)"):format(fields.op,
        fields.reason))
    end
  end
end

-- The client, made when it is first needed. A mistake in the environment is
-- told to whoever calls a tool, and can't be mended while this runs.
local function opener(args, say)
  local client, problem
  return function()
    if not client and not problem then
      client, problem = access.client(args, listener(say))
    end
    return client, problem
  end
end

-- Stands for the client.
local function lazy_client(open)
  return setmetatable({}, {
    __index = function(_, method)
      return function(_, ...)
        local client, problem = open()
        if not client then
          return nil, problem
        end
        return client[method](client, ...)
      end
    end,
  })
end

-- Whether a body has credentials of the caller's own.
local function brings_credentials(fields)
  for _, operation in ipairs(capability.operations) do
    for _, field in ipairs(operation.fields) do
      if field.credential and type(fields[field.name]) == "string" then
        return true
      end
    end
  end
  return false
end

-- A client that has no credentials and needs none: for bodies with their own.
local function bare_client(args)
  return require("equinix").new {
    token = "none",
    ca_file = args.ca_file,
    proxy = args.proxy,
    timeout = args.timeout,
    user_agent = "equinix-auth",
  }
end

-- Here whoever reads the words owns this machine, so he is told exactly what
-- is wrong with his settings.
local function refusal(problem)
  return {
    status = 500,
    headers = {},
    body = "",
    object = { detail = problem.message },
    problem = problem,
  }
end

-- Stands for the service.
local function lazy_service(open, args)
  local own, bare
  return {
    call = function(_, name, fields, ...)
      local client, problem = open()
      if client then
        own = own or service.new(client)
        return own:call(name, fields, ...)
      elseif not brings_credentials(fields) then
        return refusal(problem)
      elseif not bare then
        client, problem = bare_client(args)
        if not client then
          return refusal(problem)
        end
        bare = service.new(client)
      end
      return bare:call(name, fields, ...)
    end,
  }
end

local function new_adapter(args, say)
  local open = opener(args, say)
  return adapter.new {
    service = lazy_service(open, args),
    client = lazy_client(open),
    exposure = args.token_exposure,
    allow = args.allow,
    now = core.now,
    log = say,
  }
end

-- What a line is about, as far as it can be read.
local function read(line)
  local value = scan.read(line)
  return value and scan.kind(value) == "object" and message.read(value) or nil
end

-- An id as a key: two spellings of one string are one id.
local function key_of(id)
  return scan.string(id) and "s" .. scan.string(id) or id
end

-- The request that a line calls off, as a key.
local function called_off(line)
  -- The slash may be escaped, and most lines are not worth reading twice.
  local asked = line:find("cancelled", 1, true) and read(line) or nil
  local id = asked and asked.method == "notifications/cancelled"
    and asked.params.requestId
  return id and key_of(id) or nil
end

-- Whether one of the lines to come calls a request off. `initialize` can't be
-- (MCP, cancellation).
local function is_cancelled(input, asked)
  return asked ~= nil and asked.id ~= nil and asked.method ~= "initialize"
    and input:has(key_of(asked.id))
end

local function send(answer)
  return io.stdout:write(answer, "\n") and io.stdout:flush()
end

-- Answers a line, unless that is called off before or meanwhile. `agreed` is
-- the version of the last `initialize`: only one version has batches.
local function answer_to(server, input, line, agreed)
  local asked = read(line)
  if is_cancelled(input, asked) then
    return nil, agreed
  end
  local answer = server:line(line, agreed)
  if answer and asked and asked.method == "initialize" then
    agreed = answer:match '"protocolVersion":"([%d-]+)"' or agreed
  end
  if is_cancelled(input, asked) then
    return nil, agreed
  end
  return answer, agreed
end

local function run(args, say)
  local server = new_adapter(args, say)
  local input = lines.new(core.input, adapter.MAX_BODY, called_off)
  local agreed
  while true do
    local line, problem = input:next()
    if problem then
      return nil, problem
    elseif line == nil then
      return 0
    end
    local answer
    if not line then
      answer = server:too_long()
    elseif line:find "[^ \t]" then
      answer, agreed = answer_to(server, input, line, agreed)
    end
    if answer and not send(answer) then
      return 1 -- nobody reads any more
    end
  end
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
