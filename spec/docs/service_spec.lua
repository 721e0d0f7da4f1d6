-- What the documents say about the service: the calls in docs/service.md and
-- in the README run as they stand there, and the tables name every option,
-- path, operation and field.
local capability = require "equinix.oauth.operations"
local command = require "spec.support.command"
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local prometheus = require "spec.support.prometheus"
local readme = require "spec.support.readme"
local paths = require "equinix.service.paths"
local serve = require "spec.support.serve"

local CHAPTER = "docs/service.md"
local section = readme.text(CHAPTER)

describe("the chapter on the two operations", function()
  local text = readme.text "docs/capabilities.md"

  -- The names in the first column of the table under a heading.
  local function listed(heading)
    local names, body = {}, text:match("\n## " .. heading .. "\n(.-)\n## ")
    for name in body:gmatch "\n| `([%w_]+)`" do
      names[name] = true
    end
    return names
  end

  local function named(fields, names)
    for _, field in ipairs(fields) do
      names[field.name] = true
    end
    return names
  end

  it("names each operation with its title and its path", function()
    for _, operation in ipairs(capability.operations) do
      assert.truthy(text:find(("\n| `%s` | %s | `%s %s` |"):format(
        operation.name, operation.title, operation.method, operation.path),
        1, true), operation.name)
    end
  end)

  it("names every field, and no other", function()
    local fields = {}
    for _, operation in ipairs(capability.operations) do
      named(operation.fields, fields)
    end
    assert.same(fields, listed "Fields of the body")
    assert.same(named(capability.answer, {}), listed "The answer")
  end)

  it("marks what makes a body the caller's own", function()
    for _, operation in ipairs(capability.operations) do
      for _, field in ipairs(operation.fields) do
        assert.equal(field.credential or false,
          text:find("\n| `" .. field.name .. "` * |", 1, true) ~= nil,
          field.name)
      end
    end
  end)
end)

