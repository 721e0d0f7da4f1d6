-- nginx_hosts: what bench/nginx.lua measures: an nginx with the gateway, the
-- handlers and what they are held against, and the upstream behind them.
local nginx = require "spec.support.nginx"

local M = {
  --- The folder of lua-resty-http, to be compared with; nil: none.
  RESTY = os.getenv "RESTY_HTTP",
}

local UPSTREAM = [[
  keepalive_requests 1000000000;
  default_type application/json;
  location = /oauth2/v1/token {
    return 200 '{"access_token":"qwErtY8zyW1abcdefGHI",
"token_timeout":"3600","user_name":"bench","token_type":"Bearer"}';
  }
  location = /0 { content_by_lua_block { ngx.print(body) } }
  location = /20 {
    content_by_lua_block { ngx.sleep(0.02) ngx.print(body) }
  }
  location = /1000 {
    content_by_lua_block { ngx.sleep(1) ngx.print(body) }
  }
]]

local HTTP = [[
  map "" $equinix_authorization { default ""; }
  upstream upstream { server 127.0.0.1:%d; keepalive 256; }
  init_by_lua_block {
    local function client(transport)
      return assert(require("equinix").new {
        base_url = "http://127.0.0.1:%d", client_id = "bench",
        client_secret = "a secret of no use anywhere",
        transport = transport and require("equinix.transport." .. transport),
      })
    end
    api, blocking = client(), client "curl"
    gateway = require "equinix.nginx"
    function call(client, path)
      local response = assert(client:get(path))
      ngx.print(response.body)
    end
    -- lua-resty-http, where it is, with a header that is always the same.
    package.path = package.path .. ";%s/?.lua"
    function resty(path)
      local response = assert(require("resty.http").new():request_uri(
        "http://127.0.0.1:%d" .. path, { headers = {
          Authorization = "Bearer qwErtY8zyW1abcdefGHI" },
          keepalive_pool = 4096 }))
      ngx.print(response.body)
    end
    -- What one would write: a table of the worker's, with an end; and to
    -- notice that the API does not take the token any more.
    local token = { header = "Bearer qwErtY8zyW1abcdefGHI", ends = math.huge }
    by_hand = {}
    function by_hand.authorize()
      if token.ends > ngx.now() then
        ngx.req.set_header("Authorization", token.header)
      end
    end
    function by_hand.log()
      if ngx.var.upstream_status == "401" then
        token.ends = 0
      end
    end
  }
]]

-- One location for each upstream path, so that none has to be worked out.
local SERVER = [[
  keepalive_requests 1000000000;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  location = /probe { content_by_lua_block { ngx.print "here" } }
]]
local LOCATIONS = [[
  location = /plain/%s {
    proxy_set_header Authorization "Bearer qwErtY8zyW1abcdefGHI";
    proxy_set_header Connection ""; # not inherited beside another one
    proxy_pass http://upstream/%s;
  }
  location = /hand/%s {
    access_by_lua_block { by_hand.authorize() }
    proxy_pass http://upstream/%s;
  }
  location = /hand_log/%s {
    access_by_lua_block { by_hand.authorize() }
    log_by_lua_block { by_hand.log() }
    proxy_pass http://upstream/%s;
  }
  location = /authorize/%s {
    rewrite_by_lua_block { gateway.authorize(api) }
    proxy_set_header Authorization $equinix_authorization;
    proxy_set_header Connection "";
    proxy_pass http://upstream/%s;
  }
  location = /gateway/%s {
    rewrite_by_lua_block { gateway.authorize(api) }
    proxy_set_header Authorization $equinix_authorization;
    proxy_set_header Connection "";
    log_by_lua_block { gateway.log(api) }
    proxy_pass http://upstream/%s;
  }
  location = /handler/%s { content_by_lua_block { call(api, "/%s") } }
  location = /resty/%s { content_by_lua_block { resty("/%s") } }
  location = /blocking/%s { content_by_lua_block { call(blocking, "/%s") } }
]]

--- Runs a function with both of them; they end with it.
---@param body fun(front: table, upstream: table) of spec.support.nginx
function M.with(body)
  local upstream = nginx.start {
    http = [[ init_by_lua_block { body = '{"data":[' .. ('{"name":"port"},')
      :rep(20) .. '{}]}' } ]],
    server = UPSTREAM,
  }
  local locations = {}
  for _, latency in ipairs { "0", "20", "1000" } do
    locations[#locations + 1] = (LOCATIONS:gsub("%%s", latency))
  end
  local started, front = pcall(nginx.start, {
    main = "thread_pool equinix threads=2;",
    http = HTTP:format(upstream.port, upstream.port, M.RESTY or "",
      upstream.port),
    server = SERVER .. table.concat(locations),
  })
  local done, problem = started, front
  if started then
    done, problem = pcall(body, front, upstream)
    front:stop()
    if not done then
      problem = problem .. front.last_log:sub(1, 2000)
    end
  end
  upstream:stop()
  if not done then
    error(problem, 0)
  end
end

return M
