-- store/redis/words: our words and Redis' code word, nothing of its text.
local words = require "equinix.store.redis.errors"

describe("words.code", function()
  it("takes the first word of an error if it is in capitals", function()
    assert.equal("NOAUTH", words.code "NOAUTH Authentication required.")
    assert.equal("ERR", words.code "ERR unknown command")
    assert.equal("MISCONF", words.code "MISCONF")
  end)

  it("knows two errors that have none", function()
    assert.equal("NOPERM", words.code("ERR The user executing the script "
      .. "can't run this command or subcommand script: 0c1"))
    assert.equal("MAXCLIENTS", words.code
      "ERR max number of clients reached")
  end)

  it("takes nothing else, and nothing long", function()
    for _, text in ipairs { "", "unknown", " OOM", "\27[31mOOM",
      ("X"):rep(17) } do
      assert.equal("ERR", words.code(text))
    end
  end)
end)

describe("words.of", function()
  it("has words for what is known, and names what is not", function()
    assert.equal("closed the connection", words.of "closed")
    assert.equal("is still reading its data (LOADING)", words.of "LOADING")
    assert.equal("refused with the error NEWKIND", words.of "NEWKIND")
  end)
end)
