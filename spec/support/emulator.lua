-- emulator: a real `equinix-auth emulator` for the specs.
--
--   local e = emulator.start { plain = true, config = { lifetime = 3 } }
--   e.base_url, e.ca_file, e.client_id, e.client_secret, e.user_name,
--   e.user_password, e.dir
--   e:config { status = 503, times = 2 }   e:reset()   e:log()
--   e:count "POST /oauth2/v1/token"        e:stop()
--
-- Start one in setup, reset it in before_each, stop it in teardown. It ends
-- with the process that runs the specs, however that ends.
local core = require "equinix.core"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read

local M = {}
local Emulator = {}
Emulator.__index = Emulator

-- `config` becomes --set options, so that reset returns to these values.
local function arguments(options, ready_file)
  local argv = {
    "bin/equinix-auth", "emulator", "--port", "0", "--until-eof",
    "--ready-file", ready_file,
  }
  if options.plain then
    argv[#argv + 1] = "--plain"
  end
  if options.workers then
    argv[#argv + 1] = "--workers"
    argv[#argv + 1] = ("%d"):format(options.workers)
  end
  for name, value in pairs(options.config or {}) do
    argv[#argv + 1] = "--set"
    argv[#argv + 1] = name .. "=" .. tostring(value)
  end
  return argv
end

local function read_json(path)
  local text = read_file(path)
  return text and json.decode(text)
end

local function try(options)
  local dir = process.tempdir()
  local ready_file = dir .. "/ready.json"
  local program = process.start(arguments(options, ready_file), {
    until_eof = true,
  })
  local self = process.eventually(function()
    return read_json(ready_file) or not program:alive() and {}
  end, 30) or {}
  self.program, self.ready_dir = program, dir
  setmetatable(self, Emulator)
  if not self.base_url then
    self:stop()
    return nil, program:stderr()
  end
  return self
end

--- Starts one and waits until it listens.
---@param options? {plain: boolean, workers: integer, config: table}
function M.start(options)
  local reason
  for _ = 1, 3 do -- another program may take the free port before nginx
    local self
    self, reason = try(options or {})
    if self then
      self.http = core.http()
      return self
    elseif not reason:find "is already in use" then
      break
    end
  end
  error("the emulator did not start: " .. tostring(reason), 2)
end

--- One plain HTTP exchange with it, without the client.
---@param method string
---@param path string
---@param options? {body: string|table, headers: table[],
---  fresh_connect: boolean, may_resend: boolean, timeout: number}
---@return table|nil response
---@return table|nil err
function Emulator:send(method, path, options)
  options = options or {}
  local headers, body = options.headers or {}, options.body
  if type(body) == "table" then
    body = assert(json.encode(body))
    headers[#headers + 1] = { "Content-Type", "application/json" }
  end
  return self.http:send({
    method = method,
    url = self.base_url .. path,
    headers = headers,
    body = body,
    ca_file = self.ca_file,
    connect_timeout = 30,
    max_body = 16 * 1024 * 1024,
    fresh_connect = options.fresh_connect,
    may_resend = options.may_resend,
  }, options.timeout or 30)
end

local function admin(self, method, path, body)
  -- A knob may have made it close the connection that is kept open.
  local response, err = self:send(method, "/_emulator/" .. path, {
    body = body,
    fresh_connect = true,
  })
  if not response then
    error(("%s %s: %s"):format(method, path, err.message), 3)
  elseif response.status ~= 200 then
    error(("%s %s: %s"):format(method, path, response.body), 3)
  end
  return assert(json.decode(response.body))
end

--- Sets knobs; raises for an unknown one. Without an argument it only reads.
---@param knobs? table<string, any>
---@return table<string, {value: any, default: any, help: string}>
function Emulator:config(knobs)
  return admin(self, knobs and "POST" or "GET", "config", knobs)
end

--- Resets knobs, log, tokens and lock-outs.
function Emulator:reset()
  admin(self, "POST", "reset")
end

function Emulator:log()
  return admin(self, "GET", "log")
end

--- How many requests to a route came, those in flight included.
---@param route string "POST /oauth2/v1/token"
---@return integer
function Emulator:count(route)
  return self:log().routes[route] or 0
end

--- Ends it; a second call does nothing.
---@return integer exit code
function Emulator:stop()
  if self.http then
    self.http:close()
    self.http = nil
  end
  local code = self.program:stop()
  if self.ready_dir then
    process.remove(self.ready_dir)
    self.ready_dir = nil
  end
  return code
end

return M
