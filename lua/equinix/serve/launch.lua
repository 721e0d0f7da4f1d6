--- launch: the service, started: REST and MCP on nginx, in the foreground.
--
-- Law of this file: options in, a private directory with all that nginx needs
-- out, and then nginx. What can be wrong is said here, in one line, before
-- anything is started. Nothing that is secret is written: credentials stay in
-- the environment or in their files, and of the door's token the file's path
-- is kept. What a request is answered is in service.lua and adapter/.

local conf = require "equinix.serve.nginx_conf"
local door = require "equinix.service.access"
local host = require "equinix.supervisor.nginx"
local json = require "equinix.base.json"
local port = require "equinix.supervisor.free_port"
local rest = require "equinix.service.rest"

local M = {}

M.REST_PORT, M.MCP_PORT = 8080, 9090

local REMOTE_RATE = 1000 -- requests a second for each address, off loopback

---@class equinix.serve.Options
---@field workers? integer 2
---@field rest_port? integer 0 for a free one; 8080
---@field mcp_port? integer 0 for a free one; 9090
---@field listen? string address; 127.0.0.1
---@field auth_token_file? string needed for any other than loopback
---@field allowed_hosts? string[] names that a Host or an Origin may have
---@field exposure? "raw"|"handle" what MCP shows of a token
---@field allow? string[] calls that MCP makes with a handle, "GET /path"
---@field rate? integer requests a second for each address; 0: no limit
---@field client table options of equinix.new: ca_file, proxy, timeout
---@field store? boolean the file store keeps the token
---@field ready_file? string
---@field until_eof? boolean
---@field nginx? string path of the nginx to use

-- Addresses ------------------------------------------------------------------

-- An address as nginx wants it, and whether only this machine reaches it.
local function address_of(text)
  local bare = text:match "^%[(.*)%]$" or text
  if bare:find(":", 1, true) then
    if bare:find "[^%x:.]" then
      return nil
    end
    return "[" .. bare .. "]", bare == "::1"
  elseif not bare:find "^%d+%.%d+%.%d+%.%d+$" then
    return bare == "localhost" and "127.0.0.1" or nil, true
  end
  return bare, bare:find "^127%." ~= nil
end

local ANY = { ["0.0.0.0"] = true, ["[::]"] = true }

