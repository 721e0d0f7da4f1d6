--- launch: starts the service: REST and MCP in nginx, in the foreground.
--
-- Law of this file: options come in, a private directory with all that nginx
-- needs is written, and then this process becomes nginx's supervisor. What is
-- wrong is reported here, in one line, before anything starts. No secret is
-- written: credentials stay in the environment or in their files, and of the
-- auth token only the path of its file is written. How requests are answered
-- is in service/.

local access = require "equinix.service.access"
local builtin = require("equinix.base.lazy") "equinix.capability.builtin"
local client_options = require "equinix.client.options"
local copy = require("equinix.base.table").copy
local core = require "equinix.core"
local environment = require "equinix.client.environment"
local errors = require "equinix.base.error"
local fill = require("equinix.base.template").fill
local foreground = require "equinix.supervisor.foreground"
local free_port = require "equinix.supervisor.free_port"
local json = require "equinix.base.json"
local log_lines = require "equinix.supervisor.log_lines"
local named_store = require "equinix.client.named_store"
local needs = require "equinix.capability.needs"
local nginx_conf = require "equinix.serve.nginx_conf"
local paths = require "equinix.service.paths"
local shell = require "equinix.base.shell"
local supervisor = require "equinix.supervisor.nginx"

local M = {}

M.REST_PORT, M.MCP_PORT = 8080, 9090

local REMOTE_RATE = 1000 -- requests a second for each address, not on loopback

---@class equinix.serve.Options
---@field plan? table of a capability; nil: the built-in one
---@field workers? integer 2
---@field rest_port? integer 0 for a free one; else the plan's, or 8080
---@field mcp_port? integer 0 for a free one; else the plan's, or 9090
---@field listen? string IP address; 127.0.0.1
---@field auth_token_file? string required unless it listens on loopback
---@field allowed_hosts? string[] further names for Host and Origin
---@field exposure? "raw"|"handle" what MCP shows of a token
---@field allow? string[] further calls for agents with a handle, "GET /path"
---@field rate? integer requests a second for each address; 0: no limit
---@field client table options of equinix.new: ca_file, proxy, timeout, profile
---@field profile? string that is read where none is named
---@field store? "file"|"named" where the token is, too: named by the
---  environment
---@field ready_file? string written when it listens
---@field until_eof? boolean it also ends when standard input does
---@field nginx? string path of the nginx to use

-- Addresses ------------------------------------------------------------------

-- An address as nginx wants it, and whether it is loopback.
local function parse_address(text)
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

-- Addresses that stand for all of this machine's.
local ANY = { ["0.0.0.0"] = true, ["[::]"] = true }

-- Whether there is anything to serve there.
local function has_face(options, face)
  return not options.plan or options.plan.namespaces[face] ~= nil
end

-- The ports themselves, where any free one will do.
local function take_ports(listen)
  local any = listen.rest_port == 0 or listen.mcp_port == 0
  local sockets = any and free_port.sockets()
  for face, other in pairs { rest = "mcp", mcp = "rest" } do
    local port = listen[face .. "_port"]
    if port == 0 then
      port = free_port.any(listen[other .. "_port"], sockets)
      listen[face .. "_port"] = port
    end
    listen[face] = port and ("%s:%d"):format(listen.address, port)
  end
  return listen
end

