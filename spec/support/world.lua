-- world: what the emulator's logic needs from its host, without nginx: a
-- dictionary in memory, a clock that a spec sets, JSON.
local router = require "equinix.emulator.router"
local cjson = require("cjson").new()

local M = {}

-- Like ngx.shared: an expired value is nil.
local function dictionary(world)
  local values, ends, flags = {}, {}, {}
  local dict = {}

  function dict.get(_, key)
    if ends[key] and ends[key] <= world.time then
      values[key], ends[key] = nil, nil
    end
    return values[key], flags[key]
  end

  function dict.set(_, key, value, seconds, flag)
    values[key] = value
    flags[key] = flag ~= 0 and flag or nil
    ends[key] = seconds and seconds > 0 and world.time + seconds or nil
    return true
  end

  function dict.add(_, key, value, seconds)
    if dict:get(key) ~= nil then
      return nil, "exists"
    end
    return dict:set(key, value, seconds)
  end

  function dict.incr(_, key, by, init)
    local value = dict:get(key) or init
    values[key] = value and value + by
    return values[key]
  end

  function dict.delete(_, key)
    values[key], ends[key] = nil, nil
  end

  function dict.flush_all()
    values, ends = {}, {}
  end

  function dict.get_keys()
    local keys = {}
    for key in pairs(values) do
      keys[#keys + 1] = key
    end
    return keys
  end

  return dict
end

local World = {}
World.__index = World

--- A new world, with these knobs set at the start.
---@param knobs? table<string, any>
function M.new(knobs)
  local world = setmetatable({
    time = 1000000,
    start = knobs or {},
    encode = cjson.encode,
    md5 = function(text)
      return "md5 of " .. text
    end,
    base64 = function(text)
      return "base64 of " .. text
    end,
    accounts = {
      client_id = "the-app",
      client_secret = "the-secret",
      user_name = "the-user",
      user_password = "the-password",
    },
  }, World)
  world.now = function()
    return world.time
  end
  world.random = function(n)
    local bytes = {}
    for i = 1, n do
      bytes[i] = string.char(math.random(0, 255))
    end
    return table.concat(bytes)
  end
  world.decode = function(text)
    local ok, value = pcall(cjson.decode, text)
    return ok and value or nil
  end
  world.null = cjson.null
  world.dict, world.log = dictionary(world), dictionary(world)
  return world
end

--- Sends a request to the logic; `json` in the response is its decoded body.
---@param method string
---@param path string
---@param options? {json: table, body: string, headers: table, query: table,
---  token: string}
---@return table response
function World:send(method, path, options)
  options = options or {}
  local headers = options.headers or {}
  if options.json then
    headers["content-type"] = headers["content-type"] or "application/json"
  end
  if options.token then
    headers.authorization = "Bearer " .. options.token
  end
  local response = router.respond(self, {
    method = method,
    path = path,
    query = options.query or {},
    headers = headers,
    body = options.json and cjson.encode(options.json) or options.body or "",
    base_url = "https://emulator.test",
  })
  response.json = self.decode(response.body)
  return response
end

--- Requests a token with client credentials and these changes to the body.
function World:token(changes)
  local body = {
    grant_type = "client_credentials",
    client_id = self.accounts.client_id,
    client_secret = self.accounts.client_secret,
  }
  for name, value in pairs(changes or {}) do
    body[name] = value or nil -- false takes a field out
  end
  return self:send("POST", "/oauth2/v1/token", { json = body })
end

--- Requests a token with a refresh token.
function World:refresh(refresh_token)
  return self:send("POST", "/oauth2/v1/refreshaccesstoken", {
    json = {
      client_id = self.accounts.client_id,
      client_secret = self.accounts.client_secret,
      refresh_token = refresh_token,
    },
  })
end

--- Sets knobs as a test would.
function World:config(knobs)
  local response = self:send("POST", "/_emulator/config", { json = knobs })
  assert(response.status == 200, response.body)
end

return M
