-- cli/doctor/store: what is wrong with the store, in a line for each fault,
-- and which tokens rest there.
local certificates = require "spec.support.certificates"
local command = require "spec.support.command"
local doctor = require "spec.support.doctor"
local emulator = require "spec.support.emulator"
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local SECRET = "a-secret-of-some-length"

-- No server listens there: these checks need none.
local function env(changes)
  local all = {
    EQUINIX_API_ENDPOINT = "http://127.0.0.1:1",
    EQUINIX_API_CLIENTID = "an-id",
    EQUINIX_API_CLIENTSECRET = SECRET,
  }
  for name, value in pairs(changes or {}) do
    all[name] = value
  end
  return all
end

describe("the doctor's check of the store", function()
  it("leaves nothing there", function()
    local dir = process.tempdir()
    local line = doctor.line("store", {}, env { XDG_RUNTIME_DIR = dir })
    local left = process.capture(("ls %s/equinix | grep -v lock"):format(dir))
    process.remove(dir)
    assert.matches("^ok ", line)
    assert.is_nil(left:find("doctor", 1, true))
  end)

  it("fails with 1 where a token can't be kept, and says why", function()
    local dir = process.tempdir()
    os.execute(("mkdir -m 755 %s/equinix"):format(dir))
    local line, code = doctor.line("store", {}, env {
      XDG_RUNTIME_DIR = dir,
    })
    process.remove(dir)
    assert.matches("^FAILED no token can be kept .*others may use it", line)
    assert.equal(1, code)
    line, code = doctor.line("store", {}, env { XDG_RUNTIME_DIR = false })
    assert.matches("^FAILED .*set HOME or XDG_RUNTIME_DIR", line)
    assert.equal(1, code)
  end)

  it("is skipped where no store is used", function()
    assert.matches("^skipped %-%-no%-store",
      (doctor.line("store", { "--no-store" }, env())))
    assert.matches("^skipped .*less than 16 bytes", (doctor.line("store", {},
      env { EQUINIX_API_CLIENTSECRET = "short" })))
    local line = doctor.line("store", {}, {
      EQUINIX_API_ENDPOINT = "http://127.0.0.1:1", EQUINIX_API_TOKEN = "t",
    })
    assert.matches("^skipped no token of grant static is stored", line)
  end)
end)

