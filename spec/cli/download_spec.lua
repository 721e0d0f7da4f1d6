-- cli/download: `request -o`, a body in a file, completely or not at all.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local PORTS = "/fabric/v4/ports"

describe("equinix-auth request -o", function()
  local e, dir
  setup(function()
    e = emulator.start { plain = true }
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

  local function run(words)
    table.insert(words, 1, "request")
    return command.run(words, { env = command.env(e) })
  end

  local function files()
    return process.capture("ls -A " .. process.quote(dir))
  end

  it("writes the body into the file and prints nothing", function()
    local code, out, said = run { "GET", PORTS, "-o", dir .. "/ports" }
    assert.equal(0, code, said)
    assert.equal("", out)
    assert.equal("", said) -- no terminal, no progress
    assert.equal(20, #json.decode(read(dir .. "/ports")).data)
    assert.equal("ports", files())
    assert.matches("^%-rw%-%-%-%-%-%-%-",
      process.capture("ls -l " .. dir .. "/ports"))
  end)

  it("writes the array of all pages into the file", function()
    local code, _, said = run { "GET", PORTS, "-q", "limit=2", "--all-pages",
      "-o", dir .. "/ports" }
    assert.equal(0, code, said)
    assert.equal(25, #json.decode(read(dir .. "/ports")))
  end)

  it("leaves an existing file as it was when the call fails", function()
    write(dir .. "/ports", "before")
    e:config { api_status = 404 }
    local code = run { "GET", PORTS, "-o", dir .. "/ports" }
    assert.equal(1, code)
    local server = rawserver.start [[
      local c = ...
      c:request()
      c:send "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf a body"
    ]]
    finally(function()
      server:stop()
    end)
    local _, said
    code, _, said = command.run({ "request", "GET", "/", "-o",
      dir .. "/ports" }, {
      env = { EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t" },
    })
    assert.equal(4, code, said)
    assert.equal("before", read(dir .. "/ports"))
    assert.equal("ports", files())
  end)

  it("reports that it can't write before a call is made", function()
    os.execute(("mkfifo %s/fifo"):format(dir))
    for _, path in ipairs { "/nowhere/x", dir, dir .. "/fifo" } do
      local code, _, said = run { "POST", "/colocations/v2/orders/shipments",
        "-d", "{}", "-o", path }
      assert.equal(1, code)
      assert.is_truthy(said:find("equinix-auth: " .. path
        .. " can't be written: ", 1, true), said)
    end
    assert.same({}, e:log().routes)
    assert.matches("^p", process.capture(("ls -l %s/fifo"):format(dir)))
    assert.equal("fifo", files())
  end)

  it("does not replace a symbolic link, nor the file it leads to", function()
    write(dir .. "/real", "before")
    os.execute(("ln -s real %s/link; ln -s nowhere %s/loose"):format(dir, dir))
    for _, name in ipairs { "link", "loose" } do
      local code, _, said = run { "GET", PORTS, "-o", dir .. "/" .. name }
      assert.equal(1, code)
      assert.matches("/" .. name .. " can't be written: it is a "
        .. "symbolic link; name the file that it leads to\n$", said)
    end
    assert.same({}, e:log().routes)
    assert.equal("before", read(dir .. "/real"))
    assert.equal("link\nloose\nreal", files())
  end)

  it("gives an existing file mode 0600", function()
    write(dir .. "/ports", "before")
    os.execute(("chmod 644 %s/ports"):format(dir))
    assert.equal(0, (run { "GET", PORTS, "-o", dir .. "/ports" }))
    assert.matches("^%-rw%-%-%-%-%-%-%-",
      process.capture("ls -l " .. dir .. "/ports"))
  end)

  it("accepts any name of a file", function()
    local here = process.capture "pwd"
    local _, code = process.capture(("cd %s && EQUINIX_API_ENDPOINT=%s "
      .. "EQUINIX_API_CLIENTID=%s EQUINIX_API_CLIENTSECRET=%s "
      .. "%s/bin/equinix-auth request GET /fabric/v4/health --no-store "
      .. "--output-file=\"-n \\$(x)' y\""):format(dir, e.base_url, e.client_id,
      e.client_secret, process.quote(here)))
    assert.equal(0, code)
    assert.equal("-n $(x)' y", files())
  end)

  it("fails with a message where the disk is full", function()
    local download = require "equinix.cli.download"
    local self = assert(download.open(dir .. "/x"))
    self.file:close()
    self.file = assert(io.open("/dev/full", "wb"))
    self.file:setvbuf "no"
    assert.is_false(self:write "text")
    local ok, message = self:commit()
    assert.is_nil(ok)
    assert.matches("/x can't be written: No space", message)
    assert.equal("", files())
  end)

  it("shows its progress on a terminal, and removes it at the end", function()
    if process.capture "command -v script" == "" then
      return pending "script (bsdutils) is not installed"
    end
    local line = ("EQUINIX_API_ENDPOINT=%s EQUINIX_API_CLIENTID=%s "
      .. "EQUINIX_API_CLIENTSECRET=%s bin/equinix-auth request GET %s "
      .. "--no-store"):format(e.base_url, e.client_id, e.client_secret, PORTS)
    local seen, code = process.capture(("script -qec %s /dev/null </dev/null")
      :format(process.quote(line .. " -o " .. dir .. "/ports")))
    assert.equal(0, code)
    assert.equal("\r0.0 MiB\27[K\r\27[K", seen)
    seen, code = process.capture(("script -qec %s /dev/null </dev/null")
      :format(process.quote(line .. " --all-pages >/dev/null")))
    assert.equal(0, code)
    assert.matches("^\r1 of 2 pages, 20 items\27%[K.*\r\27%[K$", seen)
    -- It would stand before the lines that say what happens.
    for _, said in ipairs { line .. " -v", "EQUINIX_LOG=debug " .. line } do
      seen = process.capture(("script -qec %s /dev/null </dev/null")
        :format(process.quote(said .. " --all-pages >/dev/null")))
      assert.matches("#3 < 200 in", seen)
      assert.is_nil(seen:find("\27", 1, true), seen)
    end
  end)
end)
