--- nginx_handler: the emulator inside nginx. Runs in LuaJIT with ngx_lua and
--- does not need equinix.core, which may be built for another Lua only.
--
-- Law of this file: I/O only. The router decides about the response; here a
-- request is read, and the response is sent in the way that it asks for:
-- late, in small pieces, or cut off.

local json = require "equinix.emulator.json"
local read_file = require("equinix.base.file").read
local router = require "equinix.emulator.router"

local M = {}

local ngx = ngx -- the one global, given by ngx_lua

local urandom = assert(io.open("/dev/urandom", "rb"))
urandom:setvbuf "no" -- otherwise each read would fill a whole buffer

local world = {
  dict = ngx.shared.equinix,
  log = ngx.shared.equinix_log,
  now = ngx.now,
  random = function(n)
    return assert(urandom:read(n))
  end,
  encode = json.encode,
  decode = json.decode,
  null = json.null,
  md5 = ngx.md5_bin,
  base64 = ngx.encode_base64,
}

--- Reads the settings that the command wrote. Once, before nginx starts its
--- workers.
---@param directory string the private directory, with a slash at its end
function M.init(directory)
  local settings = json.decode(assert(read_file(directory
    .. "emulator.json")))
  world.accounts = settings.accounts
  world.start = settings.knobs
  world.said = settings.verbose and directory .. "log" or nil
  world.ca_file = settings.ca_file
end

local function read_request()
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
    -- HTTP/1.0 needs no Host.
    base_url = var.scheme .. "://" .. (var.http_host or "localhost"),
    connection = tonumber(var.connection),
    http_version = ngx.req.http_version(),
  }
end

local PIECES = 10

-- Ends the connection although Content-Length promised more. The flush sends
-- what was printed; 444 then closes without the rest.
local function send_cut(body)
  ngx.print(body:sub(1, math.floor(#body / 2)))
  ngx.flush(true)
  return ngx.exit(444)
end

local function send_slowly(body, seconds)
  local size = math.max(1, math.ceil(#body / PIECES))
  for from = 1, #body, size do
    ngx.sleep(seconds / PIECES)
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

local said -- the pipe behind which lines go to stderr, once it is open

-- A line for each request, in one write, without what could be a secret. A
-- console that is open asks twice a second: that is not worth a line.
local function say(request, response)
  if request.path:find "^/_emulator/console/" then
    return
  end
  said = said or assert(io.open(world.said, "a"))
  said:setvbuf "no"
  local route = response.route or request.method .. " /_emulator/"
  said:write(("%sZ emulator: %s -> %d%s\n"):format(
    (ngx.utctime():gsub(" ", "T")), (route:gsub("[^\32-\126]", "?")),
    response.status,
    response.fault and " (fault: " .. response.fault .. ")" or ""))
end

--- Handles the current request (content_by_lua).
function M.handle()
  local request = read_request()
  local response = router.respond(world, request)
  if world.said then
    say(request, response)
  end
  if (response.delay or 0) > 0 then
    ngx.sleep(response.delay)
  end
  return send(response)
end

return M
