-- observed: a client's requests and waits as events, over a real server. What
-- the log hides is in spec/verbose_spec.
local emulator = require "spec.support.emulator"
local environment = require "equinix.client.environment"
local equinix = require "equinix"
local log = require "equinix.client.log"
local process = require "spec.support.process"
local scripted = require "spec.support.scripted"

local e

setup(function()
  e = emulator.start { plain = true }
end)

before_each(function()
  e:reset()
end)

teardown(function()
  e:stop()
end)

local function new(opts)
  opts.base_url, opts.client_id = e.base_url, e.client_id
  opts.client_secret, opts.cache_key = e.client_secret, scripted.unique()
  return assert(equinix.new(opts))
end

-- A client and what it says; each event as "name number op".
local function listened(opts)
  local heard = {}
  opts = opts or {}
  opts.on_event = function(name, fields)
    heard[#heard + 1] = { name = name, fields = fields }
  end
  return new(opts), heard
end

local function of_name(heard, name)
  local found = {}
  for _, event in ipairs(heard) do
    if event.name == name then
      found[#found + 1] = event.fields
    end
  end
  return found
end

describe("a listener of a client's events", function()
  it("gets each request and its answer, by the same number", function()
    local c, heard = listened()
    assert(c:get "/fabric/v4/ports?limit=1")
    assert(c:get "/fabric/v4/ports?limit=1") -- the short way
    local requests, responses = of_name(heard, "request"),
      of_name(heard, "response")
    assert.equal(3, #requests)
    local first = requests[1].number
    assert.same({ number = first, op = "POST /oauth2/v1/token",
      bytes = requests[1].bytes }, requests[1])
    assert.same({ number = first + 1, op = "GET /fabric/v4/ports" },
      requests[2])
    assert.equal(first + 2, requests[3].number)
    for i, response in ipairs(responses) do
      assert.equal(requests[i].op, response.op)
      assert.equal(first + i - 1, response.number)
      assert.equal(200, response.status)
      assert.is_true(response.seconds >= 0 and response.bytes > 10)
      assert.equal("1.1", response.http_version)
      assert.equal(i == 1 and 1 or 0, response.connects)
      for _, name in ipairs { "headers", "body", "url" } do
        assert.is_nil(response[name])
      end
    end
  end)

  it("gets those of lists that are read ahead and of many at once", function()
    local c, heard = listened()
    local items = 0
    for _ in c:items("/fabric/v4/ports", { query = { limit = 5 } }) do
      items = items + 1
    end
    assert.equal(25, items)
    assert.equal(#of_name(heard, "request"), #of_name(heard, "response"))
    assert.is_true(#of_name(heard, "request") >= 6)
    local before = #of_name(heard, "response")
    for _, result in ipairs(c:all { { path = "/fabric/v4/ports" },
      { path = "/nothing" } }) do
      assert(result.response or result.err)
    end
    assert.equal(before + 2, #of_name(heard, "response"))
    assert.equal(404, of_name(heard, "response")[before + 2].status)
  end)

  it("gets what failed, each attempt of it", function()
    local c, heard = listened { retry = { attempts = 2, base = 0.01 } }
    assert(c:authorization())
    c.config.base_url = "http://127.0.0.1:9"
    assert.is_nil((c:get "/x"))
    local last = of_name(heard, "response")
    assert.equal(3, #last)
    assert.equal("network", last[3].kind)
    assert.equal("ECONNREFUSED", last[3].code)
    assert.is_nil(last[3].status)
  end)

  it("gets the steps in between where it names them", function()
    local heard = {}
    local function keep(name, fields)
      heard[#heard + 1] = name .. " " .. (fields.turn or fields.op or "")
    end
    local c = new { on_event = { token_turn = keep, wait = keep,
      retry = keep }, retry = { attempts = 2, base = 0.01 } }
    assert(c:authorization())
    c.config.base_url = "http://127.0.0.1:9"
    assert.is_nil((c:get "/x"))
    assert.same({ "token_turn lead", "retry GET /x", "wait " }, heard)
    local _, unnamed = listened()
    assert.same({}, of_name(unnamed, "token_turn"))
  end)

  it("may not name an event that there is none of", function()
    local ok, message = pcall(equinix.new, { token = "t",
      on_event = { respons = print } })
    assert.is_false(ok)
    assert.matches("unknown event 'respons', did you mean 'response'?",
      message, 1, true)
  end)
end)

describe("the log", function()
  local write, lines

  before_each(function()
    local first -- its number, for the specs, is 1
    write, lines = log.write, {}
    log.write = function(line)
      lines[#lines + 1] = line:gsub("^#(%d+)", function(number)
        first = first or number
        return ("#%d"):format(number - first + 1)
      end)
    end
  end)

  after_each(function()
    log.write = write
    environment.set_log_level(nil)
  end)

  local function has(text)
    return table.concat(lines, "\n"):find(text, 1, true) ~= nil
  end

  it("has the token, its state and each request, in order", function()
    environment.set_log_level "debug"
    local c = new {}
    assert(c:get("/fabric/v4/ports", { query = { limit = 1 } }))
    assert(c:get("/fabric/v4/ports", { query = { limit = 1 } }))
    local order = { "token_cache: state=empty", "token_turn: state=empty "
      .. "turn=lead", "token_request: op=POST", "#1 > POST http://127",
      "#1 < 200 in ", "token_renewed: expires_in=3600", "#2 > GET http://127",
      "#2 < 200 in ", "token_cache: left=", "#3 > GET http", "#3 < 200 in " }
    assert.equal(#order, #lines, table.concat(lines, "\n"))
    for i, start in ipairs(order) do
      assert.equal(start, lines[i]:sub(1, #start))
    end
    assert.is_true(has "/fabric/v4/ports?limit=1")
    assert.is_false(has "Accept:")
  end)

  it("has headers and the beginning of bodies with `trace`", function()
    environment.set_log_level "trace"
    local c = new {}
    assert(c:post("/fabric/v4/connections/search", { json = {
      pagination = { limit = 1 } } }))
    assert.is_true(has "#2 > Authorization: [hidden]")
    assert.is_true(has '#2 > body: {"pagination":{"limit":1}}')
    assert.is_true(has '#2 < body: {"')
    assert.is_false(has "#1 > body")
    assert.is_false(has "#1 < body")
  end)

  it("says once that it waits for a command that supplies the credentials",
    function()
      environment.set_log_level "debug"
      local c = assert(equinix.new { base_url = e.base_url, timeout = 20,
        credential_process = "sleep 0.5; echo {}" })
      local _, err = c:token()
      assert.equal("no_credentials", err.code)
      assert.equal(2, #lines, table.concat(lines, "\n"))
      assert.matches("^wait: reason=credentials seconds=%d", lines[2])
    end)

  it("gives the requests of all clients numbers of their own", function()
    environment.set_log_level "debug"
    assert(new({}):token())
    assert(new({}):token())
    assert.is_true(has "#1 > POST")
    assert.is_true(has "#2 > POST")
  end)

  it("is one of three kinds, or none", function()
    for text, level in pairs { debug = 1, trace = 2, off = false } do
      environment.set_log_level(text)
      assert.equal(level or nil, new({}).config.log)
    end
    environment.set_log_level "verbose"
    local c, err = equinix.new { token = "t" }
    assert.is_nil(c)
    assert.equal("EQUINIX_LOG must be debug, trace or off", err.message)
  end)
end)

describe("a client without listener and log", function()
  it("loads nothing of all that", function()
    local names = process.capture(("env -u EQUINIX_LOG %s -e %s")
      :format(process.interpreter(), process.quote(([[
        package.path, package.cpath = %q, %q
        local c = assert(require "equinix".new { client_id = "i",
          client_secret = "s", on_event = { retry = print } })
        for name in pairs(package.loaded) do print(name) end]])
        :format(package.path, package.cpath))))
    assert.truthy(names:find("equinix.client.emitter", 1, true), names)
    for _, name in ipairs { "client.observed", "client.trace", "client.log",
      "http.visible", "http.secret_parts", "tokens.explain" } do
      assert.is_nil(names:find(name, 1, true), name)
    end
  end)
end)
