-- The gateway's set-up, as docs/nginx.md and examples/gateway.conf have it, on
-- every road by which nginx leads a request to the API: past the access phase,
-- through it without a vote of its own, in subrequests and redirects. Whatever
-- the road, the API sees our token or none, and no other server sees it.
local emulator = require "spec.support.emulator"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local readme = require "spec.support.readme"
local supervisor = require "equinix.supervisor.nginx"

local missing = nginx.missing()
if missing then
  pending("the gateway's roads: " .. missing)
  return
end

local CALLERS = "Basic " .. "Y2FsbGVyOnBhc3N3b3Jk" -- caller:password
local SERVERS = [[
  lua_shared_dict seen 1m;
  init_by_lua_block {
    require "equinix"
    function seen(where)
      ngx.shared.seen:rpush("all", where .. " " .. ngx.var.request_uri .. " "
        .. (ngx.var.http_authorization or "none"))
    end
  }
  %(before)s
  proxy_cache_path cache levels=1 keys_zone=kept:1m;
  # The API; /pieces can be fetched in parts.
  server {
    listen 127.0.0.1:%(api)d;
    access_by_lua_block { seen "api" }
    location / { content_by_lua_block { ngx.print "of the API" } }
    location = /pieces { root .; }
    location = /missing { content_by_lua_block { ngx.exit(404) } }
    location = /page {
      default_type text/html;
      content_by_lua_block {
        ngx.print '<!--#include virtual="/elsewhere" -->'
      }
    }
  }
  # Not the API.
  server {
    listen 127.0.0.1:%(other)d;
    access_by_lua_block { seen "other" }
    location / { content_by_lua_block { ngx.print "another" } }
    location = /redirects {
      content_by_lua_block { ngx.header["X-Accel-Redirect"] = "/direct" }
    }
  }
]]

