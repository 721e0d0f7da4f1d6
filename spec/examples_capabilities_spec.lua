-- The capability files of examples/capabilities, served to REST's callers, to
-- the clients of the MCP project, and to an agent with a task.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local npm = require "spec.support.npm"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read
local serve = require "spec.support.serve"

local FOLDER = "examples/capabilities/"
local NAMES = { "authentication", "fabric", "shipments", "smart-hands" }
local ME = process.capture "pwd" .. "/bin/equinix-auth"

local missing = serve.missing()
local no_clients = missing or npm.why_not()

local SHIPMENT = { type = "INBOUND",
  requestedDateTime = "2026-12-01T10:00:00Z", cageId = "AM1:01:000111",
  carrier = "DHL", numberOfBoxes = 2 }

local CLEANUP = {
  ibxLocation = { ibx = "AM1", cages = { { cage = "AM1:01:000111" } } },
  contacts = { { type = "ORDERING" }, { type = "TECHNICAL" },
    { type = "NOTIFICATION" } },
  serviceDetails = { permissionToDiscardBoxes = true,
    dampMoistMopRequired = false, scopeOfWork = "all of it" },
}

local CONNECTION = { name = "to the cloud", vlan = 100, bandwidth = 50,
  emails = { "a@example.com" }, zSide = { accessPoint = { type = "SP" } } }

local function with(fields, name, value)
  local copy = { [name] = value }
  for key, old in pairs(fields) do
    copy[key] = old
  end
  return copy
end

