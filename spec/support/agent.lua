-- agent: `equinix-auth mcp`, driven line by line.
--
--   local a = agent.start({}, { env = command.env(e) })
--   a:say '{"jsonrpc":"2.0","id":1,"method":"ping"}'
--   local line = a:hear()       local code = a:stop()
local command = require "spec.support.command"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local tables = require "equinix.base.table"

local M = {}
local Agent = {}
Agent.__index = Agent

--- Sends a line, or some bytes as they are.
function Agent:say(text, raw)
  assert(self.process.pipe:write(text, raw and "" or "\n"))
  assert(self.process.pipe:flush())
end

--- The next line of its standard output, decoded; waits for it.
---@return table response
---@return string line
function Agent:hear()
  local line = process.eventually(function()
    local out = self.process:stdout()
    return out and out:match("^([^\n]*)\n", self.at)
  end)
  assert(line, "no response came")
  self.at = self.at + #line + 1
  return assert(json.decode(line)), line
end

--- One request and its response; the id is 1 by default.
function Agent:ask(method, params, id)
  self:say(assert(json.encode {
    jsonrpc = "2.0", id = id or 1, method = method, params = params,
  }))
  return self:hear()
end

--- A tool's result.
function Agent:call(name, arguments)
  return self:ask("tools/call", { name = name, arguments = arguments }).result
end

--- The output that was not read by `hear`.
function Agent:rest()
  return self.process:stdout():sub(self.at)
end

--- Closes its input, which ends it.
---@return integer code
function Agent:stop()
  if not self.code then
    self.code = self.process:stop()
    process.remove(self.dir)
  end
  return self.code
end

--- Starts one.
---@param words? string[] options of the command
---@param options? {env: table<string, string|false>}
function M.start(words, options)
  local dir = process.tempdir()
  local argv, env = { "bin/equinix-auth", "mcp" }, {
    XDG_RUNTIME_DIR = dir,
  }
  for _, word in ipairs(words or {}) do
    argv[#argv + 1] = word
  end
  for name, value in pairs(command.NONE) do
    env[name] = env[name] or value
  end
  tables.update(env, options and options.env)
  return setmetatable({
    dir = dir,
    at = 1,
    process = process.start(argv, { env = env, until_eof = true }),
  }, Agent)
end

return M