-- Where to listen, and by which names one may call.
local function place(options)
  local address, loopback = address_of(options.listen or "127.0.0.1")
  if not address then
    return nil, ("--listen takes an IP address, not '%s'"):format(
      options.listen)
  elseif not loopback and not options.auth_token_file then
    return nil, ("others can reach %s: that takes --auth-token-file"):format(
      address)
  end
  local first = options.rest_port or M.REST_PORT
  local second = options.mcp_port or M.MCP_PORT
  first = first == 0 and port.any(second) or first
  second = second == 0 and port.any(first) or second
  if first == second then
    return nil, ("REST and MCP can't both have port %d"):format(first)
  end
  local names = { (table.unpack or unpack)(options.allowed_hosts or {}) }
  if not ANY[address] then
    names[#names + 1] = address
  end
  return {
    rest = ("%s:%d"):format(address, first),
    mcp = ("%s:%d"):format(address, second),
    rest_port = first,
    mcp_port = second,
    loopback = loopback,
    names = names,
    -- Who is told to call 0.0.0.0 can't.
    name = ANY[address] and "127.0.0.1" or address,
  }
end

-- What nginx needs -----------------------------------------------------------

-- Where a Lua of this machine finds C modules, LuaJIT would find them in the
-- folder beside that.
local function cpath()
  local entries, seen = {}, {}
  for entry in package.cpath:gmatch "[^;]+" do
    entry = entry:gsub("/lua5%.%d/", "/luajit/"):gsub("/5%.%d/", "/5.1/")
    if not entry:find "^%./" and not entry:find '["\\$]' and not seen[entry]
    then
      seen[entry] = true
      entries[#entries + 1] = host.absolute(entry)
    end
  end
  return table.concat(entries, ";")
end

local BANNER = [[
# REST: http://%(name)s:%(rest_port)s/oauth2/v1/token (POST)
# MCP:  http://%(name)s:%(mcp_port)s/mcp
# End it with Ctrl-C; HUP reloads.
# Try: curl -X POST http://%(name)s:%(rest_port)s/oauth2/v1/token
]]

local function banner(at)
  return (BANNER:gsub("%%%(([%w_]+)%)s", {
    name = at.name,
    rest_port = ("%d"):format(at.rest_port),
    mcp_port = ("%d"):format(at.mcp_port),
  }))
end

local function absolute(path)
  return path and host.absolute(path)
end

local function settings(options, at)
  local client = {}
  for name, value in pairs(options.client) do
    client[name] = value
  end
  client.ca_file = absolute(client.ca_file)
  return {
    client = client,
    store = options.store or false,
    auth_token_file = absolute(options.auth_token_file),
    allowed_hosts = at.names,
    exposure = options.exposure or "raw",
    allow = options.allow,
  }
end

local function configuration(nginx, options, at)
  local main, http = conf.text {
    cpath = cpath(),
    listen = at,
    paths = { rest = rest.paths(), mcp = { "/mcp" } },
    rate = options.rate or (at.loopback and 0 or REMOTE_RATE),
  }
  return host.configuration(nginx, {
    workers = options.workers or 2,
    main = main,
    http = http,
    level = "alert", -- the directory holds no log that grows
  })
end

-- Everything into the directory.
local function prepare(dir, nginx, options, at)
  local text, reason = configuration(nginx, options, at)
  if not text then
    return nil, reason
  end
  for name, content in pairs {
    ["nginx.conf"] = text,
    ["serve.json"] = assert(json.encode(settings(options, at))),
    ["ready.json"] = assert(json.encode {
      rest_url = "http://" .. at.name .. ":" .. at.rest_port,
      mcp_url = "http://" .. at.name .. ":" .. at.mcp_port .. "/mcp",
      rest_port = at.rest_port,
      mcp_port = at.mcp_port,
      dir = dir,
      pid = "@PID@",
    }) .. "\n",
    banner = banner(at),
  } do
    local ok, why = host.write(dir, name, content)
    if not ok then
      return nil, why
    end
  end
  return true
end

--- What is wrong with the options themselves; nil: nothing.
---@param options equinix.serve.Options
---@return string|nil
function M.mistake(options)
  for _, name in ipairs(options.allowed_hosts or {}) do
    if not door.is_host(name) then
      return ("--allow-host takes a name or name:port, not '%s'"):format(name)
    end
  end
  return select(2, place(options))
end

-- What would only fail inside nginx.
local function check(options)
  local client, problem = require("equinix").new(options.client)
  if not client then
    return nil, problem.message
  end
  client:close()
  if options.auth_token_file then
    local token, reason = door.read_token(options.auth_token_file)
    if not token then
      return nil, reason
    end
  end
  return true
end

--- Runs the service until it is told to end: this process becomes it. TERM
--- and INT finish the calls in flight (10 s at most), HUP reloads.
---@param options equinix.serve.Options without a mistake
---@return nil
---@return string message why it could not start; else it does not return
function M.run(options)
  local ok, reason = check(options)
  if not ok then
    return nil, reason
  end
  local nginx, missing = host.find(options.nginx)
  if not nginx then
    return nil, missing
  end
  local directory, trouble = host.directory()
  if not directory then
    return nil, trouble
  end
  ok, reason = prepare(directory.path, nginx, options,
    assert(place(options)))
  if not ok then
    host.drop(directory)
    return nil, reason
  end
  return nil, host.run {
    directory = directory,
    nginx = nginx,
    name = "equinix-auth serve",
    stop = "QUIT",
    ready_file = options.ready_file,
    until_eof = options.until_eof,
    reload = true,
    environment = true,
    log = true,
  }
end

return M
