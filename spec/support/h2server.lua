-- h2server: nginx with HTTP/2 over TLS and the spec's certificate.
--
-- Law of this file: it answers every request with the same body and logs the
-- connection and the path of each request; it does nothing else.
local ports = require "spec.support.ports"
local process = require "spec.support.process"
local supervisor = require "equinix.supervisor.nginx"

local M = {}
local Server = {}
Server.__index = Server

local CONFIG = [[
daemon off;
master_process off;
pid %(dir)s/pid;
error_log stderr error;
events { worker_connections 512; }
http {
  log_format connections "$connection $server_protocol $request_uri";
  access_log %(dir)s/log connections;
  client_body_temp_path %(dir)s;
  proxy_temp_path %(dir)s;
  fastcgi_temp_path %(dir)s;
  uwsgi_temp_path %(dir)s;
  scgi_temp_path %(dir)s;
%(more)s
  server {
    listen 127.0.0.1:%(port)s ssl http2;
    ssl_certificate %(certificate)s;
    ssl_certificate_key %(key)s;
    location / { default_type text/plain; return 200 "hello"; }
  }
}
]]

--- Starts it; nil where there is no nginx with HTTP/2.
---@param tls {key: string, certificate: string}
---@param more? string lines of nginx's configuration
function M.start(tls, more)
  local nginx = supervisor.find()
  if not nginx or not nginx.build:find "http_v2_module" then
    return nil
  end
  local dir, port = process.tempdir(), ports.free(1)[1]
  local values = { dir = dir, port = port, key = tls.key,
    certificate = tls.certificate, more = more or "" }
  local file = assert(io.open(dir .. "/conf", "w"))
  file:write((CONFIG:gsub("%%%((%w+)%)s", values)))
  file:close()
  local self = setmetatable({ dir = dir }, Server)
  self.process = process.start { nginx.binary, "-p", dir, "-c",
    dir .. "/conf" }
  self.url = ("https://127.0.0.1:%d"):format(port)
  assert(process.eventually(function()
    local socket = require("socket").connect("127.0.0.1", port)
    return socket and socket:close()
  end), self.process:stderr())
  return self
end

--- The numbers of requests and connections, and of requests by HTTP version.
function Server:log()
  local requests, connections, versions = 0, 0, {}
  local seen = {}
  for line in io.lines(self.dir .. "/log") do
    local connection, version = line:match "^(%d+) (%S+)"
    requests = requests + 1
    connections = connections + (seen[connection] and 0 or 1)
    seen[connection] = true
    versions[version] = (versions[version] or 0) + 1
  end
  return requests, connections, versions
end

--- How often each path was asked for.
---@return table<string, integer>
function Server:paths()
  local paths = {}
  for line in io.lines(self.dir .. "/log") do
    local path = line:match "^%d+ %S+ (%S+)"
    paths[path] = (paths[path] or 0) + 1
  end
  return paths
end

function Server:stop()
  self.process:stop()
  process.remove(self.dir)
end

return M
