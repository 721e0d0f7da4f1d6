-- serve: a real `equinix-auth serve`, with an emulator behind it or without.
--
--   local s = serve.start(e, { "--workers", "4" }, { env = {...} })
--   s:rest("POST", "/oauth2/v1/token", { body = "{}", headers = {...} })
--     -> status, headers (lower case), body decoded, body
--   s.rest_url, s.mcp_url, s.dir, s:log(), s:metrics(), s:stop() -> exit code
--
-- It ends with the process that runs the specs, however that ends.
local command = require "spec.support.command"
local core = require "equinix.core"
local json = require "equinix.base.json"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read

local M = {}
local Serve = {}
Serve.__index = Serve

--- Why it can't run on this machine; nil when it can.
M.missing = nginx.missing

local function read_json(path)
  local text = read_file(path)
  return text and json.decode(text)
end

local function environment(e, changes, dir)
  local env = { HOME = false, XDG_CACHE_HOME = false, XDG_RUNTIME_DIR = dir }
  for name, value in pairs(e and command.env(e) or {}) do
    env[name] = value
  end
  for name, value in pairs(changes or {}) do
    env[name] = value
  end
  return env
end

--- Starts one and waits until it listens.
---@param e table|nil of spec.support.emulator
---@param words? string[] further options of the command
---@param options? {env: table<string, string|false>, eof: boolean,
---  folder: string, before: string[]} folder: where it is started; before:
---  a command that execs it
---@return table|nil serve
---@return string|nil stderr why it did not start
function M.try(e, words, options)
  options = options or {}
  local dir = process.tempdir()
  local ready_file = dir .. "/ready.json"
  local argv = { "bin/equinix-auth", "serve", "--rest-port", "0",
    "--mcp-port", "0", "--ready-file", ready_file }
  if options.folder then
    argv[1] = process.capture "pwd" .. "/" .. argv[1]
    argv = { "sh", "-c", 'cd "$0" && exec "$@"', options.folder,
      (table.unpack or unpack)(argv) }
  end
  if options.eof then
    argv[#argv + 1] = "--until-eof"
  end
  for _, word in ipairs(words or {}) do
    argv[#argv + 1] = word
  end
  for i, word in ipairs(options.before or {}) do
    table.insert(argv, i, word)
  end
  local program = process.start(argv, {
    env = environment(e, options.env, dir),
    until_eof = options.eof,
  })
  local self = process.eventually(function()
    return read_json(ready_file) or not program:alive() and {}
  end, 30) or {}
  self.program, self.runtime_dir, self.ready_file = program, dir, ready_file
  setmetatable(self, Serve)
  if not self.rest_url and not self.mcp_url then
    local code = self:stop()
    return nil, program:stderr(), code
  end
  self.http = core.http()
  return self
end

--- The same, but raises when it does not start.
function M.start(e, words, options)
  local stderr
  for _ = 1, 3 do -- another program may take the free port before nginx
    local self
    self, stderr = M.try(e, words, options)
    if self then
      return self
    elseif not stderr:find "is already in use" then
      break
    end
  end
  error("it did not start: " .. tostring(stderr), 2)
end

--- One request to REST or MCP.
---@param options? {headers: table<string, string>, body: string,
---  seconds: number, fresh_connect: boolean}
---@return integer|nil status
---@return table|string headers or, without a status, the message
---@return any object the body, decoded
---@return string body
function Serve:send(url, method, options)
  options = options or {}
  local list = {}
  for name, value in pairs(options.headers or {}) do
    list[#list + 1] = { name, value }
  end
  local response, err = self.http:send({
    method = method,
    url = url,
    headers = list,
    body = options.body,
    fresh_connect = options.fresh_connect,
    may_resend = true,
    connect_timeout = 30,
  }, options.seconds or 40)
  if not response then
    return nil, err.message
  end
  local headers = {}
  for _, field in ipairs(response.headers) do
    headers[field[1]:lower()] = field[2]
  end
  return response.status, headers, json.decode(response.body), response.body
end

function Serve:rest(method, path, options)
  return self:send(self.rest_url .. path, method, options)
end

--- The token that it serves.
function Serve:token()
  local status, _, object, body = self:rest("POST", "/oauth2/v1/token")
  if status ~= 200 then
    error(("%s %s\n%s"):format(tostring(status), body, self:log()), 2)
  end
  return object.access_token
end

--- One value of /metrics.
function Serve:metric(name)
  local _, _, _, text = self:rest("GET", "/metrics")
  return tonumber(("\n" .. text):match("\n" .. name:gsub("%p", "%%%0")
    .. " (%S+)\n"))
end

--- What it wrote to stderr.
function Serve:log()
  return self.program:stderr()
end

--- The pid of nginx's master, and those of its workers.
function Serve:master()
  return tonumber((process.capture("cat " .. self.dir .. "/nginx.pid")))
end

function Serve:workers()
  local pids = {}
  for pid in process.capture(("ps -o pid= --ppid %d"):format(self:master()))
    :gmatch "%d+" do
    pids[#pids + 1] = tonumber(pid)
  end
  return pids
end

--- Ends it; a second call does nothing.
---@return integer code
function Serve:stop()
  if self.http then
    self.http:close()
    self.http = nil
  end
  local code = self.program:stop(30)
  if self.runtime_dir then
    process.remove(self.runtime_dir)
    self.runtime_dir = nil
  end
  return code
end

return M
