-- What the README says about the service: its calls run as they stand there,
-- and its tables name every option and every path.
local capability = require "equinix.oauth.operations"
local command = require "spec.support.command"
local core = require "equinix.core"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local readme = require "spec.support.readme"
local rest = require "equinix.service.rest"
local serve = require "spec.support.serve"

local function section_of(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return (text .. "\n## "):match "## A service for everything else\n(.-)\n## "
end

local section = section_of "README.md"
if not section then
  pending "the README says nothing of the service"
  return
end

describe("the README's section on the service", function()
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
    for _, path in ipairs(rest.paths(capability)) do
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
        assert.is_truthy(said:find "access_token" or said:find "equinix_token",
          said)
      end
    end
    assert.is_true(count >= 4)
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
    end
  end

  it("shows how it is started", function()
    local ask = started(function(_, e, secret)
      local block = readme.put(readme.block "equinix-auth serve          #",
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
      local block = readme.put(readme.block "equinix-auth serve --listen",
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
end)
