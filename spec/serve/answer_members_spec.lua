-- Every member of Equinix's token response reaches every caller: over REST
-- and MCP of a real nginx, and in plain Lua, from the shared cache and stores.
-- The token endpoint sends exactly these bytes.
local command = require "spec.support.command"
local equinix = require "equinix"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"
local redis = require "spec.support.redis"
local scripted = require "spec.support.scripted"
local serve = require "spec.support.serve"
local stores = require "spec.support.stores"

-- Members that no table of ours knows; as text, since what comes back must
-- have the same digits and the same empty lists.
local MEMBERS = {
  scope = '"fabric:read ne:write"',
  account = '{"id":12345678901234568,"tags":["a",null,[]],"empty":{}}',
  expires_at = '"2026-11-28T13:00:00Z"',
  answer = '"a name that is used inside"',
  id_token = "null",
  ["\195\188ber"] = '[1.50,true,{"deep":[[{"er":"\\u0000\\/"}]]}]',
  refresh_token_timeout = '"soon"',
}

local function body(more)
  local parts = { '"access_token":"the-token"', '"token_timeout":"3600"',
    '"token_type":"bearer"', '"user_name":"me"', '"expires_in":3600' }
  for name, text in pairs(MEMBERS) do
    parts[#parts + 1] = json.encode(name) .. ":" .. text
  end
  parts[#parts + 1] = more
  return "{" .. table.concat(parts, " ,\n ") .. "}"
end

local function endpoint(text)
  return rawserver.start(([[
    local c = ...
    while c:request() do
      c:send(c.ok(%q))
    end
  ]]):format(text))
end

-- Whether a text has all members, written as they came.
local function assert_all(text, label)
  for name, member in pairs(MEMBERS) do
    assert.is_truthy(text:find(json.encode(name) .. ":" .. member, 1, true),
      (label or "") .. " " .. name .. " is not in " .. text)
  end
end

-- The same as Lua values.
local function assert_table(token)
  assert.equal("fabric:read ne:write", token.scope)
  assert.equal(json.encode(json.decode(MEMBERS.account)),
    json.encode(token.account))
  assert.equal(json.null, token.id_token)
  assert.equal("a name that is used inside", token.answer)
  assert.equal("\0/", token["\195\188ber"][3].deep[1][1].er)
end

local function client_of(upstream, over)
  local all = { base_url = upstream.url, client_id = scripted.unique(),
    client_secret = "s3cret-of-this-app" }
  for name, value in pairs(over or {}) do
    all[name] = value
  end
  return assert(equinix.new(all)), all
end

describe("the members of Equinix's token response", function()
  local upstream
  before_each(function()
    upstream = endpoint(body())
  end)
  after_each(function()
    upstream:stop()
  end)

  it("come back from the service, of which only the times are its own",
    function()
      if serve.missing() then
        pending(serve.missing())
        return
      end
      local s = serve.start(nil, { "--workers", "2" }, {
        env = { EQUINIX_API_ENDPOINT = upstream.url,
          EQUINIX_API_CLIENTID = scripted.unique(),
          EQUINIX_API_CLIENTSECRET = "s3cret-of-this-app" } })
      finally(function()
        s:stop()
      end)
      for _ = 1, 8 do
        local status, _, object, text = s:rest("POST", "/oauth2/v1/token",
          { fresh_connect = true })
        assert.equal(200, status)
        assert_all(text, "REST:")
        assert.equal("bearer", object.token_type)
        assert.matches("^3[56]%d%d$", object.token_timeout)
        assert.equal(object.token_timeout, ("%d"):format(object.expires_in))
      end
      assert.equal(1, #upstream:requests())
      local _, _, object = s:send(s.mcp_url, "POST", {
        headers = { ["content-type"] = "application/json" },
        body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
          .. '{"name":"getoauth2accesstoken"}}' })
      assert_all(object.result.content[1].text, "MCP:")
      assert.equal("fabric:read ne:write",
        object.result.structuredContent.scope)
      assert.equal(json.null,
        object.result.structuredContent.account.tags[2])
      local _, _, _, renewed = s:rest("POST",
        "/oauth2/v1/refreshaccesstoken")
      assert_all(renewed, "renewed:")
      assert.equal(2, #upstream:requests())
    end)

  it("are in client:token(), from the shared cache too", function()
    local c, all = client_of(upstream)
    local token = assert(c:token())
    assert_table(token)
    assert.equal(token, c:token())
    assert_table(assert(assert(equinix.new(all)):token()))
    assert.equal("Bearer", token.token_type)
    assert.equal(3600, token.expires_in)
    assert.is_number(token.expires_at)
    assert.matches("^3[56]%d%d$", token.token_timeout)
    assert.matches("^equinix%.Token %(Bearer, 3%d+ s left%)$",
      tostring(token))
    assert.equal(1, #upstream:requests())
  end)

  it("are printed by the command", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local env = { EQUINIX_API_ENDPOINT = upstream.url,
      EQUINIX_API_CLIENTID = "x", XDG_RUNTIME_DIR = dir,
      EQUINIX_API_CLIENTSECRET = "s3cret-of-this-app" }
    for _ = 1, 2 do -- from the endpoint, then from the file
      local code, out, said = command.run({ "token", "--json" },
        { env = env })
      assert.equal(0, code, said)
      for _, name in ipairs { "scope", "account", "\195\188ber" } do
        assert.is_truthy(out:find(json.encode(name) .. ":"
          .. MEMBERS[name], 1, true), out)
      end
      assert.is_number(json.decode(out).expires_at)
    end
    assert.equal(1, #upstream:requests())
  end)

  -- Another process of the same app finds only what is in the store.
  local SCRIPT = [[
    local equinix = require "equinix"
    local token = assert(assert(equinix.new {
      base_url = arg[1], client_id = arg[2],
      client_secret = "s3cret-of-this-app",
      store = require("spec.support.stores").open(arg[3]),
    }):token())
    io.write(tostring(token.scope), " ", #(token.account or {}).tags, " ",
      token["\195\188ber"][3].deep[1][1].er == "\0/" and "deep" or "flat")
  ]]

  local function through_store(address)
    local c, all = client_of(upstream, { store = stores.open(address) })
    assert_table(assert(c:token()))
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(SCRIPT)
    file:close()
    local out, code = process.capture(("LUA_PATH=%s LUA_CPATH=%s %s %s %s %s "
      .. "%s"):format(process.quote(package.path),
      process.quote(package.cpath), process.interpreter(), path,
      upstream.url, all.client_id, process.quote(address)))
    os.remove(path)
    assert.equal(0, code)
    assert.equal("fabric:read ne:write 3 deep", out)
    assert.equal(1, #upstream:requests())
  end

  it("go through a file", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    through_store("file " .. dir .. "/store")
  end)

  it("go through a Redis", function()
    if redis.missing() then
      pending(redis.missing())
      return
    end
    local server = redis.start()
    finally(function()
      server:stop()
    end)
    through_store("redis " .. server.port)
  end)

  it("are kept as far as the cache has room for them, small ones first",
    function()
      local large = endpoint(body('"large":"' .. ("x"):rep(50000) .. '"'))
      finally(function()
        large:stop()
      end)
      local events = {}
      local c = client_of(large, { on_event = function(name, fields)
        events[name] = fields
      end })
      local token = assert(c:token())
      assert_table(token)
      assert.is_nil(token.large)
      assert.same({ count = 1 }, events.members_dropped)
    end)
end)
