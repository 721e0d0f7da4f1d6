--- resp: commands of Redis as bytes, and exchanges, for specs.
--
-- Law of this file: it parses no reply; what a spec expects it writes out.
local core = require "equinix.core"

local M = {}

--- A command, as clients send it.
---@param ... string|number
---@return string
function M.command(...)
  local parts = { ("*%d\r\n"):format(select("#", ...)) }
  for i = 1, select("#", ...) do
    local word = tostring((select(i, ...)))
    parts[#parts + 1] = ("$%d\r\n%s\r\n"):format(#word, word)
  end
  return table.concat(parts)
end

M.PING = M.command "PING"

--- Options of core.exchange: to 127.0.0.1, PING over any connection.
---@param port integer
---@param fields? table further ones
---@return table
function M.options(port, fields)
  local options = { host = "127.0.0.1", port = port, login = "",
    send = M.PING }
  for name, value in pairs(fields or {}) do
    options[name] = value
    if name == "path" then
      options.host, options.port = nil, nil
    end
  end
  return options
end

--- An exchange on an engine in which nothing else is under way.
---@param engine equinix.engine
---@param options table of core.exchange
---@param seconds? number 30
---@return table|nil response, table|nil err
function M.send(engine, options, seconds)
  local number = assert(engine:start(core.exchange(options), seconds or 30))
  local results = engine:wait(60)
  assert(#results == 1 and results[1].number == number)
  return results[1].response, results[1].err
end

--- For scripts of a raw server: command() reads one and logs it, as a request
--- whose method is all of it; nil at the end.
M.SERVER = [[
  local c, n = ...
  local function command()
    local line = c:receive "*l"
    if not line then
      return nil
    end
    local words = {}
    for i = 1, tonumber(line:match "^%*(%d+)") do
      local size = tonumber((c:receive "*l"):match "^%$(%d+)")
      words[i] = c:receive(size)
      c:receive(2)
    end
    local all = table.concat(words, " ")
    c:log { method = all, path = "", body = "", headers = {} }
    return all
  end
]]

--- The commands that a raw server with that script has read.
---@return string[]
function M.commands(server)
  local list = {}
  for i, request in ipairs(server:requests()) do
    list[i] = request.method
  end
  return list
end

return M
