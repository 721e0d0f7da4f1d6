-- lazy_service: client and service behind the tools, made when one is called.
local capability = require "equinix.oauth.operations"
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local lazy_service = require "equinix.cli.lazy_service"
local process = require "spec.support.process"

local NAME = capability.operations[1].name
local TOKEN = "POST /oauth2/v1/token"

describe("the service behind the tools", function()
  local e, variables, made
  setup(function()
    e = emulator.start { plain = true }
  end)
  teardown(function()
    e:stop()
  end)

  -- Instead of the environment of this process, `variables` is read.
  local getenv = os.getenv
  before_each(function()
    e:reset()
    made = 0
    variables = command.env(e)
    os.getenv = function(name) -- luacheck: ignore 122
      made = made + 1
      return variables[name] or nil
    end
  end)
  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
  end)

  local said
  local function new(transport, args)
    said = {}
    return lazy_service.new(args or { no_store = true }, transport,
      function(text)
        said[#said + 1] = text
      end)
  end

  it("is not made before a tool is called, and only once", function()
    local service, client = new()
    assert.equal(0, made)
    local first = assert(json.decode(service:call(NAME, {}, "{}").body))
    assert.is_true(made > 0)
    variables = {}
    assert.equal(first.access_token, (assert(client:token())).access_token)
    assert.equal("Bearer " .. first.access_token, client:authorization())
    assert.equal(1, e:count(TOKEN))
    assert.same({}, said)
  end)

  it("sends by the transport it was given, with any credentials",
    function()
      local sent = 0
      local transport = {}
      for name, f in pairs(require "equinix.transport.curl") do
        transport[name] = f
      end
      transport.send = function(...)
        sent = sent + 1
        return require("equinix.transport.curl").send(...)
      end
      local own = { grant_type = "client_credentials",
        client_id = e.client_id, client_secret = e.client_secret }
      for i, id in ipairs { false, e.client_id } do
        variables.EQUINIX_API_CLIENTID = id
        local service = new(transport)
        local response = service:call(NAME, own, assert(json.encode(own)))
        assert.equal(200, response.status)
        assert.equal(i, sent)
      end
    end)

  it("reports what is wrong with the settings when it is called",
    function()
      variables.EQUINIX_API_CLIENTSECRET = nil
      local service, client = new()
      local response = service:call(NAME, {}, "{}")
      assert.equal(500, response.status)
      assert.matches("EQUINIX_API_CLIENTSECRET", response.object.detail)
      local token, err = client:token()
      assert.is_nil(token)
      assert.equal("config", err.kind)
      assert.equal(0, e:count(TOKEN))
    end)

  it("reports what a store can't do, and continues without it", function()
    local dir = process.tempdir()
    variables.XDG_RUNTIME_DIR = dir
    process.capture("mkdir -m 777 " .. dir .. "/equinix")
    local service = new(nil, {})
    local response = service:call(NAME, {}, "{}")
    process.remove(dir)
    assert.equal(200, response.status)
    assert.matches("^the token is not kept in the store", said[1])
  end)
end)
