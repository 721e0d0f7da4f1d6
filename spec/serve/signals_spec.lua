-- serve: signals that its parent left ignored or blocked: nohup, a shell, a
-- program that blocks them in the thread that starts others.
local process = require "spec.support.process"
local serve = require "spec.support.serve"

local missing = serve.missing()
if missing then
  pending("the service and its parent's signals: " .. missing)
  return
end

local ENV = { EQUINIX_API_CLIENTID = "a", EQUINIX_API_CLIENTSECRET = "b" }

local function has(name)
  return select(2, process.capture("command -v " .. name)) == 0
end

describe("equinix-auth serve", function()
  local function start(before)
    local s = serve.start(nil, { "--no-store" }, { env = ENV,
      before = before })
    finally(function()
      s:stop()
    end)
    return s
  end

  local function reloads(s)
    local old = s:workers()
    s.program:signal "HUP"
    return process.eventually(function()
      local pid = s:workers()[1]
      return pid and pid ~= old[1] and pid ~= old[2]
    end)
  end

  local function ends(s)
    local master = s:master()
    s.program:signal "TERM"
    return s.program:wait(60) == 0 and not process.alive(master)
  end

  it("reloads at HUP under nohup, and ends at TERM", function()
    local s = start { "nohup" }
    assert.is_true(reloads(s))
    assert.is_true(s.program:alive())
    assert.is_true(ends(s))
  end)

  for _, names in ipairs { "TERM", "HUP", "PIPE",
    "TERM HUP PIPE INT QUIT ALRM USR1 USR2" } do
    it("starts, reloads and ends where its parent ignores " .. names,
      function()
        local s = start { "sh", "-c", "trap '' " .. names
          .. '; exec "$0" "$@"' }
        assert.is_true(reloads(s))
        assert.is_true(ends(s))
      end)
  end

  local BLOCKING = { "perl", "-MPOSIX", "-e", "$SIG{CHLD} = 'IGNORE';"
    .. "my $all = POSIX::SigSet->new; $all->fillset;"
    .. "sigprocmask(SIG_BLOCK, $all); exec @ARGV" }

  it("does so where its parent ignores CHLD and blocks all signals", function()
    if not has "perl" then
      pending "perl is not here"
      return
    end
    local s = start(BLOCKING)
    assert.is_true(reloads(s))
    assert.is_true(ends(s))
  end)

  it("is not the only command that ends: mcp does, too", function()
    if not has "perl" then
      pending "perl is not here"
      return
    end
    local argv = { (table.unpack or unpack)(BLOCKING) }
    argv[#argv + 1], argv[#argv + 2] = "bin/equinix-auth", "mcp"
    local p = process.start(argv, { env = ENV, until_eof = true })
    finally(function()
      p:stop()
    end)
    p.pipe:write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    p.pipe:flush()
    assert(process.eventually(function()
      return p:stdout():find '"id":1'
    end))
    p:signal "TERM"
    assert.equal(0, p:wait(60))
  end)
end)
