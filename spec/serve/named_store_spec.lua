-- The service with a store that the environment names: services share one
-- token by a Redis, the file with the URL is read anew at a reload, and the
-- URL is in no place where it was not before.
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local serve = require "spec.support.serve"

local TOKEN = "/oauth2/v1/token"
local PATIENT = 60 -- seconds

describe("the service, with EQUINIX_STORE_URL,", function()
  local missing = serve.missing() or redis.missing()
  if missing then
    pending(missing)
    return
  end
  local e, server, dir

  setup(function()
    e = emulator.start { plain = true }
    server = redis.start { "--requirepass", "secret" }
  end)
  before_each(function()
    e:reset()
    server:ask "FLUSHALL"
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)
  teardown(function()
    server:stop()
    e:stop()
  end)

  local function url(password)
    return ("redis://:%s@127.0.0.1:%d"):format(password, server.port)
  end

  local function write(text)
    local file = assert(io.open(dir .. "/url.new", "w"))
    file:write(text, "\n")
    file:close()
    assert(os.rename(dir .. "/url.new", dir .. "/url"))
    return dir .. "/url"
  end

  local function start(env)
    local s = serve.start(e, nil, { env = env })
    finally(function() s:stop() end)
    return s
  end

  local function token_of(s)
    local status, _, answer = s:rest("POST", TOKEN)
    assert.equal(200, status)
    return answer.access_token
  end

  it("shares one token with another service", function()
    local services = {}
    finally(function()
      for _, s in ipairs(services) do
        s:stop()
      end
    end)
    for i = 1, 2 do
      services[i] = serve.start(e, nil, { env = {
        EQUINIX_STORE_URL = url "secret" } })
    end
    assert.equal(token_of(services[1]), token_of(services[2]))
    assert.equal(1, e:count("POST " .. TOKEN))
  end)

  it("reads the file with the URL anew at a reload", function()
    e:config { lifetime = 2 } -- seconds: a call renews soon
    local s = start { EQUINIX_STORE_URL_FILE = write(url "guess") }
    token_of(s)
    assert.is_true(process.eventually(function()
      return s:log():find("store_failed", 1, true)
    end, PATIENT) ~= nil)
    assert.is_nil(s:log():find("guess", 1, true))
    assert.equal(0, server:ask "DBSIZE")
    write(url "secret")
    s.program:signal "HUP"
    assert(process.eventually(function()
      s:rest("POST", TOKEN, { fresh_connect = true })
      return #server:ask("KEYS", "equinix:*token.*") > 0
    end, PATIENT))
  end)

  it("keeps the old one at a reload where the new URL is wrong", function()
    local s = start { EQUINIX_STORE_URL_FILE = write(url "secret") }
    local before = token_of(s)
    write "redsi://:pa55@nowhere"
    s.program:signal "HUP"
    assert(process.eventually(function()
      return s:log():find("did you mean 'redis'", 1, true)
    end, PATIENT))
    assert.is_nil(s:log():find("pa55", 1, true))
    assert.equal(before, token_of(s))
  end)

  it("has the URL in no file, argument or log", function()
    local s = start { EQUINIX_STORE_URL = url "secret-of-the-store" }
    token_of(s)
    assert.equal("", (process.capture("grep -rls secret-of-the-store "
      .. process.quote(s.dir))))
    -- The spec itself starts it by a shell's `env -u ... NAME=...`.
    assert.equal("", (process.capture("for p in $(ps -eo pid=); do "
      .. "tr '\\0\\n' '  ' </proc/$p/cmdline; echo; done 2>/dev/null "
      .. "| grep 'secret-of-the-[s]tore' | grep -v 'env -u '")))
    assert.is_nil(s:log():find("secret-of-the-store", 1, true))
  end)

  it("refuses a pipe, which could be read only once", function()
    local said, _
    _, said = serve.try(e, nil, { env = {
      EQUINIX_STORE_URL_FILE = "/dev/stdin" }, eof = true })
    assert.matches("EQUINIX_STORE_URL_FILE: .*stdin is no regular file",
      said)
  end)
end)
