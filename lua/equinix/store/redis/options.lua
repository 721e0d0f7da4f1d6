--- options: what `equinix.store.redis` takes, read and checked.
--
-- Law of this file: options in, settings out; no I/O. Each mistake is named
-- with what to write instead; a password is in no message, and in the settings
-- only behind a function. What would lower the protection of a connection in
-- silence (a CA without TLS, say) is a mistake.

local address = require "equinix.store.redis.address"
local check = require "equinix.base.check"
local secret = require "equinix.store.redis.secret"
local tables = require "equinix.base.table"
local url = require "equinix.store.redis.url"

local M = {}

---@class equinix.store.redis.Options
---@field url? string see redis/url.lua; other options add to it
---@field host? string a name or an address, "127.0.0.1"
---@field port? integer 6379
---@field path? string of a Unix socket, in place of host and port
---@field tls? boolean
---@field ca_file? string PEM file in place of the system's authorities
---@field client_cert? string PEM file
---@field client_key? string PEM file
---@field client_key_password_file? string
---@field server_name? string the name in the certificate, if it isn't the host
---@field username? string of an ACL user; needs a password
---@field password? string|fun(): string called for each new connection
---@field password_file? string read for each new connection
---@field db? integer 0
---@field prefix? string before every key, "equinix:"
---@field timeout? number seconds for each step in Redis, 0.5
---@field connect_timeout? number seconds for connecting, TLS included; 1
---@field grace? number seconds to wait for a failover or a restart, 5
---@field cluster? string[] "HOST:PORT", nodes to ask for all others
---@field sentinel? equinix.store.redis.SentinelOptions
local OPTIONS = {
  url = "string", host = "string", port = "number", path = "string",
  tls = "boolean", ca_file = "string", client_cert = "string",
  client_key = "string", client_key_password_file = "string",
  server_name = "string", username = "string", password = "string function",
  password_file = "string", db = "number", prefix = "string",
  timeout = "number", connect_timeout = "number", grace = "number",
  cluster = "table", sentinel = "table",
}

---@class equinix.store.redis.SentinelOptions
---@field name string of the master
---@field nodes string[] "HOST:PORT" of the sentinels; port 26379
---@field username? string
---@field password? string|fun(): string
---@field password_file? string
---@field tls? boolean that of the master
local SENTINEL = {
  name = "string", nodes = "table", username = "string",
  password = "string function", password_file = "string", tls = "boolean",
}

local TLS_OPTIONS = { "ca_file", "client_cert", "client_key",
  "client_key_password_file", "server_name" }

local function is_integer(value, least, most)
  return value >= least and value <= most and value % 1 == 0
end

-- The options of the URL and those beside it.
local function with_url(opts)
  if not opts.url then
    return opts
  end
  local given, message = url.read(opts.url)
  if not given then
    return nil, message
  end
  for name, value in pairs(opts) do
    local nested = type(value) == "table" and type(given[name]) == "table"
      and name == "sentinel"
    for inner, part in pairs(nested and value or {}) do
      if given[name][inner] ~= nil then
        return nil, ("sentinel.%s is given by url, too: leave one out")
          :format(inner)
      end
      given[name][inner] = part
    end
    if given[name] ~= nil and name ~= "url" and not nested then
      return nil, ("%s is given by url, too: leave one out"):format(name)
    end
    given[name] = nested and given[name] or value
  end
  given.url = nil
  return given
end