describe("the doctor's check of a store that the environment names", function()
  if redis.missing() then
    pending(redis.missing())
    return
  end
  local server

  setup(function()
    server = redis.start { "--requirepass", "secret" }
    server:ask("ACL", "SETUSER", "reader", "on", ">Secret-1", "~equinix:*",
      "+eval", "+get", "+ping")
  end)
  teardown(function()
    server:stop()
  end)

  local function url(login, rest)
    return ("redis://%s127.0.0.1:%d%s"):format(login, server.port, rest or "")
  end

  -- All lines of the check; no secret may be in any line.
  local function lines(text)
    local _, _, all = doctor.line("store", {}, env {
      EQUINIX_STORE_URL = text })
    for _, word in ipairs { "secret@", ":secret", "Secret", "guess" } do
      assert.is_nil(all:find(word, 1, true), all)
    end
    local found = {}
    for line in ("\n" .. all):gmatch "\n(%l*%u* +store +[^\n]+)" do
      found[#found + 1] = line:gsub(" +store +", " ")
    end
    return found, all
  end

  it("says in one line that it is right", function()
    local found = lines(url ":secret@")
    assert.equal(1, #found)
    assert.matches("^ok Redis at 127.0.0.1:%d+ answers, and accepts the "
      .. "login; .*master.*policy", found[1])
    assert.equal(0, #server:ask("KEYS", "*doctor*"))
  end)

  it("says what is wrong with the login, and what to do", function()
    for login, pattern in pairs {
      [""] = "^FAILED .*requires a login.*: set `password`",
      [":guess@"] = "^FAILED .*does not accept this login.*: check ",
    } do
      assert.matches(pattern, lines(url(login))[1])
    end
  end)

  it("says which rights are missing", function()
    local found = table.concat(lines(url "reader:Secret-1@"), "\n")
    assert.matches("FAILED [^\n]*NOPERM[^\n]*: ", found)
  end)

  it("does not say of a store that it can't read that it is empty", function()
    server:ask("ACL", "SETUSER", "other", "on", ">Secret-1", "~other:*",
      "+@all")
    local _, all = lines(url "other:Secret-1@")
    assert.matches("\nskipped +stored +[^\n]*not known[^\n]*NOPERM", all)
    assert.not_matches("no token of this client", all)
  end)

  it("says what a policy would throw away", function()
    finally(function()
      server:ask("CONFIG", "SET", "maxmemory", 0)
      server:ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    end)
    server:ask("CONFIG", "SET", "maxmemory", 100 * 1024 * 1024)
    server:ask("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
    assert.matches("^FAILED maxmemory%-policy is volatile%-ttl.*: set "
      .. "maxmemory%-policy to volatile%-lru or noeviction",
      lines(url ":secret@")[1])
  end)

  it("says that it is a replica", function()
    finally(function() server:ask("REPLICAOF", "NO", "ONE") end)
    server:ask("REPLICAOF", "127.0.0.1", 1)
    local found = table.concat(lines(url ":secret@"), "\n")
    assert.matches("FAILED [^\n]*replica: name the master", found)
  end)

  it("says what is wrong with TLS", function()
    local dir = process.tempdir()
    local tls = certificates.make(dir)
    local secure = redis.start { tls = tls }
    finally(function()
      secure:stop()
      process.remove(dir)
    end)
    local function look(text)
      local line = doctor.line("store", {}, env { EQUINIX_STORE_URL = text })
      return line
    end
    local address = ("127.0.0.1:%d"):format(secure.port)
    assert.matches("^ok .*over TLS", look("rediss://" .. address .. "?ca_file="
      .. tls.ca_file))
    assert.matches("^FAILED .*certificate", look("rediss://" .. address))
    assert.matches("^FAILED .*TLS", look("redis://" .. address))
  end)

  it("says that there is none", function()
    local port = redis.free_port()
    assert.matches("^FAILED .*refuses connections: check",
      lines("redis://127.0.0.1:" .. port)[1])
  end)

  it("fails with 2 where the URL is wrong, and sends nothing", function()
    local line, code, all = doctor.line("store", {}, env {
      EQUINIX_STORE_URL = "redsi://:Secret-1@127.0.0.1" })
    assert.matches("^FAILED EQUINIX_STORE_URL: .*did you mean 'redis'", line)
    assert.equal(2, code)
    assert.matches("nothing is sent; fix the store first", all)
    assert.is_nil(all:find("Secret", 1, true))
  end)

  it("says that other users can read the file with the URL", function()
    local dir = process.tempdir()
    finally(function() process.remove(dir) end)
    local path = dir .. "/url"
    local file = assert(io.open(path, "w"))
    file:write(url ":secret@", "\n")
    file:close()
    os.execute("chmod 644 " .. path)
    local line, code = doctor.line("store", {}, env {
      EQUINIX_STORE_URL_FILE = path })
    assert.matches("^FAILED EQUINIX_STORE_URL_FILE: .*open to other users.*: "
      .. "chmod 600", line)
    assert.equal(1, code)
  end)
end)

describe("the doctor's list of what rests in the store", function()
  local e, dir

  setup(function()
    e = emulator.start { plain = true, config = { lifetime = 3600 } }
  end)
  before_each(function()
    e:reset()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)
  teardown(function()
    e:stop()
  end)

  -- The list before and after this client has a token, and another one.
  local function assert_lists(changes)
    local function look(more)
      local all = { XDG_RUNTIME_DIR = dir }
      for _, list in ipairs { changes, more or {} } do
        for name, value in pairs(list) do
          all[name] = value
        end
      end
      return (doctor.line("stored", {}, command.env(e, all)))
    end
    assert.equal("ok no token of this client; none of others", look())
    -- The doctor itself requested one, after this check.
    assert.matches("^ok this client's token: %d+ s old, of use for "
      .. "[%d.]+ minutes; none of others$", look())
    assert.matches("^ok no token of this client; 1 of other clients or "
      .. "secrets %(%x%x%x%x%x%x%x%x%.%.%. kept for [%d.]+ minutes%)$",
      look { EQUINIX_API_CLIENTSECRET = "another-secret-of-length" })
  end

  it("has this client's token and those of others, of a folder", function()
    assert_lists {}
  end)

  it("has the same of a Redis", function()
    if redis.missing() then
      pending(redis.missing())
      return
    end
    local server = redis.start()
    finally(function() server:stop() end)
    assert_lists { EQUINIX_STORE_URL = "redis://127.0.0.1:" .. server.port }
  end)

  it("is skipped where the store can't be read", function()
    assert.matches("^skipped fix the store first",
      (doctor.line("stored", {}, command.env(e, { EQUINIX_STORE_URL =
        "redis://127.0.0.1:" .. redis.free_port() }))))
    assert.matches("^skipped %-%-no%-store",
      (doctor.line("stored", { "--no-store" }, command.env(e))))
  end)
end)