describe("the example capabilities", function()
  local function it_with(what, why_not, f)
    it(what, function()
      if why_not then
        pending(why_not)
        return
      end
      f()
    end)
  end

  local e, services = nil, {}
  setup(function()
    if not missing then
      e = emulator.start { plain = true }
      for _, name in ipairs(NAMES) do
        services[name] = serve.start(e, { "--capability",
          FOLDER .. name .. ".yaml", "--workers", "1" })
      end
    end
  end)
  teardown(function()
    for _, service in pairs(services) do
      service:stop()
    end
    if e then
      e:stop()
    end
  end)

  local function rest(name, method, path, body)
    local status, headers, object, text = services[name]:rest(method, path,
      body and { body = assert(json.encode(body)),
        headers = { ["Content-Type"] = "application/json" } })
    return status, object, text, headers
  end

  it("pass the check, each without a warning", function()
    for _, name in ipairs(NAMES) do
      local code, out, said = command.run { "capability", "check",
        FOLDER .. name .. ".yaml" }
      assert.equal(0, code, said)
      assert.is_nil(out:find "warning")
    end
  end)

  it("begin with the built-in one, as the command shows it", function()
    local code, out = command.run { "capability", "show" }
    assert.equal(0, code)
    assert.equal(out, (read_file(FOLDER .. "authentication.yaml")
      :gsub("^#[^\n]*\n", "")))
  end)

  it_with("give tokens over REST", missing, function()
    local status, object = rest("authentication", "POST", "/oauth2/v1/token")
    assert.equal(200, status)
    assert.equal("Bearer", object.token_type)
  end)

  it_with("list ports and find connections over REST", missing, function()
    local status, object = rest("fabric", "GET", "/ports?limit=3")
    assert.equal(200, status)
    assert.equal(3, #object.data)
    status, object = rest("fabric", "GET", "/ports?name=port-0002")
    assert.equal(200, status)
    assert.equal("port-0002", object.data[1].name)
    status, object = rest("fabric", "POST", "/connection-searches",
      { filter = { ["and"] = { { property = "/name", operator = "=",
        values = { "connection-0003" } } } } })
    assert.equal(200, status)
    assert.equal(1, #object.data)
    assert.equal(404, (rest("fabric", "GET", "/connections/none")))
    assert.equal(400, (rest("fabric", "GET", "/connections/%2e%2e")))
    assert.equal(405, (rest("fabric", "DELETE", "/ports")))
  end)

  it_with("order a shipment and Smart Hands over REST, and show the order",
    missing, function()
      local before = e:count "POST /colocations/v2/orders/shipments"
      assert.equal(400, (rest("shipments", "POST", "/shipments",
        { type = "INBOUND" })))
      assert.equal(before, e:count "POST /colocations/v2/orders/shipments")
      local status, _, _, headers = rest("shipments", "POST", "/shipments",
        SHIPMENT)
      assert.equal(202, status)
      local id = headers.location:match "^/colocations/v2/orders/(.+)$"
      local object
      status, object = rest("shipments", "GET", "/orders/" .. id)
      assert.equal(200, status)
      assert.equal("DHL", object.details.carrier)
      status, object = rest("smart-hands", "POST", "/cage-cleanups", CLEANUP)
      assert.equal(201, status)
      assert.is_string(object.order_number)
      status, object = rest("smart-hands", "POST", "/order-searches",
        { page = 0, size = 2 })
      assert.equal(200, status)
      assert.equal(2, #object.content)
    end)

  it_with("have OpenAPI documents that a validator accepts", no_clients,
    function()
      local program = npm.folder .. "/node_modules/.bin/validate-api"
      if not io.open(program) then
        pending("no validator: remove " .. npm.folder)
        return
      end
      local path = os.tmpname()
      finally(function()
        os.remove(path)
      end)
      for _, name in ipairs(NAMES) do
        local status, _, text = rest(name, "GET", "/openapi.json")
        assert.equal(200, status)
        local file = assert(io.open(path, "w"))
        file:write(text)
        file:close()
        local said, code = process.capture(npm.folder .. "/node " .. program
          .. " " .. process.quote(path) .. " 2>&1")
        assert.equal(0, code, name .. ": " .. said)
      end
    end)

  local CALLS = {
    fabric = {
      { "list-ports", { limit = 2 } },
      { "list-metros", { limit = 2 } },
      { "check-connection", with(CONNECTION, "portId", "a-port") },
    },
    shipments = {
      { "list-locations", { ibxs = "LD5" } },
      { "order-shipment", with(SHIPMENT, "trackingNumber", "1Z") },
    },
    ["smart-hands"] = {
      { "retrieve-orders", { page = 0, size = 2 } },
      { "order-cage-cleanup", { body = CLEANUP } },
    },
  }

  for _, kind in ipairs { "sdk", "dated_2026" } do
    it_with("are tools for MCP's own clients: " .. kind, no_clients,
      function()
        for name, calls in pairs(CALLS) do
          local seen = npm.talk({ kind = kind, calls = calls,
            url = services[name].mcp_url })
          assert.is_nil(seen.error)
          assert.is_true(#seen.tools >= #calls)
          for i, call in ipairs(calls) do
            local result = seen.calls[i]
            assert.is_nil(result.message, name)
            assert.is_falsy(result.isError,
              call[1] .. ": " .. (json.encode(result) or "?"))
          end
        end
      end)
  end

  -- What an agent does that was asked to bring a router to a cage and to
  -- prepare its connection. All that the servers write is kept.
  it_with("let an agent do its task, and show it no token", no_clients,
    function()
      local dir = process.tempdir()
      local env = command.env(e, { XDG_RUNTIME_DIR = dir, HOME = dir })
      finally(function()
        process.remove(dir)
      end)
      local function talk(name, calls)
        local seen = npm.talk({ kind = "sdk", calls = calls,
          command = { "sh", "-c", '"$0" "$@" | tee -a ' .. dir .. "/seen", ME,
            "mcp", "--token-exposure", "handle", "--capability",
            FOLDER .. name .. ".yaml" } }, env)
        assert.is_nil(seen.error)
        return seen.calls
      end
      local found = talk("fabric", {
        { "list-ports", { name = "port-0007" } } })
      local port = json.decode(found[1].content[1].text)[1]
      assert.equal("port-0007", port.name)
      local checked = talk("fabric", {
        { "check-connection", with(CONNECTION, "portId", port.id) } })
      assert.equal("to the cloud", checked[1].structuredContent.name)
      assert.is_nil(checked[1].structuredContent.uuid)
      local ordered = talk("shipments", { { "order-shipment", SHIPMENT } })
      local id = ordered[1].structuredContent.location:match "([^/]+)$"
      local order = talk("shipments", { { "get-order", { orderId = id } } })
      assert.equal("SUBMITTED", order[1].structuredContent.status)
      local code, token = command.run({ "token" }, { env = env })
      assert.equal(0, code)
      token = token:match "%S+"
      local seen = assert(read_file(dir .. "/seen"))
      assert.is_true(#seen > 1000)
      assert.is_nil(seen:find(token, 1, true))
      assert.is_nil(seen:find(e.client_secret, 1, true))
    end)
end)
