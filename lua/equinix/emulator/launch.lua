--- launch: starts the local Equinix. (It is not Equinix's own Sandbox.)
--
-- Law of this file: options come in, a private directory with all that nginx
-- needs is written, and then this process becomes nginx's supervisor. How
-- requests are answered is in emulator/router.lua. It listens on 127.0.0.1
-- only, and has one app and one user, whose secrets are new in each run.

local certificates = require "equinix.emulator.certificates"
local copy = require("equinix.base.table").copy
local core = require "equinix.core"
local fill = require("equinix.base.template").fill
local foreground = require "equinix.supervisor.foreground"
local free_port = require "equinix.supervisor.free_port"
local json = require "equinix.emulator.json"
local supervisor = require "equinix.supervisor.nginx"
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

-- Every line is for a shell, so that all of it can be given to eval.
local BANNER = [[
# A local Equinix is at %(base_url)s (stop it with Ctrl-C).
export EQUINIX_API_ENDPOINT=%(base_url)s
export EQUINIX_API_CLIENTID=%(client_id)s
export EQUINIX_API_CLIENTSECRET=%(client_secret)s
%(trust)s
# For the password grant: user_name %(user_name)s
#                         user_password %(user_password)s
# In a browser: %(base_url)s/_emulator/
# Log and knobs: GET /_emulator/log, GET and POST /_emulator/config,
#                POST /_emulator/reset, POST /_emulator/rotate_secret
# Try: %(curl)s %(base_url)s/_emulator/log
]]

local function banner(ready)
  local values = copy(ready)
  values.trust = ready.ca_file
    and "# Its certificate is signed by ca_file = \"" .. ready.ca_file .. "\""
    or "# Plain HTTP, which the client accepts on loopback only."
  values.curl = ready.ca_file and "curl --cacert " .. ready.ca_file or "curl"
  return fill(BANNER, values)
end

local function random_bytes(n)
  local bytes = {}
  for i = 1, n do
    bytes[i] = string.char(math.floor(core.random() * 256))
  end
  return table.concat(bytes)
end

local function accounts()
  return {
    client_id = "demo-" .. tokens.text(random_bytes, 20),
    client_secret = tokens.text(random_bytes, 32),
    user_name = "demo@example.com",
    user_password = tokens.text(random_bytes, 16),
  }
end

---@class equinix.emulator.Options
---@field port? integer 0 for a free one; default 8443
---@field plain? boolean http instead of https
---@field workers? integer default 1
---@field knobs? table<string, any> values to start with, already checked
---@field verbose? boolean a line on stderr for each request
---@field ready_file? string written when it listens
---@field until_eof? boolean it also ends when standard input does
---@field nginx? string path of the nginx to use

-- The variables by which a client, and other programs, find the emulator.
local function environment(ready)
  local authorities = ready.ca_file
  return {
    EQUINIX_API_ENDPOINT = ready.base_url,
    EQUINIX_API_CLIENTID = ready.client_id,
    EQUINIX_API_CLIENTSECRET = ready.client_secret,
    -- For programs of curl, OpenSSL, Node and Python's requests.
    CURL_CA_BUNDLE = authorities,
    SSL_CERT_FILE = authorities,
    NODE_EXTRA_CA_CERTS = authorities,
    REQUESTS_CA_BUNDLE = authorities,
  }
end

-- Writes all files into the directory; returns what the ready file says.
local function prepare(dir, nginx, options)
  local port = options.port == 0 and free_port.any() or options.port or 8443
  local ready = accounts()
  ready.base_url = ("%s://127.0.0.1:%d"):format(
    options.plain and "http" or "https", port)
  ready.port, ready.dir, ready.pid = port, dir, "@PID@"
  if not options.plain then
    local ok, message = certificates.make(dir)
    if not ok then
      return nil, message
    end
    ready.ca_file = dir .. "/ca.pem"
  end
  ready.env = environment(ready)
  local http = fill(HTTP, {
    listen = supervisor.listen(nginx, "127.0.0.1:" .. ("%d"):format(port),
      not options.plain),
    tls = options.plain and "" or TLS,
  })
  local configuration, message = supervisor.configuration(nginx, {
    workers = options.workers or 1,
    http = http,
  })
  if not configuration then
    return nil, message
  end
  local written
  written, message = supervisor.write_files(dir, {
    ["nginx.conf"] = configuration,
    ["emulator.json"] = json.encode {
      accounts = {
        client_id = ready.client_id,
        client_secret = ready.client_secret,
        user_name = ready.user_name,
        user_password = ready.user_password,
      },
      ca_file = ready.ca_file,
      knobs = options.knobs or {},
      verbose = options.verbose,
    },
    ["ready.json"] = json.encode(ready) .. "\n",
    banner = banner(ready),
  })
  return written and ready, message
end

--- Sets up all that it takes to run the emulator.
---@param options equinix.emulator.Options
---@return {run: equinix.supervisor.Run, ready: table}|nil
---@return string|nil message why it can't run
function M.set_up(options)
  local nginx, message = supervisor.find(options.nginx)
  if not nginx then
    return nil, message
  end
  local directory
  directory, message = supervisor.directory()
  if not directory then
    return nil, message
  end
  local ready
  ready, message = prepare(directory.path, nginx, options)
  if not ready then
    supervisor.drop(directory)
    return nil, message
  end
  return {
    ready = ready,
    run = {
      directory = directory,
      nginx = nginx,
      name = "equinix-auth emulator",
      ready_file = options.ready_file,
      until_eof = options.until_eof,
      log = options.verbose,
    },
  }
end

--- Runs the emulator until a signal ends it: this process becomes it.
---@param options equinix.emulator.Options
---@return nil
---@return string message why it did not start; after a start there is no
---  return
function M.run(options)
  local ok, message = core.default_signals()
  if not ok then
    return nil, message
  end
  local made
  made, message = M.set_up(options)
  if not made then
    return nil, message
  end
  return nil, foreground.run(made.run)
end

return M