describe("the chapter on the service", function()
  it("names every option of the command", function()
    local _, help = command.run { "serve", "--help" }
    for option in help:gmatch "\n +%-?%-?[%w]*,? ?(%-%-[%l-]+)" do
      if option ~= "--help" then
        assert.is_truthy(section:find("`[^`]*" .. option:gsub("%-", "%%-")
          .. "[^`]*`"), option)
      end
    end
  end)

  it("names every path", function()
    for _, path in ipairs(paths.logged()) do
      assert.is_truthy(section:find(path .. "`", 1, true), path)
    end
  end)

  local missing = serve.missing()
  if missing then
    pending("its calls: " .. missing)
    return
  end

  it("shows calls that work", function()
    local e = emulator.start { plain = true }
    local s = serve.start(e)
    finally(function()
      s:stop()
      e:stop()
    end)
    local count = 0
    for block in section:gmatch "```sh\n(.-)\n```" do
      if block:find "^curl" then
        count = count + 1
        local code_block = block:gsub("127%.0%.0%.1:8080", "127.0.0.1:"
          .. ("%d"):format(s.rest_port))
        local said, code = process.capture("MY_ID=" .. e.client_id
          .. " MY_SECRET=" .. e.client_secret .. "; set -e\n" .. code_block
          .. "\n")
        assert.equal(0, code, block .. said)
        assert.is_truthy(said:find "access_token" or said:find "equinix_token"
          or said:find "<title>Token in use", said)
      end
    end
    assert.is_true(count >= 4)
  end)

  it("shows Prometheus' configuration", function()
    local reason = prometheus.why_not()
    if reason then
      pending(reason)
      return
    end
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local block = readme.put(readme.block(CHAPTER, "scrape_configs:"),
      "/run/secrets/door", dir .. "/door")
    for name, text in pairs { door = "x\n", ["prometheus.yml"] = block } do
      local file = assert(io.open(dir .. "/" .. name, "w"))
      file:write(text)
      file:close()
    end
    local said, code = process.capture("promtool check config " .. dir
      .. "/prometheus.yml")
    assert.equal(0, code, said)
  end)

  -- Pastes a block that starts it, on other ports; what it answers then.
  local function started(change)
    local e = emulator.start { plain = true }
    local desk = readme.desk { EQUINIX_API_ENDPOINT = e.base_url }
    local http = core.http()
    finally(function()
      http:close()
      desk:stop()
      e:stop()
    end)
    local secret = desk:write("secret", e.client_secret .. "\n")
    local ready = desk:serve(change(desk, e, secret),
      "--rest-port 0 --mcp-port 0")
    return function(headers)
      return assert(http:send({ method = "POST", headers = headers,
        url = ready.rest_url .. "/oauth2/v1/token" }, 30)).status
    end, ready, desk
  end

  it("is summed up by two blocks in the README", function()
    local _, ready, desk = started(function(desk, e, secret)
      desk.env.EQUINIX_API_CLIENTID = e.client_id
      desk.env.EQUINIX_API_CLIENTSECRET_FILE = secret
      return readme.block("README.md", "equinix-auth serve --workers")
    end)
    local said, code = desk:paste(readme.put(readme.block("README.md",
      "curl -X POST"), "http://127.0.0.1:8080", ready.rest_url))
    assert.equal(0, code, said)
    assert.matches('"access_token":', said)
  end)

  it("shows how it is started", function()
    local ask = started(function(_, e, secret)
      local block = readme.put(readme.block(CHAPTER, "serve          #"),
        "your-consumer-key", e.client_id)
      return readme.put(block, "/run/secrets/equinix", secret)
    end)
    assert.equal(200, ask {})
  end)

  it("shows how it is started for others", function()
    local TOKEN = "who-has-this-may-come-in-0123456789"
    local ask = started(function(desk, e, secret)
      desk.env.EQUINIX_API_CLIENTID = e.client_id
      desk.env.EQUINIX_API_CLIENTSECRET_FILE = secret
      -- No spec listens where others may come.
      local block = readme.put(readme.block(CHAPTER, "serve --listen"),
        "0.0.0.0", "127.0.0.1")
      return readme.put(block, "/run/secrets/door", desk:write("door",
        TOKEN .. "\n"))
    end)
    local key = { "Authorization", "Bearer " .. TOKEN }
    assert.equal(401, ask {})
    assert.equal(200, ask { key })
    assert.equal(200, ask { key, { "Host", "tokens.example.net" } })
    assert.equal(403, ask { key, { "Host", "other.example.net" } })
  end)

  -- As a kubelet does: to the address of a pod, with no auth token.
  it("shows probes that a pod can have", function()
    local block = readme.block(CHAPTER, "readinessProbe")
    local args = block:match "args: %[serve, ([^%]]+)%]":gsub(",", "")
    local probes = {}
    for path, port in block:gmatch "{path: (%S+), port: (%d+)}" do
      assert.equal("8080", port)
      probes[#probes + 1] = path
    end
    assert.same({ "/healthz", "/readyz" }, probes)
    local ask, ready = started(function(desk, e, secret)
      desk.env.EQUINIX_API_CLIENTID = e.client_id
      desk.env.EQUINIX_API_CLIENTSECRET_FILE = secret
      local line = readme.put("equinix-auth serve " .. args, "0.0.0.0",
        "127.0.0.1")
      return readme.put(line, "/run/door/token", desk:write("door",
        "who-has-this-may-come-in-0123456789\n"))
    end)
    assert.equal(401, ask {})
    local http = core.http()
    finally(function()
      http:close()
    end)
    for _, path in ipairs(probes) do
      assert.equal(200, assert(http:send({ method = "GET",
        url = ready.rest_url .. path,
        headers = { { "Host", "10.42.0.17:8080" } } }, 30)).status)
    end
  end)
end)
