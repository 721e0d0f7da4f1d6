-- serve: every line that it writes is a JSON object: what nginx itself says, a
-- stack trace, a reload that was refused, a worker that died, and why it does
-- not start.
local command = require "spec.support.command"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("the lines of the service: " .. missing)
  return
end

local ENV = { EQUINIX_API_CLIENTID = "a", EQUINIX_API_CLIENTSECRET = "b" }

-- The lines of a text, each of which is an object with these fields.
local function lines_of(text)
  local lines = {}
  for line in (text or ""):gmatch "[^\n]+" do
    local entry = json.decode(line)
    assert.is_table(entry, line)
    assert.is_string(entry.time, line)
    lines[#lines + 1] = entry
  end
  return lines
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

describe("equinix-auth serve", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function start(env)
    local s = serve.start(nil, { "--no-store" }, { env = env or ENV })
    finally(function()
      s:stop()
    end)
    return s
  end

  -- The first line with that event; all others are JSON, too.
  local function logged(s, event)
    return assert(process.eventually(function()
      local text = s:log():match "^.*\n" -- whole lines
      for _, line in ipairs(lines_of(text)) do
        if line.event == event then
          return line
        end
      end
    end), s:log())
  end

  it("logs a reload that is refused", function()
    local secret = dir .. "/secret"
    write(secret, "b\n")
    local s = start { EQUINIX_API_CLIENTID = "a",
      EQUINIX_API_CLIENTSECRET = false,
      EQUINIX_API_CLIENTSECRET_FILE = secret }
    os.remove(secret)
    s.program:signal "HUP"
    local line = logged(s, "reload_refused")
    assert.equal("error", line.level)
    assert.matches("^init_by_lua error: client_secret_file can't be read: ",
      line.message)
    assert.is_true(s.program:alive())
    lines_of(s:log())
  end)

  it("logs that it refuses an auth token that others can read", function()
    local key = dir .. "/door"
    write(key, "the-auth-token-0123\n")
    os.execute("chmod 600 " .. key)
    local s = serve.start(nil, { "--no-store", "--auth-token-file", key },
      { env = ENV })
    finally(function()
      s:stop()
    end)
    os.execute("chmod 644 " .. key)
    s.program:signal "HUP"
    assert.matches("can be read or changed by others %(mode 0644%)",
      logged(s, "reload_refused").message)
    assert.is_true(s.program:alive())
  end)

  it("logs a stack trace in one line", function()
    local s = start()
    write(s.dir .. "/serve.json", "[")
    s.program:signal "HUP"
    local line = logged(s, "reload_refused")
    assert.matches("stack traceback:\n", line.message)
    assert.matches("\n[^\n]*handlers", line.message)
    lines_of(s:log())
  end)

  it("logs what nginx does not accept in a changed configuration", function()
    local s = start()
    write(s.dir .. "/nginx.conf", 'nonsense "here";\n')
    s.program:signal "HUP"
    assert.matches("nonsense", logged(s, "reload_refused").message)
  end)

  it("logs a worker that died", function()
    local s = start()
    local pid = s:workers()[1]
    os.execute("kill -SEGV " .. pid)
    local line = logged(s, "worker_died")
    assert.equal("alert", line.level)
    assert.matches("^worker process " .. pid .. " exited on signal 11",
      line.message)
  end)

  it("logs that nginx stopped", function()
    local s = start()
    os.execute("kill -KILL " .. s:master())
    assert.equal(1, s.program:wait(60))
    assert.equal("error", logged(s, "nginx_stopped").level)
    lines_of(s:log())
  end)

  it("prints where it listens", function()
    local s = start()
    assert(process.eventually(function()
      return s.program:stdout():find "\n"
    end))
    local lines = lines_of(s.program:stdout())
    assert.equal(1, #lines)
    assert.equal("ready", lines[1].event)
    assert.equal(s.rest_url, lines[1].rest_url)
    assert.equal(s.mcp_url, lines[1].mcp_url)
  end)

  it("logs that the token is not kept", function()
    local s = serve.start(nil, {}, { env = { EQUINIX_API_CLIENTID = "a",
      EQUINIX_API_CLIENTSECRET = "b", XDG_RUNTIME_DIR = false } })
    finally(function()
      s:stop()
    end)
    local line = logged(s, "store_failed")
    assert.equal("warn", line.level)
    assert.matches("^the token is not kept for the next start: ",
      line.message)
  end)

  describe("that does not start says why in one line", function()
    -- A setting that is missing or can't be used has exit code 2.
    local function refused(wanted, words, env)
      local all = { "serve", "--rest-port", "0", "--mcp-port", "0" }
      for _, word in ipairs(words) do
        all[#all + 1] = word
      end
      local code, out, said = command.run(all, { env = env or ENV })
      assert.equal(wanted, code, said)
      assert.equal("", out)
      local lines = lines_of(said)
      assert.equal(1, #lines, said)
      assert.equal("not_started", lines[1].event)
      assert.equal("error", lines[1].level)
      return lines[1].message
    end

    it("without credentials", function()
      assert.matches("EQUINIX_API_CLIENTID", refused(2, {}, {}))
    end)

    it("on a port that is in use", function()
      local socket = assert(require("socket").bind("127.0.0.1", 0))
      finally(function()
        socket:close()
      end)
      local _, port = socket:getsockname()
      assert.matches("is already in use; choose another port$",
        refused(1, { "--rest-port", ("%d"):format(port) }))
    end)

    it("without its auth token, secret or ready file", function()
      assert.matches("/nowhere", refused(2, { "--auth-token-file",
        "/nowhere" }))
      write(dir .. "/door", "too-short\n")
      os.execute("chmod 600 " .. dir .. "/door")
      assert.matches("has 9 bytes: give it 16 at least", refused(2, {
        "--auth-token-file", dir .. "/door" }))
      assert.matches("^client_secret_file can't be read: ", refused(2, {}, {
        EQUINIX_API_CLIENTID = "a",
        EQUINIX_API_CLIENTSECRET_FILE = "/nowhere" }))
      assert.matches("^the ready file /nowhere/x can't be written: ",
        refused(1, { "--ready-file", "/nowhere/x" }))
    end)

    it("with bytes in it that are not JSON's", function()
      local message = refused(2, { "--auth-token-file",
        '/nowhere/"\\\27[1m\195\164\255' })
      assert.matches('/nowhere/"', message, 1, true)
    end)
  end)

  it("speaks plain text to a terminal", function()
    if select(2, process.capture "script --version") ~= 0 then
      pending "script is not here"
      return
    end
    local said = process.capture("env -u EQUINIX_API_CLIENTID script -qec "
      .. "'bin/equinix-auth serve' /dev/null </dev/null")
    assert.matches("^equinix%-auth: [^{]*EQUINIX_API_CLIENTID", said)
  end)
end)
