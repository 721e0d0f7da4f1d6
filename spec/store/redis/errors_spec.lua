-- errors: our own text and Redis' code, nothing else of its message.
local reasons = require "equinix.store.redis.errors"

describe("reasons.code", function()
  it("is the first word of an error if that is in capitals", function()
    assert.equal("NOAUTH", reasons.code "NOAUTH Authentication required.")
    assert.equal("ERR", reasons.code "ERR unknown command")
    assert.equal("MISCONF", reasons.code "MISCONF")
  end)

  it("is known for two errors that have none", function()
    assert.equal("NOPERM", reasons.code("ERR The user executing the script "
      .. "can't run this command or subcommand script: 0c1"))
    assert.equal("MAXCLIENTS", reasons.code
      "ERR max number of clients reached")
  end)

  it("is ERR for anything else, and for a long word", function()
    for _, text in ipairs { "", "unknown", " OOM", "\27[31mOOM",
      ("X"):rep(17) } do
      assert.equal("ERR", reasons.code(text))
    end
  end)
end)

describe("reasons.of", function()
  it("explains a known failure, and names an unknown code", function()
    assert.equal("closed the connection", reasons.of "closed")
    assert.equal("is still reading its data (LOADING)", reasons.of "LOADING")
    assert.equal("refused with the error NEWKIND", reasons.of "NEWKIND")
  end)
end)
