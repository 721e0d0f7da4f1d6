--- nginx_handler: the behaviour inside nginx. Runs in LuaJIT with ngx_lua and
--- needs nothing of equinix.core, which may be built for another Lua.
--
-- Law of this file: I/O only. What is answered is decided by behaviour.lua;
-- here a request is read, and an answer is sent as it is asked for: late, in
-- drops, or cut off.

local behaviour = require "equinix.emulator.router"
local cjson = require("cjson").new()

local M = {}

local ngx = ngx -- the one global, given by ngx_lua

local function decode(text)
  local ok, value = pcall(cjson.decode, text)
  return ok and value or nil
end

-- lua-cjson writes every / as \/, which is right but hard on the eyes.
local function encode(value)
  return (cjson.encode(value):gsub("\\/", "/"))
end

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local urandom = assert(io.open("/dev/urandom", "rb"))
urandom:setvbuf "no" -- else each draw would read a whole buffer

local world = {
  dict = ngx.shared.equinix,
  log = ngx.shared.equinix_log,
  now = ngx.now,
  random = function(n)
    return assert(urandom:read(n))
  end,
  encode = encode,
  decode = decode,
  md5 = ngx.md5_bin,
  base64 = ngx.encode_base64,
}

--- Reads what the command left in the private directory. Once, before the
--- workers are forked.
---@param directory string with a slash at its end
function M.init(directory)
  local settings = cjson.decode(read_file(directory .. "emulator.json"))
  world.accounts = settings.accounts
  world.start = settings.knobs
end

local function request()
  ngx.req.read_body()
  local headers = {}
  for name, value in pairs(ngx.req.get_headers(100)) do
    headers[name] = type(value) == "table" and value[1] or value
  end
  local query = {}
  for name, value in pairs(ngx.req.get_uri_args(100)) do
    query[name] = type(value) == "table" and value[#value] or value
    if query[name] == true then
      query[name] = ""
    end
  end
  local var = ngx.var
  return {
    method = ngx.req.get_method(),
    path = var.request_uri:match "^[^?#]*",
    query = query,
    headers = headers,
    body = ngx.req.get_body_data() or "",
    base_url = var.scheme .. "://" .. var.http_host,
    connection = tonumber(var.connection),
    http_version = ngx.req.http_version(),
  }
end

local DROPS = 10

-- Ends the connection although the header promised more. The flush brings
-- out what is there; 444 then closes without the rest.
local function send_cut(body)
  ngx.print(body:sub(1, math.floor(#body / 2)))
  ngx.flush(true)
  return ngx.exit(444)
end

local function send_slowly(body, seconds)
  local size = math.max(1, math.ceil(#body / DROPS))
  for from = 1, #body, size do
    ngx.sleep(seconds / DROPS)
    ngx.print(body:sub(from, from + size - 1))
    ngx.flush(true)
  end
end

local function send(response)
  ngx.status = response.status
  for name, value in pairs(response.headers) do
    ngx.header[name] = value
  end
  ngx.header["Content-Length"] = #response.body
  if response.cut and #response.body > 1 then
    return send_cut(response.body)
  elseif response.slow then
    return send_slowly(response.body, response.slow)
  end
  ngx.print(response.body)
  if response.hang_up then
    ngx.flush(true)
    return ngx.exit(444)
  end
end

--- Handles the request at hand (content_by_lua).
function M.handle()
  local response = behaviour.answer(world, request())
  if (response.delay or 0) > 0 then
    ngx.sleep(response.delay)
  end
  return send(response)
end

return M
