--- url: the URL of a Redis, as options.
--
-- Law of this file: text in, options out; no I/O. What is not understood is a
-- mistake and is refused. A message names the part that is wrong and the form
-- it should have; of the URL it repeats the names of its scheme and parameters
-- and no more: anything else may be a part of the password.

local address = require "equinix.store.redis.address"
local lower = require("equinix.base.text").lower
local suggest = require "equinix.base.suggest"

local M = {}

-- What each scheme means.
local SCHEMES = {
  redis = { kind = "alone" },
  rediss = { kind = "alone", tls = true },
  unix = { kind = "unix" },
  ["redis+sentinel"] = { kind = "sentinel" },
  ["rediss+sentinel"] = { kind = "sentinel", tls = true },
  ["redis+cluster"] = { kind = "cluster" },
  ["rediss+cluster"] = { kind = "cluster", tls = true },
}

-- What others call them.
local ALIASES = {
  valkey = "redis", valkeys = "rediss", tcp = "redis", tls = "rediss",
  ["redis+tls"] = "rediss", ["redis+ssl"] = "rediss", ["http"] = "redis",
  ["https"] = "rediss", ["redis+unix"] = "unix", ["redis+socket"] = "unix",
  ["redis-socket"] = "unix", ["redis-sentinel"] = "redis+sentinel",
  ["rediss-sentinel"] = "rediss+sentinel", ["redis-cluster"] = "redis+cluster",
  ["rediss-cluster"] = "rediss+cluster", sentinel = "redis+sentinel",
  cluster = "redis+cluster",
}

-- Options that a parameter may give, and how it is read. Passwords are not
-- among them: they have their place before the host, or in a file.
local PARAMETERS = {
  db = "number", timeout = "number", connect_timeout = "number",
  grace = "number", prefix = "text", username = "text",
  password_file = "text", ca_file = "text", client_cert = "text",
  client_key = "text", client_key_password_file = "text",
  server_name = "text", sentinel_username = "text",
  sentinel_password_file = "text", sentinel_tls = "yes",
}

local PARAMETER_ALIASES = {
  ca = "ca_file", cacert = "ca_file", ca_cert = "ca_file",
  ssl_ca_certs = "ca_file", cert = "client_cert", ssl_certfile = "client_cert",
  key = "client_key", ssl_keyfile = "client_key", sni = "server_name",
  database = "db", user = "username", password = "password_file",
}

local FORM = "a URL is redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]"

