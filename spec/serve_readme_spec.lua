-- What the README says about the service: its calls run as they stand there,
-- and its tables name every option and every path.
local capability = require "equinix.capability"
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local rest = require "equinix.adapter.rest"
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
end)
