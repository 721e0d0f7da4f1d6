--- nginx_conf: nginx's configuration for the service.
--
-- Law of this file: all limits for callers are set here, and each error that
-- nginx would send as an HTML page is sent as JSON by our handlers. No secret
-- is in it. The logs show nothing that a caller wrote but the method, and what
-- serve/request_id lets through: the access log has only our own paths, and
-- the level of nginx's error log, which quotes requests, is above the messages
-- about requests. That log goes to the pipe `errors`, behind which its lines
-- become JSON (supervisor/log_lines).

local fill = require("equinix.base.template").fill

local M = {}

local MAIN = [[
thread_pool equinix threads=2;
worker_shutdown_timeout 10s;
error_log errors error;
]]

local KEY = [[$request\n$http_host\n$http_authorization\n]]
  .. [[$content_length\n$http_transfer_encoding]]

local HTTP = [[
  lua_package_cpath "%(cpath)s;;";
  lua_shared_dict equinix 4m;
  lua_shared_dict equinix_hour 1m;
  uninitialized_variable_warn off; # $equinix_more
  init_by_lua_block {
    require("equinix.serve.handlers").init(ngx.config.prefix())
  }
  error_log errors crit;
  # All of a request without a body that is always read.
  map "" $request_key { default "%(key)s"; }
  client_max_body_size 1m;
  client_body_buffer_size 1m;
  client_body_in_single_buffer on;
  client_header_timeout 10s;
  # serve/body has a shorter deadline, for the whole body.
  client_body_timeout 30s;
  # For what is left of a body that is not read.
  lingering_timeout 1s;
  lingering_time 5s;
  send_timeout 30s;
  large_client_header_buffers 4 8k;
  keepalive_timeout 75s;
  keepalive_requests 100000;
  lua_check_client_abort on; # handlers say what it means
  reset_timedout_connection on;
%(rate)s
  error_page %(statuses)s /equinix-problem;
]]

local RATE = [[
  limit_req_zone $binary_remote_addr zone=equinix_rate:4m rate=%dr/s;
  limit_req_status 429;]]
local LIMIT = "limit_req zone=equinix_rate burst=%d nodelay;"

-- The port in the log is a constant, and JSON, the type of most responses, is
-- the default type: variables and headers would cost time at each request.
local SERVER = [[
%(formats)s
  server {
    listen %(listen)s;
    add_header Cache-Control no-store always;
    absolute_redirect off; # a Location is a path of Equinix's
    default_type application/json;
    types { }
    access_log log equinix_%(face)s_0 buffer=4k flush=1s;
    location = /equinix-problem {
      internal;
      set $equinix_more ""; # makes it known; it is empty everywhere else, too
      content_by_lua_block {
        package.loaded["equinix.serve.handlers"].%(face)s_refused()
      }
    }
%(locations)s
  }
]]

-- The location of a token first looks whether the same request came before: in
-- a phase in which nginx needs no coroutine for Lua. It is before the one that
-- counts requests for a limit, so there it is only without a limit.
local AGAIN = [[
      set_by_lua_block $equinix_answer {
        return package.loaded["equinix.serve.handlers"].again()
      }
      if ($equinix_answer) {
        return 200 $equinix_answer;
      }
]]

-- Each path that may be logged is a location with its own log format, which
-- costs less than a variable. Nothing needs escaping: of what the caller chose
-- there is the method, in which nginx accepts only A-Z, - and _; the handlers'
-- variables are JSON. The routes of a capability share one location, and the
-- handler says which one it was. $equinix_more is further members of the line
-- (serve/request_id): empty where no handler has set it.
local FORMAT = [[
  log_format %(format)s escape=none '{"time":"$time_iso8601",'
    '"remote":"$remote_addr","port":%(port)s,"method":"$request_method",'
    '"path":%(path)s,"status":$status,"bytes":$body_bytes_sent,'
    '"seconds":$request_time$equinix_more}';]]

local LOCATION = [[
    location %(match)s {
%(variable)s      access_log log %(format)s buffer=4k flush=1s;
      %(limit)s
%(again)s      content_by_lua_block {
        package.loaded["equinix.serve.handlers"].%(handler)s()
      }
    }]]

local ROUTE = "      set $equinix_route '\"-\"';\n"

-- The errors that nginx sends by itself; 494 to 499 are its own numbers. Not
-- 412: nginx uses that while Lua is sending a response, and would crash if Lua
-- started another one.
local STATUSES = "400 401 402 403 404 405 406 408 409 410 411 413 414 415 "
  .. "416 417 421 429 431 494 495 496 497 500 501 502 503 504 505 507"

-- What nginx reads as nothing but text, also in the format of a log.
local TEXT = "^/[A-Za-z0-9/._~!&()*+,=:@-]*$"

-- The paths that have a location; any other one, such as /o'clock or /$host,
-- belongs to the location of all the rest.
local function named(paths)
  local found = {}
  for _, path in ipairs(paths) do
    found[#found + 1] = path:find(TEXT) and path or nil
  end
  return found
end

local function server(options, face, limit)
  local listen, paths = options.listen[face], named(options.paths[face])
  local formats, locations = {}, {}
  for i = 0, #paths do
    local is_probe = options.probes[paths[i]]
    local is_route = i == 0 and face == "rest" and options.has_routes
    local is_again = limit == "" and options.again and options.again[paths[i]]
    local values = {
      handler = is_probe and "probe" or is_again and "rest_new" or face,
      again = is_again and AGAIN or "",
      limit = is_probe and "" or limit,
      format = ("equinix_%s_%d"):format(face, i),
      path = is_route and "$equinix_route" or ('"%s"'):format(paths[i]
        or "-"),
      variable = is_route and ROUTE or "",
      match = paths[i] and "= " .. paths[i] or "/",
      port = listen:match "%d+$",
    }
    formats[#formats + 1] = fill(FORMAT, values)
    locations[#locations + 1] = fill(LOCATION, values)
  end
  return fill(SERVER, {
    face = face,
    listen = listen,
    formats = table.concat(formats, "\n"),
    locations = table.concat(locations, "\n"),
  })
end

---@class equinix.serve.Conf
---@field cpath string where LuaJIT finds the core
---@field listen {rest?: string, mcp?: string} addresses with ports
---@field paths {rest: string[], mcp: string[]} that the access log may show
---@field has_routes? boolean REST has more paths, those of a capability
---@field probes table<string, true> those of REST that have no limit
---@field again? table<string, true> those of REST that give a token; nil where
---  this nginx has no set_by_lua_block
---@field variables? string[] that nginx's workers get
---@field rate number requests a second for each address; 0: no limit

--- The lines of the main part and of the http part.
---@param options equinix.serve.Conf
---@return string main
---@return string http
function M.text(options)
  local rate = options.rate
  local limit = rate > 0 and LIMIT:format(2 * rate) or ""
  local main = { MAIN }
  for i, name in ipairs(options.variables or {}) do
    main[i + 1] = "env " .. name .. ";\n"
  end
  return table.concat(main), fill(HTTP, {
    cpath = options.cpath,
    key = KEY,
    rate = rate > 0 and RATE:format(rate) or "",
    statuses = STATUSES,
  }) .. (options.listen.rest and server(options, "rest", limit) or "")
    .. (options.listen.mcp and server(options, "mcp", limit) or "")
end

return M
