-- renewal, with a store: what a whole client does, on scripted answers. What
-- real processes do is in tokens/distributed_processes_spec.lua.
local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local lockout_page = require "equinix.oauth.lockout_page"
local lockout_policy = require "equinix.oauth.lockout_policy"
local json = require "equinix.base.json"
local memory_store = require "spec.support.memory_store"
local record = require "equinix.tokens.record"
local scripted = require "spec.support.scripted"
local session = require "equinix.store.session"

-- Nothing is to be reported but steps.
local function no_report(name)
  assert(name == "store_step", name)
end

local token = scripted.token
local TOKEN, REFRESH = "/oauth2/v1/token", "/oauth2/v1/refreshaccesstoken"

-- A client whose store is `store`, and its events by name.
local function client(answers, store, over)
  local events = {}
  local opts = {
    store = store,
    on_event = function(name, fields)
      events[name] = events[name] or {}
      table.insert(events[name], fields)
    end,
  }
  for name, value in pairs(over or {}) do
    opts[name] = value
  end
  local c, transport, all = scripted.client(answers, opts)
  return c, transport, events, all
end

-- The same app in another process: nothing of the first level is there.
local function elsewhere(c)
  local slot = c.tokens:slot()
  slot:forget()
  local turn, lease = slot:acquire(nil, true)
  assert(turn == "lead")
  slot:fail(lease, '{"streak":0}', 0)
end

-- What another process of the same app would leave there.
local function leave(c, store, access_token)
  local one = session.new(store, no_report):token(c.tokens.secret(),
    c.tokens:key(), lockout_page.number(c.config.identity))
  local wall = core.time()
  local lease = assert(one:lock(10))
  assert(one:write(record.encode(record.renewed({
    access_token = access_token, token_type = "Bearer", expires_in = 3600,
    expires_at = wall + 3600,
  }, wall), wall), 3600, lease))
  one:unlock(lease)
end