-- `%(body)s` is what the documents have in `location / { }`.
local LOCATIONS = [[
  location = /direct { %(body)s }
  location = /elsewhere { proxy_pass http://127.0.0.1:%(other)d; }
  location @gateway { %(body)s }
  location @elsewhere { proxy_pass http://127.0.0.1:%(other)d; }
  location = /capture { content_by_lua_block {
    local found = ngx.location.capture "/direct"
    ngx.status = found.status
    ngx.print(found.body)
  } }
  location = /capture_vars { content_by_lua_block {
    ngx.print(ngx.location.capture("/direct",
      { share_all_vars = true }).body)
    ngx.print(ngx.location.capture("/direct", { copy_all_vars = true,
      method = ngx.HTTP_POST, body = "x" }).body)
  } }
  location = /capture_multi { content_by_lua_block {
    for _, found in ipairs { ngx.location.capture_multi {
      { "/direct" }, { "/elsewhere" }, { "/direct" } } } do
      ngx.print(found.body)
    end
  } }
  location = /captures_after { rewrite_by_lua_block {
      ngx.location.capture "/elsewhere"
      ngx.exec "/direct"
    }
  }
  location = /mirrored {
    mirror /direct;
    proxy_pass http://127.0.0.1:%(other)d;
  }
  location = /mirrors { mirror /elsewhere; %(body)s }
  location = /included { ssi on; ssi_types *; root .; }
  location = /page { ssi on; %(body)s }
  location = /asked {
    auth_request /direct;
    proxy_pass http://127.0.0.1:%(other)d;
  }
  location = /asks { auth_request /elsewhere; %(body)s }
  location = /added {
    add_before_body /direct;
    add_after_body /direct;
    addition_types *;
    proxy_pass http://127.0.0.1:%(other)d;
  }
  location = /adds {
    add_after_body /elsewhere;
    addition_types *;
    %(body)s
  }
  location = /pieces {
    slice 10;
    proxy_cache kept;
    proxy_cache_key $uri$slice_range;
    proxy_cache_valid 206 1h;
    %(body)s
    proxy_set_header Range $slice_range;
  }
  location = /kept {
    proxy_cache kept;
    proxy_cache_valid 200 1s;
    proxy_cache_use_stale updating;
    proxy_cache_background_update on;
    %(body)s
  }
  location = /any_password {
    satisfy any;
    auth_basic x;
    auth_basic_user_file passwords;
    %(body)s
  }
  location = /any_denied {
    satisfy any;
    deny all;
    auth_basic x;
    auth_basic_user_file passwords;
    %(body)s
  }
  location = /any_allowed {
    satisfy any;
    allow all;
    auth_basic x;
    auth_basic_user_file passwords;
    %(body)s
  }
  location = /any_asked {
    satisfy any;
    deny all;
    auth_request /elsewhere;
    %(body)s
  }
  location = /password {
    auth_basic x;
    auth_basic_user_file passwords;
    %(body)s
  }
  location = /denied { deny all; %(body)s }
  location = /missing {
    proxy_intercept_errors on;
    error_page 404 = /direct;
    %(body)s
  }
  location = /missing/named {
    rewrite ^ /missing break;
    proxy_intercept_errors on;
    error_page 404 = @gateway;
    %(body)s
  }
  location = /missing/elsewhere {
    rewrite ^ /missing break;
    proxy_intercept_errors on;
    error_page 404 = @elsewhere;
    %(body)s
  }
  location = /error_page { error_page 404 = @gateway; return 404; }
  location = /tried { try_files /no_such_file @gateway; }
  location = /tried/uri { try_files /no_such_file /direct; }
  location = /tries { root .; try_files /included =404; %(body)s }
  location = /rewritten { rewrite ^ /direct last; }
  location = /renamed { rewrite ^ /another/name break; %(body)s }
  location = /exec { content_by_lua_block { ngx.exec "/direct" } }
  location = /exec_named { content_by_lua_block { ngx.exec "@gateway" } }
  location = /redirects { proxy_pass http://127.0.0.1:%(other)d; }
  location = /if { if ($arg_x = "1") { set $y 2; } %(body)s }
  location = /limit_except { limit_except POST { allow all; } %(body)s }
  location /outer/ {
    %(body)s
    location = /outer/inner {
      access_by_lua_block { ngx.exit(ngx.OK) }
      proxy_pass http://127.0.0.1:%(api)d;
    }
  }
]]

-- Not every nginx is built with all modules.
local LEFT_OUT = {}
for directive, module in pairs { slice = "slice", add_after_body = "addition",
  auth_request = "auth_request" } do
  local build = supervisor.find().build
  local there = build:find("http_" .. module .. "_module", 1, true)
  local one = "  location ([^{]-) (%b{})\n"
  LOCATIONS = LOCATIONS:gsub(one, function(name, body)
    if not there and body:find(directive, 1, true) then
      LEFT_OUT[name:match "/%S+"] = true
      return ""
    end
  end)
end

-- The road, what it answers, how often the API gets our token on it, and where
-- it matters the status without the password.
local ROADS = {
  { "/direct", 200, 1 }, { "/capture", 200, 1 }, { "/capture_vars", 200, 2 },
  { "/capture_multi", 200, 2 }, { "/captures_after", 200, 1 },
  { "/mirrored", 200, 1 }, { "/mirrors", 200, 1 }, { "/included", 200, 2 },
  { "/page", 200, 1 }, { "/asked", 200, 1 }, { "/asks", 200, 1 },
  { "/added", 200, 2 }, { "/adds", 200, 1 },
  { "/any_password", 200, 1, 401 }, { "/any_denied", 200, 1, 401 },
  { "/any_allowed", 200, 1 }, { "/any_asked", 200, 1 },
  { "/password", 200, 1, 401 }, { "/denied", 403, 0, 403 },
  { "/missing", 200, 2 }, { "/missing/named", 404, 2 },
  { "/missing/elsewhere", 200, 1 }, { "/error_page", 200, 1 },
  { "/tried", 200, 1 }, { "/tried/uri", 200, 1 }, { "/tries", 200, 1 },
  { "/rewritten", 200, 1 }, { "/renamed", 200, 1 }, { "/exec", 200, 1 },
  { "/exec_named", 200, 1 }, { "/redirects", 200, 1 }, { "/if?x=1", 200, 1 },
  { "/limit_except", 200, 1 }, { "/outer/inner", 200, 1 },
}
for i = #ROADS, 1, -1 do
  if LEFT_OUT[ROADS[i][1]] then
    table.remove(ROADS, i)
  end
end

local PATHS = { docs = "docs/nginx.md", example = "examples/gateway.conf" }

-- What the documents have in `location / { }`, and before it, for this API.
local function set_up(source, api)
  local text = source == "docs"
    and readme.block(PATHS.docs, "authorize(api)")
    or assert(process.capture("cat " .. PATHS.example))
  text = text:gsub("%s#[^\n]*", "")
  local body = assert(text:match "location / (%b{})"):sub(2, -2)
  body = readme.put(body, "https://equinix", "http://127.0.0.1:" .. api)
  return (body:gsub("[^\n]*proxy_ssl_[^\n]*\n", "")
    :gsub("[^\n]*proxy_redirect[^\n]*\n", "")
    :gsub("%(api%)", '(require "demo")')),
    ("\n" .. text):match "\n%s*(map [^\n]*equinix_authorization[^\n]*)"
      or ""
end

local function fill(text, values)
  return (text:gsub("%%%((%w+)%)[sd]", values))
end

-- An nginx with all roads; `change` may alter the body of the set-up.
local function start(e, source, change)
  local values = { api = nginx.free_port(), other = nginx.free_port() }
  values.body, values.before = set_up(source, values.api)
  values.body = change and change(values.body) or values.body
  local n = nginx.start {
    files = {
      ["demo.lua"] = nginx.client(e, "timeout = 5"),
      included = '<!--#include virtual="/direct" -->'
        .. '<!--#include virtual="/elsewhere" -->'
        .. '<!--#include virtual="/direct" -->',
      pieces = ("0123456789"):rep(3) .. "01234",
      passwords = "caller:{PLAIN}password\n",
    },
    http = fill(SERVERS, values),
    server = fill(LOCATIONS, values),
  }
  return n
end

-- What the servers have seen: {where, path, what came as Authorization}.
local function seen(n)
  local list = {}
  for line in n:run [[
    local lines = {}
    for i = 1, ngx.shared.seen:llen "all" do
      lines[i] = ngx.shared.seen:lpop "all"
    end
    return table.concat(lines, "\n")
  ]]:gmatch "[^\n]+" do
    local where, path, header = line:match "^(%S+) (%S+) (.*)$"
    list[#list + 1] = { where = where, path = path, header = header }
  end
  return list
end

-- Requests a road, and waits until it has led to so many requests to the API,
-- and no more comes of it.
local function take(n, path, header, count)
  seen(n)
  n:run "demo:forget()" -- so that each road has to wait for a token, too
  local response = assert(n:send("GET", path, {
    headers = { header and { "Authorization", header } },
  }))
  local all, quiet = {}, 0
  process.eventually(function()
    local more = seen(n)
    for _, entry in ipairs(more) do
      all[#all + 1] = entry
      count = (count or 0) - (entry.where == "api" and 1 or 0)
    end
    quiet = #more == 0 and quiet + 1 or 0
    return quiet >= 3 and (count or 0) <= 0
  end)
  return response, all
end

-- How often the API got our token; whatever else it got is wrong, and so is
-- our token anywhere else.
local function counted(all, token, path)
  local count = 0
  for _, entry in ipairs(all) do
    if entry.where == "api" then
      assert(entry.header == token or entry.header == "none", path
        .. ": the API got " .. entry.header)
      count = count + (entry.header == token and 1 or 0)
    else
      assert(entry.header ~= token, path .. ": another server got our token")
    end
  end
  return count
end

local function token_of(n)
  return (n:run "return (demo:authorization())")
end

-- The set-ups, and the phase that authorize() is put into instead of theirs.
local SET_UPS = { { "docs" }, { "example" } }
if supervisor.has_directive(supervisor.find(), "precontent_by_lua_block") then
  SET_UPS[3] = { "docs", "precontent_by_lua_block" }
end

for _, one in ipairs(SET_UPS) do
  local source, phase = one[1], one[2] or "rewrite_by_lua_block"
  local name = "the gateway's set-up of " .. PATHS[source]
  describe(name .. " in " .. phase, function()
    local e, n

    setup(function()
      e = emulator.start { plain = true }
      n = start(e, source, function(body)
        return readme.put(body, "rewrite_by_lua_block", phase)
      end)
    end)
    before_each(function()
      e:reset()
    end)
    teardown(function()
      n:stop()
      e:stop()
    end)

    for _, road in ipairs(ROADS) do
      it("sends our token and no other by " .. road[1], function()
        local response, all = take(n, road[1], CALLERS, road[3])
        assert.are.equal(road[2], response.status)
        assert.are.equal(road[3], counted(all, token_of(n), road[1]))
        response, all = take(n, road[1], nil,
          road[4] and 0 or road[3])
        assert.are.equal(road[4] or road[2], response.status)
        assert.are.equal(road[4] and 0 or road[3],
          counted(all, token_of(n), road[1]))
      end)
    end

    it("sends it for each piece of a response", function()
      if LEFT_OUT["/pieces"] then
        pending "this nginx has no module for it"
        return
      end
      local response, all = take(n, "/pieces", CALLERS)
      assert.are.equal(35, #response.body)
      assert.are.equal(4, counted(all, token_of(n), "/pieces"))
    end)

    it("sends it when nginx renews its cache at the side", function()
      local token, count = token_of(n), 0
      assert(process.eventually(function()
        assert.are.equal(200, n:send("GET", "/kept", {
          headers = { { "Authorization", CALLERS } } }).status)
        count = count + counted(seen(n), token, "/kept")
        return count >= 2
      end))
    end)

    it("sends nothing to the API while there is no token", function()
      n:run "demo:forget()"
      e:config { status = 503 }
      for _, road in ipairs(ROADS) do
        local response, all = take(n, road[1], CALLERS)
        for _, entry in ipairs(all) do
          assert(entry.where ~= "api" or road[1] == "/outer/inner"
            and entry.header == "none", road[1])
        end
        assert(response.status ~= 500 or road[1] == "/asked", road[1])
      end
      assert.are.equal(503, (n:get "/direct"))
      assert.are.equal(503, (n:get "/capture"))
    end)
  end)
end

-- As before, but in the phase that nginx runs in no subrequest.
describe("authorize() in the access phase", function()
  local e, n

  setup(function()
    e = emulator.start { plain = true }
    n = start(e, "docs", function(body)
      return readme.put(body, "rewrite_by_lua_block", "access_by_lua_block")
    end)
  end)
  teardown(function()
    n:stop()
    e:stop()
  end)

  it("sends our token or none on every road", function()
    for _, road in ipairs(ROADS) do
      local response, all = take(n, road[1], CALLERS)
      assert(response.status < 500, road[1])
      counted(all, token_of(n), road[1])
      response, all = take(n, road[1], nil)
      assert(response.status < 500, road[1])
      counted(all, token_of(n), road[1])
    end
    local response, all = take(n, "/direct", CALLERS)
    assert.are.equal(200, response.status)
    assert.are.equal(1, counted(all, token_of(n), "/direct"))
  end)

  it("lets nobody in who is to be asked for a password", function()
    for _, path in ipairs { "/any_password", "/any_denied", "/password" } do
      for _, header in ipairs { false, "Basic Y2FsbGVyOndyb25n" } do
        local response, all = take(n, path, header or nil)
        assert.are.equal(401, response.status)
        assert.are.same({}, all)
      end
    end
    assert.are.equal(403, (n:get "/denied"))
  end)
end)

-- A set-up that lacks something, or has too little for what it does.
describe("authorize()", function()
  local e, n
  local API = "proxy_pass http://127.0.0.1:%d;"

  setup(function()
    e = emulator.start { plain = true }
    local api = nginx.free_port()
    n = nginx.start {
      files = {
        ["demo.lua"] = nginx.client(e, "timeout = 5"),
        ["other.lua"] = nginx.client(e, "timeout = 5, cache_key = 'other'"),
      },
      http = fill(SERVERS, { api = api, other = nginx.free_port(),
        before = 'map "" $one { default ""; } map "" $two { default ""; }' }),
      server = ([[
        location = /nowhere {
          rewrite_by_lua_block {
            require("equinix.nginx").authorize(require "demo")
          }
          API
        }
        location = /unused {
          rewrite_by_lua_block {
            require("equinix.nginx").authorize(require "demo", "unused")
          }
          API
        }
        location = /demo {
          rewrite_by_lua_block {
            require("equinix.nginx").authorize(require "demo", "one")
          }
          auth_request $auth;
          proxy_set_header Authorization $one;
          API
        }
        location = /other {
          rewrite_by_lua_block {
            require("equinix.nginx").authorize(require "other", "one")
          }
          proxy_set_header Authorization $one;
          API
        }
        location = /same {
          rewrite_by_lua_block {
            require("equinix.nginx").authorize(require "demo", "one")
          }
          proxy_set_header Authorization $one;
          API
        }
        location = /another {
          rewrite_by_lua_block {
            require("equinix.nginx").authorize(require "other", "two")
          }
          proxy_set_header Authorization $two;
          API
        }
      ]]):gsub("API", (API:format(api)))
        :gsub("(location = /demo (%b{}))", function(location)
          local all = {}
          for _, way in ipairs { "same", "other", "another" } do
            all[#all + 1] = location:gsub("/demo", "/demo/" .. way)
              :gsub("%$auth", "/" .. way)
          end
          return table.concat(all, "\n")
        end),
    }
  end)
  teardown(function()
    n:stop()
    e:stop()
  end)

  it("refuses without a variable, and its log says what to write", function()
    for _ = 1, 3 do
      local response, all = take(n, "/nowhere", CALLERS)
      assert.are.same({ 500, {} }, { response.status, all })
      assert.truthy(response.body:find '"status":500')
    end
    local log = n:error_log()
    local line = 'map "" $equinix_authorization { default ""; }'
    assert.are.equal(1, select(2, log:gsub(line:gsub("%p", "%%%0"), "")))
    assert.truthy(log:find(
      "`proxy_set_header Authorization $equinix_authorization;`", 1, true))
    assert.are.equal(500, (n:get "/unused"))
  end)

  it("refuses a subrequest that would replace another client's token",
    function()
      if LEFT_OUT["/asks"] then
        pending "this nginx has no auth_request"
        return
      end
      local response, all = take(n, "/demo/other", CALLERS)
      assert.are.same({ 500, {} }, { response.status, all })
      assert.truthy(n:error_log():find("share the variable $one", 1, true))
    end)

  it("serves subrequests of the same client, renewed meanwhile or not",
    function()
      for _ = 1, 3 do
        local response, all = take(n, "/demo/same", CALLERS, 2)
        assert.are.equal(200, response.status)
        assert.are.equal(2, #all)
      end
    end)

  it("serves two clients that have a variable each", function()
    local response, all = take(n, "/demo/another", CALLERS, 2)
    assert.are.equal(200, response.status)
    local one, two = n:run [[
      return require "demo":authorization(), (require "other":authorization())
    ]]
    assert.are.same({ two, one }, { all[1].header, all[2].header })
  end)
end)