local function mistake_in_kind(o)
  local addressed = o.host and "host" or o.port and "port"
  local more = o.cluster and "cluster" or o.sentinel and "sentinel"
    or o.path and "path"
  if more and addressed then
    return ("%s and %s exclude each other"):format(addressed, more)
  elseif o.cluster and o.sentinel or o.path and (o.cluster or o.sentinel) then
    return "path, cluster and sentinel exclude each other"
  elseif o.path and o.tls then
    return "a Unix socket has no TLS: leave out tls"
  elseif o.path and (not o.path:find "^/" or o.path:find "[%z\r\n]"
    or #o.path > 100) then
    return "path must be an absolute path of at most 100 bytes"
  elseif o.cluster and (o.db or 0) ~= 0 then
    return "a cluster has no db but 0: leave out db"
  end
end

local function mistake_in_tls(o)
  for _, name in ipairs(TLS_OPTIONS) do
    local value = o[name]
    if value and not o.tls and not (o.sentinel or {}).tls then
      return ("%s needs TLS: set tls = true, or use rediss://"):format(name)
    elseif value and (value == "" or value:find "[%z\1-\31\127]") then
      return name .. " must not be empty, or have control characters"
    end
  end
  if o.server_name then
    o.server_name = address.host(o.server_name)
    if not o.server_name then
      return "server_name must be a name or an address that is in the "
        .. "certificate, without a port"
    end
  end
  if o.client_key and not o.client_cert then
    return "client_key needs client_cert"
  end
end

local function mistake_in_login(o, where)
  if o.password and o.password_file then
    return where .. "password and " .. where .. "password_file are both set: "
      .. "keep one"
  elseif o.username == "" or o.password == "" or o.password_file == "" then
    return where .. "username and password must not be empty: leave them out"
  elseif o.username and not o.password and not o.password_file then
    return where .. "username needs a password"
  end
end

local function mistake_in_numbers(o)
  if o.port and not is_integer(o.port, 1, 65535) then
    return "port must be a whole number from 1 to 65535"
  elseif o.db and not is_integer(o.db, 0, 2^31) then
    return "db must be a whole number, 0 or more"
  elseif o.prefix and (#o.prefix > 128
    or not o.prefix:find "^[A-Za-z0-9_.:/-]*$") then
    -- Braces would be taken for the hash tag.
    return "prefix must be at most 128 letters, digits or any of _.:/-"
  elseif o.grace and not (o.grace >= 0 and o.grace < math.huge) then
    return "grace must be a finite number of seconds, 0 or more"
  end
  for _, name in ipairs { "timeout", "connect_timeout" } do
    if o[name] and not check.positive(o[name]) then
      return name .. " must be a finite number of seconds greater than 0"
    end
  end
end

-- A list of "HOST:PORT" -> list of {host, port}
local function nodes_of(list, name, port)
  local nodes = {}
  for _, text in ipairs(type(list) == "table" and list or {}) do
    if type(text) ~= "string" then
      return nil, name .. ' must be a list of strings: {"HOST:PORT", ...}'
    end
    local host, own, message = address.read(text, port)
    if not host then
      return nil, name .. ": " .. message
    end
    nodes[#nodes + 1] = { host = host, port = own }
  end
  if #nodes == 0 or #nodes > 64 then
    return nil, name .. ' must name 1 to 64 nodes: {"HOST:PORT", ...}'
  end
  return nodes
end

-- Where the first question goes. -> kind, nodes | nil, message
local function place_of(o)
  if o.path then
    return "alone", { { path = o.path } }
  elseif o.cluster then
    local nodes, message = nodes_of(o.cluster, "cluster", 6379)
    return nodes and "cluster", nodes or message
  elseif o.sentinel then
    local s = o.sentinel
    if type(s.name) ~= "string" or not s.name:find "^[A-Za-z0-9_.-]+$" then
      return nil, "sentinel.name must be the name of the master, as its "
        .. "sentinels know it"
    end
    local nodes, message = nodes_of(s.nodes, "sentinel.nodes", 26379)
    return nodes and "sentinel", nodes or message
  end
  local host, message = address.host(o.host or "127.0.0.1")
  return host and "alone", host and { { host = host, port = o.port or 6379 } }
    or message
end

local function login_of(o, db)
  return {
    username = o.username,
    db = db,
    secret = secret.new(o.password, o.password_file),
  }
end

local function tls_of(o, tls)
  local own = { tls = tls and true or false }
  for _, name in ipairs(tls and TLS_OPTIONS or {}) do
    own[name] = o[name]
  end
  return own
end

---@class equinix.store.redis.Settings
---@field kind "alone"|"cluster"|"sentinel"
---@field nodes {host?: string, port?: integer, path?: string}[]
---@field name? string of the sentinels' master
---@field tls table tls and its files
---@field login table username, db, secret
---@field sentinel? {tls: table, login: table}
---@field prefix string
---@field timeout number
---@field connect_timeout number
---@field grace number

--- Reads the options. An unknown one raises, also in `sentinel`.
---@param opts table
---@param level integer 1: the caller of this
---@return equinix.store.redis.Settings|nil
---@return string|nil message
function M.read(opts, level)
  check.names(opts, OPTIONS, "option", level + 1)
  if opts.sentinel then
    check.names(opts.sentinel, SENTINEL, "sentinel option", level + 1)
  end
  local o, message = with_url(tables.copy(opts))
  message = message or mistake_in_kind(o) or mistake_in_numbers(o)
    or mistake_in_tls(o) or mistake_in_login(o, "")
    or o.sentinel and mistake_in_login(o.sentinel, "sentinel.")
  if message then
    return nil, message
  end
  local kind, nodes = place_of(o)
  if not kind then
    return nil, nodes
  end
  local s = o.sentinel
  local sentinel_tls = s and s.tls
  if s and s.tls == nil then
    sentinel_tls = o.tls
  end
  return {
    kind = kind,
    nodes = nodes,
    name = s and s.name,
    tls = tls_of(o, o.tls),
    login = login_of(o, o.db or 0),
    sentinel = s and { tls = tls_of(o, sentinel_tls), login = login_of(s, 0) },
    prefix = o.prefix or "equinix:",
    timeout = o.timeout or 0.5,
    connect_timeout = o.connect_timeout or 1,
    grace = o.grace or 5,
  }
end

return M
