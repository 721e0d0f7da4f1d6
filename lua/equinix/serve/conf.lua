--- conf: nginx's configuration for the service.
--
-- Law of this file: every limit that a stranger could run into is set here,
-- and whatever nginx itself would answer with a page of HTML goes to our own
-- words. No secret is in it, nor the name of a caller's query in a log: the
-- access log names our own paths and no other, and nginx's error log, which
-- quotes requests, is silent about those.

local M = {}

local MAIN = [[
thread_pool equinix threads=32;
worker_shutdown_timeout 10s;
error_log log error;
]]

local HTTP = [[
  lua_package_cpath "%(cpath)s;;";
  lua_shared_dict equinix 4m;
  init_by_lua_block {
    require("equinix.serve.server").init(ngx.config.prefix())
  }
  error_log log crit;
  map $uri $equinix_path {
    default -;
    /mcp /mcp;
%(paths)s
  }
  log_format equinix escape=json '{"time":"$time_iso8601",'
    '"remote":"$remote_addr","port":$server_port,"method":"$request_method",'
    '"path":"$equinix_path","status":$status,"bytes":$body_bytes_sent,'
    '"seconds":$request_time}';
  client_max_body_size 1m;
  client_body_buffer_size 1m;
  client_body_in_single_buffer on;
  client_header_timeout 10s;
  client_body_timeout 10s;
  send_timeout 30s;
  large_client_header_buffers 4 8k;
  keepalive_timeout 75s;
  keepalive_requests 100000;
  reset_timedout_connection on;
  limit_conn_zone $server_port zone=equinix_connections:1m;
  limit_conn equinix_connections 2000;
  limit_conn_status 503;
%(rate)s
  error_page %(statuses)s /equinix-problem;
]]

local RATE = [[
  limit_req_zone $binary_remote_addr zone=equinix_rate:4m rate=%dr/s;
  limit_req zone=equinix_rate burst=%d nodelay;
  limit_req_status 429;]]

local SERVER = [[
  server {
    listen %s;
    access_log log equinix buffer=4k flush=1s;
    location / {
      content_by_lua_block { require("equinix.serve.server").%s() }
    }
    location = /equinix-problem {
      internal;
      content_by_lua_block { require("equinix.serve.server").%s_failed() }
    }
  }
]]

-- What nginx says no with by itself; 494 to 499 are its own numbers.
local STATUSES = "400 401 402 403 404 405 406 408 409 410 411 412 413 414 415 "
  .. "416 417 421 429 431 494 495 496 497 500 501 502 503 504 505 507"

local function path_lines(paths)
  local lines = {}
  for i, path in ipairs(paths) do
    lines[i] = ("    %s %s;"):format(path, path)
  end
  return table.concat(lines, "\n")
end

---@class equinix.serve.Conf
---@field cpath string where the core for LuaJIT is
---@field listen {rest: string, mcp: string} addresses with ports
---@field paths string[] that the access log may name
---@field rate number requests a second for each address; 0: no limit

--- Text for the main and for the http part.
---@param options equinix.serve.Conf
---@return string main
---@return string http
function M.text(options)
  local values = {
    cpath = options.cpath,
    paths = path_lines(options.paths),
    rate = options.rate > 0 and RATE:format(options.rate, 2 * options.rate)
      or "",
    statuses = STATUSES,
  }
  local function fill(template)
    return (template:gsub("%%%(([%w_]+)%)s", values))
  end
  return MAIN, fill(HTTP)
    .. SERVER:format(options.listen.rest, "rest", "rest")
    .. SERVER:format(options.listen.mcp, "mcp", "mcp")
end

return M
