-- The capability's own words come first in what a real service says about
-- itself; ours follow.
local emulator = require "spec.support.emulator"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("equinix-auth serve: " .. missing)
  return
end

local WORDS = {
  getoauth2accesstoken = "Generate New Access Token",
  refreshoauth2accesstoken = "Renew Access Tokens",
}
local REST = "REST adapter for Equinix API Authentication."
local MCP = "MCP adapter for Equinix API Authentication for AI agent use."

describe("a description", function()
  local e
  setup(function()
    e = emulator.start { plain = true }
  end)
  teardown(function()
    e:stop()
  end)

  local function begins(text, words)
    assert.equal(words, text:sub(1, #words))
    assert.is_true(#text > #words + 10, text)
  end

  for _, exposure in ipairs { "raw", "handle" } do
    it("begins with the capability's words, with exposure " .. exposure,
      function()
        local s = serve.start(e, { "--token-exposure", exposure })
        finally(function()
          s:stop()
        end)
        local function ask(method, params)
          local _, _, object = s:send(s.mcp_url, "POST", {
            headers = { ["content-type"] = "application/json" },
            body = ('{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}')
              :format(method, params) })
          return object.result
        end
        local seen = 0
        for _, tool in ipairs(ask("tools/list", "{}").tools) do
          if WORDS[tool.name] then
            seen = seen + 1
            begins(tool.description, WORDS[tool.name] .. ". ")
            assert.equal(WORDS[tool.name], tool.title)
          end
        end
        assert.equal(2, seen)
        begins(ask("initialize", '{"protocolVersion":"2025-11-25",'
          .. '"capabilities":{},"clientInfo":{"name":"a","version":"1"}}')
          .instructions, MCP .. " ")
        local _, _, document = s:rest("GET", "/openapi.json")
        begins(document.info.description, REST .. " ")
        begins(document.tags[1].description, REST .. " ")
        for path, words in pairs { ["/oauth2/v1/token"] =
          WORDS.getoauth2accesstoken, ["/oauth2/v1/refreshaccesstoken"] =
          WORDS.refreshoauth2accesstoken } do
          begins(document.paths[path].post.description, words .. ". ")
        end
      end)
  end
end)