-- `%41` is "A". -> nil where a % has no two digits after it
local function decode(text)
  if text:find "%%[^0-9A-Fa-f]" or text:find "%%.?$"
    or text:find "%%.[^0-9A-Fa-f]" then
    return nil
  end
  return (text:gsub("%%(..)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function scheme_of(url)
  local name, rest = url:match "^([A-Za-z][A-Za-z0-9+.-]*):(.*)$"
  if not name or rest:sub(1, 2) ~= "//" then
    return nil, "url must begin with redis://, rediss:// (TLS), unix://, or "
      .. "redis+cluster:// or redis+sentinel://"
  end
  name = lower(name)
  if not SCHEMES[name] then
    local near = ALIASES[name] or suggest.name(name, SCHEMES)
    return nil, ("unknown scheme '%s' of url%s"):format(name:sub(1, 32),
      near and (", did you mean '%s'?"):format(near) or "")
  end
  return SCHEMES[name], rest:sub(3)
end

-- [user][:password]@
local function take_login(opts, text)
  local user, colon, password = text:match "^([^:]*)(:?)(.*)$"
  user, password = decode(user), decode(password)
  if not user or not password then
    return "the login of url has a % without two hexadecimal digits: write "
      .. "it as %25"
  elseif colon == ":" and password == "" then
    return "the login of url has an empty password: leave out the colon"
  elseif colon == "" and user ~= "" then
    opts.username = user
    return nil
  end
  opts.username = user ~= "" and user or nil
  opts.password = password
end

local function take_number(name, text)
  if not text:find "^[0-9]+%.?[0-9]*$" then
    return nil, ("parameter '%s' of url must be a number"):format(name)
  end
  local whole, fraction = text:match "^([0-9]+)%.?([0-9]*)$"
  local value = tonumber(whole)
  if fraction ~= "" then
    value = value + tonumber(fraction) / 10 ^ #fraction
  end
  return value
end

local function take_yes(name, text)
  if text ~= "true" and text ~= "false" then
    return nil, ("parameter '%s' of url must be true or false"):format(name)
  end
  return text == "true"
end

local READERS = { number = take_number, yes = take_yes,
  text = function(_, text)
    return text
  end }

-- One parameter, to the place that it has among the options.
local function put(opts, name, value)
  local of_sentinel = name:match "^sentinel_(.+)$"
  local target = opts
  if of_sentinel then
    opts.sentinel = opts.sentinel or {}
    target, name = opts.sentinel, of_sentinel
  end
  if target[name] ~= nil then
    return false
  end
  target[name] = value
  return true
end

local function take_query(opts, query)
  for part in query:gmatch "[^&]+" do
    local name, text = part:match "^([^=]*)=(.*)$"
    name = name or part
    local kind, value = PARAMETERS[name], decode(text or "")
    if not kind then
      local known = name:find "^[A-Za-z_]+$" and #name <= 32
      local near = known and (PARAMETER_ALIASES[lower(name)]
        or suggest.name(name, PARAMETERS))
      return ("unknown parameter%s of url%s"):format(
        known and (" '%s'"):format(name) or "",
        near and (", did you mean '%s'?"):format(near) or "")
    elseif not value or value == "" then
      return ("parameter '%s' of url needs a value; a %% is written %%25")
        :format(name)
    end
    local read, message = READERS[kind](name, value)
    if message then
      return message
    elseif not put(opts, name, read) then
      return ("url gives '%s' twice"):format(name)
    end
  end
end

local function take_db(opts, text)
  if text ~= "" then
    if not text:find "^[0-9]+$" or #text > 9 then
      return "the path of url must be the number of a db, as in /1"
    end
    opts.db = tonumber(text)
  end
end

-- What stands after the authority, by kind.
local PATHS = {
  alone = take_db,
  cluster = take_db,
  unix = function(opts, text)
    opts.path = text ~= "" and decode("/" .. text) or nil
    if not opts.path then
      return "a URL of a Unix socket is unix:///PATH"
    end
  end,
  sentinel = function(opts, text)
    local name, db = text:match "^([^/]*)/?([^/]*)$"
    name = name and decode(name)
    if not name or name == "" then
      return "a URL of sentinels is redis+sentinel://HOST[:PORT][,...]/NAME: "
        .. "the name of the master is missing"
    end
    opts.sentinel = { name = name }
    return take_db(opts, db)
  end,
}

local function take_hosts(opts, kind, text)
  if kind == "unix" then
    return text ~= "" and "a URL of a Unix socket is unix:///PATH" or nil
  elseif kind == "alone" then
    if text:find(",", 1, true) then
      return "url names several hosts: use redis+cluster:// or "
        .. "redis+sentinel://"
    end
    local host, port, message = address.read(text, nil)
    opts.host, opts.port = host, port
    return message and "url: " .. message
  end
  local nodes = {}
  for part in (text .. ","):gmatch "([^,]*)," do
    local host, _, message = address.read(part, 1)
    if not host then
      return "url: " .. message
    end
    nodes[#nodes + 1] = part
  end
  if kind == "cluster" then
    opts.cluster = nodes
  else
    opts.sentinel.nodes = nodes
  end
end

-- What a password with unescaped characters looks like: what it has behind
-- them would be taken for the name of a parameter, say.
local function looks_torn(rest)
  return rest:find("[#@]")
end

--- The options that a URL stands for.
---@param url string
---@return table|nil opts
---@return string|nil message never with a part of the URL that may be secret
function M.read(url)
  local scheme, rest = scheme_of(url)
  if not scheme then
    return nil, rest
  elseif url:find "[%z\1-\32\127]" then
    return nil, "url has a space or a control character: write it as %20, say"
  end
  local authority, tail = rest:match "^([^/?#]*)(.*)$"
  if looks_torn(tail) then
    return nil, "url has a character that must be written as %23 (#), "
      .. "%2F (/), %3F (?) or %40 (@): in its login, or behind its host"
  end
  local opts = { tls = scheme.tls }
  local login, hosts = authority:match "^(.*)@([^@]*)$"
  local path, query = tail:match "^/?([^?]*)%??(.*)$"
  local message = login and take_login(opts, login)
    or PATHS[scheme.kind](opts, path)
    or take_hosts(opts, scheme.kind, hosts or authority)
    or take_query(opts, query)
  if message then
    return nil, message
  end
  return opts
end

M.FORM = FORM

return M
