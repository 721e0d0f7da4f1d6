-- supplied: credentials that a command or a function supplies, and how often
-- it is asked for them.
local core = require "equinix.core"
local equinix = require "equinix"
local host = require "spec.support.host"
local lfs = require "lfs"
local process = require "spec.support.process"
local scripted = require "spec.support.scripted"
local slots = require "spec.support.slots"
local supplied = require "equinix.client.supplied"

local token, refused = scripted.token, scripted.refused

describe("supplied credentials", function()
  local dir
  setup(function()
    dir = process.tempdir()
  end)
  teardown(function()
    process.remove(dir)
  end)

  -- A client whose credentials come from there.
  local function client(responses, opts)
    local transport = scripted.transport(responses)
    opts.transport = transport
    return assert(equinix.new(opts)), transport
  end

  -- Gives what the list says, the last one again and again.
  local function giver(list)
    local it = { calls = 0 }
    function it.give()
      it.calls = it.calls + 1
      local value = list[math.min(it.calls, #list)]
      if type(value) == "string" then
        return nil, value
      end
      return value
    end
    return it
  end

  local function pair(expires_in)
    return { client_id = scripted.unique(), client_secret =
      "a-secret-of-16-bytes-" .. scripted.unique(), expires_in = expires_in }
  end

  local function end_token(c)
    c:forget()
  end

  it("are sent with the token request, and asked for once", function()
    local one = giver { pair() }
    local c, transport = client({ token "one", token "two" },
      { credentials = one.give })
    assert.equal(0, one.calls)
    assert.equal("Bearer one", c:authorization())
    assert.equal("Bearer one", c:authorization())
    end_token(c)
    assert.equal("Bearer two", c:authorization())
    assert.equal(1, one.calls)
    local given = one.give()
    for i = 1, 2 do
      assert.same({ given.client_id, given.client_secret },
        { transport.body(i).client_id, transport.body(i).client_secret })
    end
  end)

  it("come from a command of one's own after a fork", function()
    if not lfs.attributes(host.program) then
      return pending("needs " .. host.program)
    end
    host.run("--forks 1", "supplied_forked")
  end)

  it("come from a command", function()
    local given = pair()
    local c, transport = client({ token "one" }, { credential_process =
      ("printf '{\"client_id\":\"%s\",' && echo '\"client_secret\":\"%s\"}'")
      :format(given.client_id, given.client_secret) })
    assert.equal("Bearer one", c:authorization())
    assert.equal(given.client_id, transport.body(1).client_id)
    assert.equal(given.client_secret, transport.body(1).client_secret)
  end)

  it("share a token with all that have the same", function()
    local given = pair()
    local c = client({ token "one" }, { credentials = giver { given }.give })
    local d, transport = client({ token "two" }, given)
    assert.equal("Bearer one", c:authorization())
    assert.equal("Bearer one", d:authorization())
    assert.equal(0, #transport.sent)
  end)

  it("are asked for anew when their time is over, not before", function()
    local it = giver { pair(0.2), pair(3600) }
    local c, transport = client({ token "one", token "two" },
      { credentials = it.give })
    assert(c:token())
    local over = core.now() + 0.25
    scripted.until_true(function()
      return core.now() > over
    end)
    assert.equal("Bearer one", c:authorization()) -- the token lives on
    assert.equal(1, it.calls)
    assert.equal("two", assert(c:refresh()).access_token)
    assert.equal(2, it.calls)
    assert(c:refresh())
    assert.equal(2, it.calls)
    assert.not_equal(transport.body(1).client_id, transport.body(2).client_id)
  end)

  it("are asked for anew when they are refused, and the same call goes on",
    function()
      local it = giver { pair(), pair() }
      local c, transport = client({ refused(), token "two" },
        { credentials = it.give })
      assert.equal("Bearer two", c:authorization())
      assert.equal(2, it.calls)
      assert.equal(2, #transport.sent)
    end)

  it("are asked for once if they stay refused, and sent no more often than "
    .. "the guard allows", function()
      local it = giver { pair() }
      local c, transport = client({ refused() }, { credentials = it.give })
      for _ = 1, 20 do
        local header, err = c:authorization()
        assert.is_nil(header)
        assert.equal("auth", err.kind)
      end
      assert.equal(2, it.calls)
      assert.equal(1, #transport.sent)
    end)

  it("that change at each call are no way around the guard", function()
    local first = pair()
    local it = giver { first, { client_id = first.client_id,
      client_secret = "another-secret-1" }, { client_id = first.client_id,
      client_secret = "another-secret-2" } }
    local c, transport = client({ refused() }, { credentials = it.give })
    for _ = 1, 20 do
      assert.is_nil((c:authorization()))
    end
    assert.equal(2, it.calls)
    assert.equal(2, #transport.sent)
  end)

  it("are never mixed: the id and the secret of one answer", function()
    local old, new = pair(), pair()
    local it = giver { old, new }
    local c, transport
    c, transport = client({ token("one", { refresh_token = "r",
      refresh_token_timeout = "86400" }), function()
      -- While the first request of a renewal is under way there are others.
      c.config.supplied.ends = 0
      assert(c.tokens:slot())
      return scripted.json(500, {})
    end, token "two", token "three" }, { credentials = it.give })
    assert(c:token())
    assert(c:refresh())
    assert.matches("/refreshaccesstoken", transport.sent[2].request.url)
    assert(c:refresh())
    assert.equal(4, #transport.sent)
    for i, given in ipairs { old, old, old, new } do
      assert.same({ given.client_id, given.client_secret },
        { transport.body(i).client_id, transport.body(i).client_secret })
    end
  end)

  -- The error of a client's call.
  local function failure(opts)
    local c, transport = client({ token "one" }, opts)
    local header, err = c:authorization()
    assert.is_nil(header)
    assert.equal(0, #transport.sent)
    assert.not_matches("hunter2", tostring(err))
    return err, c
  end

  it("that a command fails to give: it says how it ended", function()
    for command, expected in pairs {
      ["echo hunter2 >&2; exit 3"] = "exit code 3",
      ["kill -9 $$"] = "signal 9",
      ["/nowhere/program hunter2"] = "127: there is no such program",
      ["echo hunter2"] = "no JSON object with client_id and client_secret",
      ["true"] = "no JSON object",
      ["echo '[\"hunter2\"]'"] = "no JSON object",
      [ [[echo '{"client_id":"a"}']] ] = "no JSON object",
      [ [[echo '{"client_id":"a","client_secret":7}']] ] = "no JSON object",
      [ [[echo '{"client_id":"a","client_secret":""}']] ] =
        "client_secret is empty",
      [ [[echo '{"client_id":"a","client_secret":"hunter2\t"}']] ] =
        "client_secret has the byte 0x09, a tab",
      [ [[echo '{"client_id":"a","client_secret":"b","expires_in":0}']] ] =
        "expires_in must be a number above 0",
      ["yes hunter2"] = "more than 64 KiB",
    } do
      local err = failure { credential_process = command }
      assert.equal("config", err.kind)
      assert.matches("no credentials from credential_process: ", err.message)
      assert.matches(expected, err.message)
    end
  end)

  it("that a function fails to give: what it says, or that it raised",
    function()
      local err = failure { credentials = function()
        return nil, "the vault is sealed"
      end }
      assert.matches("credentials: the vault is sealed", err.message)
      err = failure { credentials = function()
        error "hunter2"
      end }
      assert.matches("it raised an error", err.message)
      err = failure { credentials = function() end }
      assert.matches("it returned nothing", err.message)
      local c
      c = client({}, { credentials = function()
        return nil, tostring(select(2, c:authorization()))
      end })
      assert.matches("it waits for itself", tostring(select(2, c:token())))
    end)

  it("are not asked for again at once after a failure", function()
    local it = giver { "sealed", pair() }
    local c = client({ token "one" }, { credentials = it.give })
    local _, err = c:authorization()
    assert.matches("sealed", err.message)
    assert.is_true(err.retry_after <= 1)
    local state = c.config.supplied
    state.retry_at = core.now() + 100 -- a slow machine would miss a second
    for _ = 1, 5 do
      assert.matches("sealed", select(2, c:authorization()).message)
    end
    assert.equal(1, it.calls)
    state.retry_at = 0
    assert(c:authorization())
    assert.equal(2, it.calls)
  end)

  it("are asked for less and less often while that fails", function()
    local it = giver { "sealed" }
    local c = client({}, { credentials = it.give })
    local state, pauses = c.config.supplied, {}
    for i = 1, 8 do
      state.retry_at = 0
      assert.is_nil((c:authorization()))
      pauses[i] = math.floor(state.retry_at - core.now() + 0.999)
    end
    assert.is_true(pauses[1] <= 1 and pauses[4] > pauses[1])
    assert.is_true(pauses[8] > pauses[4] and pauses[8] <= 60)
  end)

  it("that a command never gives: it is ended at the call's deadline, with "
    .. "all that it started", function()
      local name = dir .. "/pid"
      local err = failure { timeout = 1, credential_process =
        ("sleep 600 & echo $! >%s; wait"):format(name) }
      assert.equal("timeout", err.kind)
      local file = assert(io.open(name))
      local pid = tonumber(file:read "*l")
      file:close()
      assert.is_true(process.eventually(function()
        return not process.alive(pid)
      end))
    end)

  it("that a command does not give in 30 s: it is ended", function()
    local source = supplied.by_command(("echo $$ >%s/late; exec sleep 600")
      :format(dir))
    assert.is_nil((source.look(100)))
    local file = process.eventually(function()
      local opened = io.open(dir .. "/late")
      if opened and opened:seek "end" > 0 then
        return opened
      end
    end)
    file:seek "set"
    local pid = tonumber(file:read "*l")
    file:close()
    assert.is_nil((source.look(129.9)))
    local value, reason = source.look(130)
    assert.is_false(value)
    assert.matches("longer than 30 s", reason)
    assert.is_true(process.eventually(function()
      return not process.alive(pid)
    end))
  end)

  it("are no reason to wait where none may wait", function()
    local c, transport = client({ token "one" }, {
      credential_process = "exit 1" })
    transport.allowed = false
    local _, err = c:authorization()
    assert.equal("cannot_wait", err.code)
  end)

  it("leave the old token in use when they can't be given", function()
    local it = giver { pair(0.1), "sealed" }
    local c = client({ token("one", { token_timeout = "20" }) },
      { credentials = it.give })
    assert(c:token())
    local slot = c.tokens:slot()
    local _, _, header, record = slot:read()
    slots.fill(slot, header, slots.ADVISORY, record)
    local over = core.now() + 0.15
    scripted.until_true(function()
      return core.now() > over
    end)
    assert.equal("Bearer one", c:authorization())
    assert.equal(2, it.calls)
  end)

  it("are one set: nothing else is given beside them", function()
    for _, other in ipairs { "client_id", "client_secret",
      "client_secret_file", "token", "subject_token" } do
      for _, name in ipairs { "credentials", "credential_process" } do
        local opts = { [other] = "x" }
        opts[name] = name == "credentials" and pair or "true"
        local none, err = equinix.new(opts)
        assert.is_nil(none)
        assert.matches(name .. " and " .. other .. " are both set",
          err.message)
      end
    end
    local _, err = equinix.new { credentials = pair,
      credential_process = "true" }
    assert.matches("both set", err.message)
  end)
end)
