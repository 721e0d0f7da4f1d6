-- cli/serve: the options of `equinix-auth serve`.
local command = require "spec.support.command"

local ENV = { EQUINIX_API_CLIENTID = "a", EQUINIX_API_CLIENTSECRET = "b" }

local function run(...)
  return command.run({ "serve", ... }, { env = ENV })
end

describe("equinix-auth serve's options", function()
  it("are explained, with their defaults", function()
    local code, help = run "--help"
    assert.equal(0, code)
    for _, word in ipairs { "--rest-port", "8080", "--mcp-port", "9090",
      "--listen", "127.0.0.1", "--auth-token-file", "--allow-host",
      "--token-exposure", "--workers", "--rate", "--no-store",
      "--ready-file", "--until-eof", "--ca-file" } do
      assert.is_truthy(help:find(word, 1, true), word)
    end
  end)

  it("are refused with 2 where they are wrong, in one line or with the "
    .. "usage", function()
    for _, words in ipairs {
      { "--mcp-port", "-1" }, { "--workers", "0" }, { "--rate", "1.5" },
      { "--token-exposure", "none" }, { "--unheard-of" },
      { "--rest-port", "8080", "--mcp-port", "8080" },
      { "--listen", "example.com" }, { "--listen", "" },
      { "--listen", "[::g]" }, { "--allow-host", "http://x" },
    } do
      local code, out, said = run((table.unpack or unpack)(words))
      assert.equal(2, code, table.concat(words, " "))
      assert.equal("", out)
      assert.matches("^equinix%-auth: ", said)
    end
  end)

  it("accept an address other than loopback only with a token", function()
    for _, address in ipairs { "0.0.0.0", "::", "[::]", "192.0.2.1",
      "2001:db8::1" } do
      local code, _, said = run("--listen", address)
      assert.equal(2, code, address)
      assert.matches("%-%-auth%-token%-file", said)
    end
    -- Loopback needs none; the command stops at a check that comes later.
    for _, address in ipairs { "127.0.0.1", "127.9.9.9", "::1", "[::1]",
      "localhost" } do
      local code, _, said = run("--listen", address, "--ca-file", "/nowhere")
      assert.equal(2, code, address)
      assert.matches("^equinix%-auth: %-%-ca%-file: /nowhere: ", said)
    end
  end)
end)