-- Where to listen, and the names that requests may use for it.
local function addresses(options)
  local address, loopback = parse_address(options.listen or "127.0.0.1")
  if not address then
    return nil, ("--listen must be an IP address, not '%s'"):format(
      options.listen)
  elseif not loopback and not options.auth_token_file then
    return nil, ("other machines can reach %s: add --auth-token-file")
      :format(address)
  end
  local ports = options.plan and options.plan.ports or {}
  local rest_port = has_face(options, "rest")
    and (options.rest_port or ports.rest or M.REST_PORT)
  local mcp_port = has_face(options, "mcp")
    and (options.mcp_port or ports.mcp or M.MCP_PORT)
  if rest_port == mcp_port and rest_port ~= 0 then
    return nil, ("--rest-port and --mcp-port: REST and MCP can't both use "
      .. "port %d"):format(rest_port)
  end
  local names = copy(options.allowed_hosts)
  if not ANY[address] then
    names[#names + 1] = address
  end
  return {
    address = address,
    rest_port = rest_port or nil,
    mcp_port = mcp_port or nil,
    loopback = loopback,
    names = names,
    -- For the banner: 0.0.0.0 is no address to send requests to.
    name = ANY[address] and "127.0.0.1" or address,
  }
end

-- What nginx needs -----------------------------------------------------------

-- This Lua's path for C modules, with the folders for LuaJIT, which are beside
-- those for other Luas.
local function cpath()
  local entries, seen = {}, {}
  for entry in package.cpath:gmatch "[^;]+" do
    entry = entry:gsub("/lua5%.%d/", "/luajit/"):gsub("/5%.%d/", "/5.1/")
    if not entry:find "^%./" and not entry:find '["\\$]' and not seen[entry]
    then
      seen[entry] = true
      entries[#entries + 1] = supervisor.absolute(entry)
    end
  end
  return table.concat(entries, ";")
end

local BANNER = "%(rest)s%(mcp)s# Stop it with Ctrl-C; HUP reloads.\n%(try)s"
local REST = "# REST: %(url)s%(path)s (%(method)s)\n"
local MCP = "# MCP:  %(url)s\n"
local TRY = "# Try: curl -X %(method)s %(url)s%(path)s\n"

-- What it shows as an example: the first route without variables.
local function example(plan)
  for _, planned in ipairs(plan.routes) do
    if type(planned.path[1]) == "string" and not planned.path[2] then
      return planned.method, planned.path[1]
    end
  end
  return "GET", "/openapi.json"
end

-- Where each face is, as the ready file has it.
local function urls_of(listen)
  local url = "http://" .. listen.name .. ":%d"
  return {
    rest_url = listen.rest_port and url:format(listen.rest_port),
    mcp_url = listen.mcp_port and url:format(listen.mcp_port) .. "/mcp",
  }
end

local function banner(urls, plan)
  local method, path = example(plan)
  local values = { url = urls.rest_url, method = method, path = path }
  return fill(BANNER, {
    rest = urls.rest_url and fill(REST, values) or "",
    mcp = urls.mcp_url and fill(MCP, { url = urls.mcp_url }) or "",
    try = urls.rest_url and fill(TRY, values) or "",
  })
end

local function absolute(path)
  return path and supervisor.absolute(path)
end

local function settings(options, listen)
  local client = copy(options.client)
  client.ca_file = absolute(client.ca_file)
  return {
    client = client,
    log = environment.log_level(),
    profile = options.profile,
    store = options.store,
    auth_token_file = absolute(options.auth_token_file),
    allowed_hosts = listen.names,
    exposure = options.exposure or "raw",
    allow = options.allow,
    plan = options.plan,
  }
end

local function configuration(nginx, options, listen)
  local main, http = nginx_conf.text {
    cpath = cpath(),
    listen = listen,
    paths = { rest = paths.logged(options.plan), mcp = { "/mcp" } },
    has_routes = needs.has_calls(options.plan),
    probes = paths.PROBES,
    again = supervisor.has_directive(nginx, "set_by_lua_block")
      and paths.of_token(options.plan) or nil,
    variables = options.variables,
    rate = options.rate or (listen.loopback and 0 or REMOTE_RATE),
  }
  return supervisor.configuration(nginx, {
    workers = options.workers or 2,
    main = main,
    http = http,
    level = "alert", -- so that no log in the directory grows
  })
end

-- Writes all files into the directory.
local function prepare(dir, nginx, options, listen)
  local text, message = configuration(nginx, options, listen)
  if not text then
    return nil, message
  end
  local urls = urls_of(listen)
  return supervisor.write_files(dir, {
    ["nginx.conf"] = text,
    ["serve.json"] = assert(json.encode(settings(options, listen))),
    ["ready.json"] = assert(json.encode {
      rest_url = urls.rest_url,
      mcp_url = urls.mcp_url,
      rest_port = listen.rest_port,
      mcp_port = listen.mcp_port,
      dir = dir,
      pid = "@PID@",
    }) .. "\n",
    banner = banner(urls, options.plan),
    ["banner.json"] = log_lines.text("info", "ready", urls) .. "\n",
  })
end

--- What is wrong with the options themselves; nil when they are right.
---@param options equinix.serve.Options
---@return string|nil message
function M.mistake(options)
  for _, name in ipairs(options.allowed_hosts or {}) do
    if not access.is_host(name) then
      return ("--allow-host must be a name or name:port, not '%s'")
        :format(name)
    end
  end
  return select(2, addresses(options))
end

-- What nginx reads, and reads again at a reload. A pipe would be empty then,
-- and this process hands no open file on to nginx.
local function pipe_among(options)
  local secret_file, variable = environment.get "client_secret_file"
  local url_file, url_variable = environment.get "store_url_file"
  for name, path in pairs {
    [variable or ""] = secret_file,
    [url_variable or ""] = options.store == "named" and url_file or nil,
    ["--auth-token-file"] = options.auth_token_file,
    ["--ca-file"] = options.client.ca_file,
  } do
    if core.is_pipe(path) then
      return ("%s: %s is no regular file and can be read only once, but nginx "
        .. "reads it again at each reload: give a regular file"):format(name,
        path)
    end
  end
end

-- The variables that nginx's workers need, which get only those that are named
-- to it: libcurl's, or those of a command that supplies credentials. Our own
-- credentials stay with nginx's first process.
local function variables_for(config)
  local names, list = {}, {}
  if config.supplied then
    local NAME = "\n([A-Za-z_][A-Za-z0-9_]*)="
    for name in ("\n" .. shell.output "env"):gmatch(NAME) do
      names[name] = true
    end
  elseif config.proxy == "environment" then
    for _, name in ipairs(environment.PROXIES) do
      names[name] = true
    end
    for _, name in ipairs(environment.NO_PROXY) do
      names[name] = true
    end
  end
  local secret = environment.credentials()
  for name in pairs(names) do
    list[#list + 1] = not secret[name] and name or nil
  end
  return list
end

-- Checks what would otherwise fail inside nginx.
local function check(options)
  local pipe = pipe_among(options)
  if pipe then
    return errors.fail("config", pipe)
  end
  local unset = needs.unset(options.plan, os.getenv)
  if unset then
    return errors.fail("config", unset)
  end
  local config, err
  if options.store == "named" then
    err = select(2, named_store.open())
  end
  if not err then
    config, err = client_options.client(options.client, 1, options.profile)
  end
  if err then
    return nil, err
  end
  local found, reason = true, nil
  if config.secret then
    found, reason = config.secret()
  end
  if not found then
    return nil, errors.is(reason) and reason or errors.make("config", reason)
  end
  options.variables = variables_for(config)
  if options.auth_token_file then
    local token, message = access.read_token(options.auth_token_file)
    if not token then
      return errors.fail("config", "--auth-token-file: " .. message)
    end
  end
  return true
end

--- Runs the service until a signal ends it: this process becomes it. TERM and
--- INT finish the calls in flight (10 s at most), HUP reloads.
---@param options equinix.serve.Options for which `mistake` returned nil
---@return nil
---@return equinix.Error|string err why it did not start: a setting that is
---  missing or can't be used, or the message of another failure; after a start
---  there is no return
function M.run(options)
  options = copy(options)
  options.plan = options.plan or builtin.plan()
  -- HUP reloads, also under nohup.
  local ok, message = core.default_signals(true)
  if not ok then
    return nil, message
  end
  ok, message = check(options)
  if not ok then
    return nil, message
  end
  local nginx
  nginx, message = supervisor.find(options.nginx)
  if not nginx then
    return nil, message
  end
  local directory
  directory, message = supervisor.directory()
  if not directory then
    return nil, message
  end
  ok, message = prepare(directory.path, nginx, options,
    take_ports(assert(addresses(options))))
  if not ok then
    supervisor.drop(directory)
    return nil, message
  end
  return nil, foreground.run {
    directory = directory,
    nginx = nginx,
    name = "equinix-auth serve",
    stop = "QUIT",
    ready_file = options.ready_file,
    until_eof = options.until_eof,
    reload = true,
    environment = true,
    log = true,
    json = true,
  }
end

return M
