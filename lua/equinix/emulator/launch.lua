--- launch: the local Equinix, started. (Not Equinix's own Sandbox.)
--
-- Law of this file: options in, a private directory with all that nginx
-- needs out, and then nginx. What is answered is in emulator/behaviour.lua.
-- It listens on 127.0.0.1 and nowhere else, and knows one app and one user
-- whose secrets are new in each run.

local certificates = require "equinix.emulator.certificates"
local core = require "equinix.core"
local host = require "equinix.supervisor.nginx"
local json = require "equinix.base.json"
local port_of = require "equinix.supervisor.free_port"
local tokens = require "equinix.emulator.tokens"

local M = {}

local HTTP = [[
  lua_shared_dict equinix 16m;
  lua_shared_dict equinix_log 8m;
  client_max_body_size 1m;
  client_body_buffer_size 1m;
  client_body_in_single_buffer on;
  keepalive_requests 1000000;
  init_by_lua_block {
    require("equinix.emulator.nginx_handler").init(ngx.config.prefix())
  }
  server {
    %(listen)s
%(tls)s
    location / {
      content_by_lua_block {
        require("equinix.emulator.nginx_handler").handle()
      }
    }
  }
]]

local TLS = [[
    ssl_certificate server.pem;
    ssl_certificate_key server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
]]

local function fill(template, values)
  return (template:gsub("%%%(([%w_]+)%)s", values))
end

-- Every line is a shell's, so that the whole may be eval'ed.
local BANNER = [[
# A local Equinix is at %(base_url)s (end it with Ctrl-C).
export EQUINIX_API_ENDPOINT=%(base_url)s
export EQUINIX_API_CLIENTID=%(client_id)s
export EQUINIX_API_CLIENTSECRET=%(client_secret)s
%(trust)s
# For the password grant: user_name %(user_name)s
#                         user_password %(user_password)s
# Log and knobs: GET /_emulator/log, GET and POST /_emulator/config,
#                POST /_emulator/reset
# Try: %(curl)s %(base_url)s/_emulator/log
]]

local function banner(ready)
  local values = {}
  for name, value in pairs(ready) do
    values[name] = value
  end
  values.trust = ready.ca_file
    and "# Its certificate is signed by ca_file = \"" .. ready.ca_file .. "\""
    or "# Plain HTTP, which the client accepts on loopback only."
  values.curl = ready.ca_file and "curl --cacert " .. ready.ca_file or "curl"
  return fill(BANNER, values)
end

local function random(n)
  local bytes = {}
  for i = 1, n do
    bytes[i] = string.char(math.floor(core.random() * 256))
  end
  return table.concat(bytes)
end

local function accounts()
  return {
    client_id = "demo-" .. tokens.text(random, 20),
    client_secret = tokens.text(random, 32),
    user_name = "demo@example.com",
    user_password = tokens.text(random, 16),
  }
end

local function write_all(dir, files)
  for name, text in pairs(files) do
    local ok, reason = host.write(dir, name, text)
    if not ok then
      return nil, reason
    end
  end
  return true
end

---@class equinix.emulator.Options
---@field port? integer 0 for a free one; default 8443
---@field plain? boolean http instead of https
---@field workers? integer default 1
---@field knobs? table<string, any> checked values to start with
---@field ready_file? string
---@field until_eof? boolean
---@field nginx? string path of the nginx to use

-- Everything into the directory.
local function prepare(dir, nginx, options)
  local port = options.port == 0 and port_of.any() or options.port or 8443
  local ready = accounts()
  ready.base_url = ("%s://127.0.0.1:%d"):format(
    options.plain and "http" or "https", port)
  ready.port, ready.dir, ready.pid = port, dir, "@PID@"
  if not options.plain then
    local ok, reason = certificates.make(dir)
    if not ok then
      return nil, reason
    end
    ready.ca_file = dir .. "/ca.pem"
  end
  local http = fill(HTTP, {
    listen = host.listen(nginx, "127.0.0.1:" .. ("%d"):format(port),
      not options.plain),
    tls = options.plain and "" or TLS,
  })
  local configuration, reason = host.configuration(nginx, {
    workers = options.workers or 1,
    http = http,
  })
  if not configuration then
    return nil, reason
  end
  return write_all(dir, {
    ["nginx.conf"] = configuration,
    ["emulator.json"] = json.encode {
      accounts = {
        client_id = ready.client_id,
        client_secret = ready.client_secret,
        user_name = ready.user_name,
        user_password = ready.user_password,
      },
      knobs = options.knobs or {},
    },
    ["ready.json"] = json.encode(ready) .. "\n",
    banner = banner(ready),
  })
end

--- Runs the emulator until it is told to end: this process becomes it.
---@param options equinix.emulator.Options
---@return nil
---@return string message why it could not start; else it does not return
function M.run(options)
  local nginx, missing = host.find(options.nginx)
  if not nginx then
    return nil, missing
  end
  local directory, reason = host.directory()
  if not directory then
    return nil, reason
  end
  local ok, why = prepare(directory.path, nginx, options)
  if not ok then
    host.drop(directory)
    return nil, why
  end
  return nil, host.run {
    directory = directory,
    nginx = nginx,
    name = "equinix-auth emulator",
    ready_file = options.ready_file,
    until_eof = options.until_eof,
  }
end

return M