describe("a client with a store", function()
  it("leaves its token there, for a process that comes later", function()
    local c, transport, events = client({ token "one" }, memory_store.new())
    assert.equal("Bearer one", c:authorization())
    elsewhere(c)
    local found = assert(c:token())
    assert.equal("one", found.access_token)
    assert.equal(3600, found.expires_in)
    assert.equal("cageadmin", found.user_name)
    assert.equal(1, #transport.sent)
    assert.equal(1, #events.token_loaded)
    assert(events.token_loaded[1].expires_in > 3590)
    assert.equal(1, #events.token_renewed)
    assert.is_nil(events.store_failed)
  end)

  it("never touches it on a hit", function()
    local store = memory_store.new()
    local c = client({ token "one" }, store)
    c:authorization()
    store:steps()
    for _ = 1, 100 do
      assert.equal("Bearer one", c:authorization())
      assert(c:token())
    end
    assert.equal("", store:steps())
  end)

  it("saves a token before anybody gets it", function()
    local store = memory_store.new()
    local c = client({ token "one" }, store)
    local save, seen = store.save, nil
    function store.save(...)
      seen = c.tokens:slot():read()
      return save(...)
    end
    assert(c:token())
    assert.equal("empty", seen)
  end)

  it("renews by the refresh token that rests there", function()
    local store = memory_store.new()
    local c, transport = client({
      token("one", { refresh_token = "R1" }),
      token("two", { refresh_token = "R2" }),
    }, store)
    assert(c:token())
    elsewhere(c)
    assert.equal("two", c:refresh().access_token)
    assert.equal(1, transport.count(REFRESH))
    assert.equal("R1", transport.body(2).refresh_token)
    assert.equal("R2", c:token().refresh_token)
  end)

  it("notes a refresh token as spent in the store before it is sent",
    function()
      local store = memory_store.new()
      local steps
      local c, transport = client({
        token("one", { refresh_token = "R1" }),
        function()
          steps = store:steps()
          return scripted.json(500, "")
        end,
        token "two",
      }, store)
      assert(c:token())
      store:steps()
      assert.equal("two", c:refresh().access_token)
      assert.matches("save$", steps)
      assert.equal(1, transport.count(REFRESH))
      assert.equal(2, transport.count(TOKEN))
    end)

  it("goes by the grant where it can't be sure to be the only one",
    function()
      local store = memory_store.new()
      local c, transport = client({
        token("one", { refresh_token = "R1" }),
        token "two",
      }, store)
      assert(c:token())
      store.broken.lock = "it is down"
      assert.equal("two", c:refresh().access_token)
      assert.equal(0, transport.count(REFRESH))
    end)

  it("never presents one again that another process has spent, though it "
    .. "fails itself", function()
    local store = memory_store.new()
    local c, transport = client({
      token("one", { refresh_token = "R1" }), scripted.json(503, ""),
    }, store)
    assert(c:token())
    for _ = 1, 4 do
      elsewhere(c)
      assert.equal(503, select(2, c:refresh({ force = true })).status)
    end
    assert.equal(1, transport.count(REFRESH))
    assert.equal(5, transport.count(TOKEN))
  end)

  it("shares no refresh token with clients that have no store", function()
    local c, transport, _, opts = client({
      token("one", { refresh_token = "R1" }), token "two",
    }, memory_store.new())
    assert(c:token())
    local other, sent = scripted.client({ token "three" }, {
      client_id = opts.client_id,
    })
    assert.equal("three", other:refresh().access_token)
    assert.equal(0, sent.count(REFRESH))
    assert(c:refresh())
    assert.equal(1, transport.count(REFRESH))
  end)

  it("goes by the grant where the refresh token can't be noted as spent",
    function()
      local store = memory_store.new()
      local c, transport = client({
        token("one", { refresh_token = "R1" }),
        token "two",
      }, store)
      assert(c:token())
      store.broken.save = "it is full"
      assert.equal("two", c:refresh().access_token)
      assert.equal(0, transport.count(REFRESH))
    end)

  it("goes on with the old token while another process renews it", function()
    local store = memory_store.new()
    local c, transport = client({
      token("one", { token_timeout = 2 }), token "two",
    }, store)
    assert.equal("Bearer one", c:authorization())
    local lock = store.lock
    function store.lock()
      return nil, "busy"
    end
    scripted.until_true(function()
      return c.tokens:slot():read() == "advisory"
    end, "advisory")
    assert.equal("Bearer one", c:authorization())
    assert.same({}, transport.slept)
    store.lock = lock
    assert.equal("Bearer two", c:authorization())
  end)

  it("keeps a session that a success without a successor has kept", function()
    local c, transport = client({
      token("one", { refresh_token = "R1" }), token "two", token "three",
    }, memory_store.new())
    assert(c:token())
    assert(c:refresh())
    assert(c:refresh())
    assert.equal(2, transport.count(REFRESH))
  end)

  it("takes newer tokens from there after a 401, which are no renewals",
    function()
      local store = memory_store.new()
      local c, transport = client({ token "one" }, store)
      local header = assert(c:authorization())
      for i = 1, 8 do -- more than may be asked for in a minute
        leave(c, store, "newer-" .. i)
        assert.is_true(c:invalidate(header))
        header = c:authorization()
        assert.equal("Bearer newer-" .. i, header)
      end
      assert.equal(1, #transport.sent)
    end)

  it("drops the token there, too, when it is to forget it", function()
    local store = memory_store.new()
    local c, transport = client({ token "one", token "two" }, store)
    assert(c:token())
    c:forget()
    assert.same({}, store:names "token.")
    assert.equal("two", c:token().access_token)
    assert.equal(2, #transport.sent)
  end)

  it("lets no forgotten token come back out of a flight", function()
    for _, answer in ipairs { token "two", scripted.json(503, "") } do
      local store = memory_store.new()
      local c
      c = client({ token "one", function()
        c:forget()
        return answer
      end, token "three" }, store)
      assert(c:token())
      c:refresh()
      assert.same({}, store.data.locks)
      elsewhere(c)
      local found = c:token()
      assert.equal("three", (found or c:refresh({ force = true }))
        .access_token)
    end
  end)

  it("lets none come back with a refresh token that was not sent", function()
    local store = memory_store.new()
    local c
    c = client({ token("one", { refresh_token = "R1" }), function()
      c:forget()
      return scripted.broken("network", false, "EMFILE")
    end }, store)
    assert(c:token())
    c:refresh()
    assert.same({}, store:names ".token.")
  end)

  it("stays with one secret, though the file changes while it waits",
    function()
      local path = os.tmpname()
      finally(function()
        os.remove(path)
      end)
      local function write(text)
        local file = assert(io.open(path, "w"))
        file:write(text)
        file:close()
      end
      write "the-first-secret-of-this-app"
      local store = memory_store.new()
      local id = scripted.unique()
      local events, transport = {}, scripted.transport { token "one",
        token "two" }
      local c = assert(require("equinix").new {
        client_id = id, client_secret_file = path, store = store,
        transport = transport, on_event = function(name)
          events[#events + 1] = name
        end,
      })
      local lock, first = store.lock, true
      function store.lock(...)
        if first then -- another caller comes, who reads the new secret
          first = false
          write "the-second-secret-of-this-app"
          assert.equal("one", c:token().access_token)
        end
        return lock(...)
      end
      assert.equal("two", c:token().access_token)
      assert.equal("the-second-secret-of-this-app",
        transport.body(1).client_secret)
      assert.equal("the-first-secret-of-this-app",
        transport.body(2).client_secret)
    end)

  it("leaves no failure there when nothing was sent", function()
    local store = memory_store.new()
    local c, transport = client({ token "one" }, store, { timeout = 0.2 })
    transport.sleep = core.sleep
    local lock = store.lock
    function store.lock(self, key, ttl)
      if key:find "^latch" then
        return nil, "busy"
      end
      return lock(self, key, ttl)
    end
    assert.equal("token_wait", select(2, c:token()).code)
    assert.same({}, store:names "token.")
    store.lock = lock
    assert.equal("one", c:token().access_token)
    assert.equal(1, #transport.sent)
  end)

  it("holds no caller back for a request that its wait had left no time for",
    function()
      local store = memory_store.new()
      local c, transport = client({ scripted.broken("timeout", true),
        token "one" }, store, { timeout = 2 })
      transport.sleep = core.sleep
      local lock, tries = store.lock, 0
      function store.lock(...)
        tries = tries + 1
        if tries < 3 then -- the third one is that of the successor
          return nil, "busy"
        end
        return lock(...)
      end
      assert.equal("timeout", select(2, c:token()).kind)
      assert.same({}, store:names "token.")
      assert.equal("one", c:token().access_token)
      assert.equal(2, #transport.sent)
    end)

  it("gets its token whatever stands in a latch's place", function()
    local many = { count = 0, secrets = {} }
    for i = 1, 500 do
      many.secrets[("%08x"):format(i)] = { n = 1, at = 1 }
    end
    for _, bad in ipairs { json.encode(many),
      '{"count":0,"secrets":{"00000000":{"n":1,"at":-1e20}}}',
      '{"count":0,"secrets":{"' .. ("x"):rep(9000) .. '":{"n":1,"at":1}}}',
    } do
      local store = memory_store.new()
      local c = client({ scripted.refused, token "one" }, store)
      c:token()
      store.data.records[store:names("latch.")[1]].bytes = bad
      elsewhere(c)
      c:forget()
      assert.equal("one", c:refresh({ force = true }).access_token)
      assert.same({}, store.data.locks)
    end
  end)

  it("brings refusals to a store that was away when they were counted",
    function()
      local store, id, sent = memory_store.new(), scripted.unique(), 0
      local function try(i)
        local c, transport = client({ scripted.refused }, store, {
          client_id = id, client_secret = "a wrong secret, number " .. i,
        })
        c:token()
        sent = sent + #transport.sent
      end
      try(1)
      store.broken.load = "it is down"
      try(2)
      store.broken.load = nil
      for i = 3, 8 do
        try(i)
      end
      assert.equal(4, sent)
    end)

  it("finds there that credentials were refused, and does not send them",
    function()
      local store = memory_store.new()
      local c, transport = client({ scripted.refused }, store)
      assert.equal("auth", select(2, c:token()).kind)
      elsewhere(c)
      local _, problem = c:token()
      assert.equal("auth", problem.kind)
      assert.equal("S1006", problem.code)
      assert(problem.retry_after > 0)
      assert.equal(1, #transport.sent)
    end)

  it("tells the account's refusals to those who have another secret",
    function()
      local store = memory_store.new()
      local id = scripted.unique()
      for i = 1, 4 do
        local c = client({ scripted.refused }, store, { client_id = id,
          client_secret = "a wrong secret, number " .. i })
        c:token()
      end
      assert.equal(1, #store:names "latch." - #store:names "token.")
      local c, transport = client({ token "one" }, store, { client_id = id })
      assert.equal("latched", select(2, c:token()).code)
      assert.equal(0, #transport.sent)
      assert.equal("one", c:refresh({ force = true }).access_token)
    end)

  it("counts the refusals of operations there as well", function()
    local store = memory_store.new()
    local c = client({ scripted.refused }, store)
    c:operation("getoauth2accesstoken", { grant_type = "client_credentials",
      client_id = "some app", client_secret = "a-wrong-secret-of-it" })
    assert.equal(1, #store:names "latch.")
    -- Of a secret that could be guessed what is stored says nothing.
    local asker = { origin = c.config.origin, client_id = "some other app" }
    local identity = cache_key.identity(asker)
    c:operation("getoauth2accesstoken", { grant_type = "client_credentials",
      client_id = asker.client_id, client_secret = "short" })
    local page = store.data.records["latch."
      .. lockout_page.number(identity)].bytes
    assert.equal(1, lockout_page.decode(page)
      :account(identity, core.time()).count)
    assert.is_nil(page:find(lockout_policy.fingerprint(identity,
      "5:short0:"), 1, true))
    assert.is_nil(page:find(lockout_policy.fingerprint(identity,
      "5:short0:0:"), 1, true))
  end)

  it("works whatever the store does, with one event for a call", function()
    for _, op in ipairs { "load", "lock", "save", "unlock" } do
      for _, how in ipairs { "it is down", "raise" } do
        local store = memory_store.new()
        store.broken[op] = how
        local c, transport, events = client({ token "one" }, store)
        assert.equal("Bearer one", c:authorization())
        assert.equal(1, #transport.sent)
        assert.equal(1, #events.store_failed, op)
        assert.equal(op, events.store_failed[1].op)
      end
    end
  end)

  it("stores nothing under a short secret, and says so once", function()
    local store = memory_store.new()
    local c, _, events = client({ token "one", token "two" }, store,
      { client_secret = "fifteen bytes!!" })
    assert(c:token())
    assert(c:refresh())
    assert.equal("", store:steps())
    assert.equal(1, #events.store_failed)
    assert.matches("16 bytes", events.store_failed[1].reason)
  end)

  it("waits no longer than its deadline while another one has the lock",
    function()
      local store = memory_store.new()
      local c, transport, events = client({ token "one" }, store,
        { timeout = 0.2 })
      transport.sleep = core.sleep
      local lock = store.lock
      function store.lock()
        return nil, "busy"
      end
      local value, problem = c:token()
      assert.is_nil(value)
      assert.equal("timeout", problem.kind)
      assert.equal("token_wait", problem.code)
      assert.equal(0, #transport.sent)
      assert.is_nil(events.store_failed)
      store.lock = lock
      assert.equal("one", c:token().access_token) -- nothing holds it back
    end)

  it("waits on when the token that it had has ended meanwhile", function()
    local store = memory_store.new()
    local c, transport = client({ token("one", { token_timeout = "2" }),
      token "two" }, store)
    transport.sleep = core.sleep
    assert.equal("one", c:token().access_token)
    scripted.until_true(function()
      return (c.tokens:slot():read()) ~= "fresh"
        and (c.tokens:slot():read()) ~= "advisory"
    end, "a token that is almost over")
    -- Another process has the lock for longer than a usable token is waited
    -- with.
    local lock, free = store.lock, core.now() + 2.5
    function store.lock(...)
      if core.now() < free then
        return nil, "busy"
      end
      return lock(...)
    end
    assert.equal("two", assert(c:token()).access_token)
    assert.equal(2, #transport.sent)
  end)
end)
