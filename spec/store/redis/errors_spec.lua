-- errors: our own text and Redis' code, nothing else of its message; and what
-- to do.
local errors = require "equinix.store.redis.errors"
local scripts = require "equinix.store.redis.scripts"

describe("the code of an error", function()
  it("is its first word if that is in capitals", function()
    assert.equal("NOAUTH", errors.code "NOAUTH Authentication required.")
    assert.equal("ERR", errors.code "ERR unknown command")
    assert.equal("MISCONF", errors.code "MISCONF")
  end)

  it("is known for errors that have none", function()
    for text, code in pairs {
      ["ERR The user executing the script can't run this command or "
        .. "subcommand script: 0c1"] = "NOPERM",
      ["ERR max number of clients reached"] = "MAXCLIENTS",
      ["ERR invalid password"] = "WRONGPASS",
      ["ERR Client sent AUTH, but no password is set"] = "login",
      ["ERR wrong number of arguments for 'auth' command"] = "ERR",
      ["ERR DB index is out of range"] = "db",
      ["ERR This instance has cluster support disabled"] = "no_cluster",
    } do
      assert.equal(code, errors.code(text), text)
    end
  end)

  it("is ERR for anything else, and for a long word", function()
    for _, text in ipairs { "", "unknown", " OOM", "\27[31mOOM",
      ("X"):rep(17) } do
      assert.equal("ERR", errors.code(text))
    end
  end)
end)

describe("what a store says of an error", function()
  local function said(text, script)
    local fault = errors.of_reply(text, script)
    fault.where = "h:1"
    return errors.say(fault)
  end

  it("has our words, and the code of an unknown one", function()
    assert.equal("Redis at h:1 is still reading its data (LOADING)",
      (said "LOADING Redis is loading the dataset in memory"))
    assert.equal("Redis at h:1 refused with the error NEWKIND",
      (said "NEWKIND of trouble: hunter2"))
  end)

  it("has what to do, and whether it passes", function()
    for text, expected in pairs {
      ["LOADING x"] = { true, "wait" },
      ["OOM x"] = { true, "maxmemory" },
      ["READONLY x"] = { true, "master" },
      ["NOAUTH x"] = { false, "password" },
      ["WRONGPASS x"] = { false, "username" },
      ["MOVED 1 a:1"] = { false, "cluster" },
    } do
      local _, more = said(text)
      assert.equal(expected[1], more.temporary, text)
      assert.matches(expected[2], more.hint)
    end
  end)

  it("names the command that a user is not allowed", function()
    assert.matches("the command eval %(NOPERM%)$", (said("NOPERM this user "
      .. "has no permissions to run the 'eval' command")))
    assert.matches("the command config|get %(NOPERM%)$", (said("NOPERM this "
      .. "user has no permissions to run the 'config|get' command")))
    local _, more = said("ERR The user executing the script can't run this "
      .. "command or subcommand script: 0c1, on @user_script:3.",
      scripts.UNLOCK)
    assert.matches("%+del$", more.hint)
    assert.matches("the keys under `prefix`", (said("NOPERM this user has no "
      .. "permissions to access one of the keys used as arguments")))
    -- Nothing that only looks like a command.
    assert.not_matches("hunter2", (said("NOPERM ... run the 'hunter2' "
      .. "command")))
  end)

  it("says where another node is, if it is an address", function()
    local fault = errors.of_reply "MOVED 3999 127.0.0.1:6381"
    assert.same({ 3999, "127.0.0.1", 6381 },
      { fault.slot, fault.host, fault.port })
    fault = errors.of_reply "ASK 1 ::1:6381"
    assert.same({ 1, "::1", 6381 }, { fault.slot, fault.host, fault.port })
    for _, text in ipairs { "MOVED", "MOVED x y", "ASK 1 a b:1" } do
      assert.is_nil(errors.of_reply(text).port)
    end
  end)
end)

describe("what a store says of an exchange that failed", function()
  local function said(err)
    local fault = errors.of_transport(err, "[::1]:1", err.tls)
    fault.where = "[::1]:1"
    local reason, more = errors.say(fault)
    return reason, more, fault
  end

  it("has the address once", function()
    for _, case in ipairs {
      { { kind = "tls", code = "CURLE_PEER_FAILED_VERIFICATION",
          message = "[::1]:1: its name is not in the certificate" },
        "Redis at [::1]:1 fails at TLS: its name is not in the certificate",
        "server_name" },
      { { kind = "network", code = "closed",
          message = "[::1]:1 closed the connection during the TLS handshake" },
        "Redis at [::1]:1 closed the connection during the TLS handshake",
        "leave out `tls`" },
      { { kind = "config", code = "EACCES",
          message = "[::1]:1 may not be opened (EACCES)" },
        "Redis at [::1]:1 can't be used: may not be opened (EACCES)",
        "options" },
      { { kind = "protocol", code = "garbage",
          message = "[::1]:1 speaks TLS: set tls" },
        "Redis at [::1]:1 closed the connection or answered with TLS; no "
          .. "password was sent", "rediss://" },
      { { kind = "network", code = "closed", message = "", tls = true },
        "Redis at [::1]:1 closed the connection after the TLS handshake",
        "client_cert" },
      { { kind = "network", code = "strange", message = "?" },
        "Redis at [::1]:1 closed the connection", "log" },
    } do
      local reason, more = said(case[1])
      assert.equal(case[2], reason)
      assert.matches(case[3], more.hint)
    end
  end)

  it("waits for what passes, and not for what has to be repaired", function()
    local function again(kind, code)
      local _, _, fault = said { kind = kind, code = code, message = "" }
      return fault.again
    end
    assert.is_true(again("network", "refused"))
    assert.is_true(again("timeout", "timeout"))
    assert.is_true(again("network", "unreachable"))
    assert.is_false(again("tls", "x"))
    assert.is_false(again("protocol", "garbage"))
    assert.is_false(again("config", "x"))
    assert.is_false(again("network", "unresolved"))
  end)

  it("is also said where a transport raises", function()
    assert.equal("place", errors.of_raised("x: attempt to yield across a C "
      .. "call").name)
    assert.equal("can't be used: x", errors.of_raised("x").text)
  end)
end)
