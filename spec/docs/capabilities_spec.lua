-- docs/capabilities.md: the file and the commands of its first ten minutes, as
-- they stand there.
local emulator = require "spec.support.emulator"
local readme = require "spec.support.readme"
local serve = require "spec.support.serve"

local CHAPTER = "docs/capabilities.md"

describe("the chapter on capabilities", function()
  local missing = serve.missing()
  if missing then
    pending(missing)
    return
  end

  it("has a file of one's own that is checked, served and called", function()
    local e = emulator.start { plain = true }
    local desk = readme.desk {
      EQUINIX_API_ENDPOINT = e.base_url,
      EQUINIX_API_CLIENTID = e.client_id,
      EQUINIX_API_CLIENTSECRET = e.client_secret,
    }
    finally(function()
      desk:stop()
      e:stop()
    end)
    desk:write("ports.yaml", readme.block(CHAPTER, "naftiko:") .. "\n")
    local check, start, call = readme.block(CHAPTER,
      "equinix-auth capability check"):match "^([^\n]+)\n([^\n]+)\n([^\n]+)$"
    local said, code = desk:paste(check)
    assert.equal(0, code, said)
    assert.matches("GET /ports/{port} +GET /fabric/v4/ports\n", said)
    local ready = desk:serve(start, "--rest-port 0 --mcp-port 0")
    assert.is_nil(ready.mcp_url)
    said, code = desk:paste(readme.put(call, "http://127.0.0.1:8080",
      ready.rest_url))
    assert.equal(0, code, said)
    assert.matches('%["%x+%-%x+%-%x+%-%x+%-0*1"%]', said)
  end)
end)
