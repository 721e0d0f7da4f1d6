-- cli/configure: credentials from a terminal into the user's file.
local command = require "spec.support.command"
local process = require "spec.support.process"
local terminal = require "spec.support.terminal"

local ID, SECRET = "Client id", "not shown)"

describe("equinix-auth configure", function()
  local dir, path
  before_each(function()
    dir = process.tempdir()
    path = dir .. "/conf/equinix/config"
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function env()
    local all = {}
    for name, value in pairs(command.NONE) do
      all[name] = value
    end
    all.XDG_CONFIG_HOME = dir .. "/conf"
    return all
  end

  local function configure(words, ...)
    return terminal.run("exec bin/equinix-auth configure " .. words, { ... },
      env())
  end

  local function read()
    local file = io.open(path, "rb")
    local text = file and file:read "*a"
    if file then
      file:close()
    end
    return text
  end

  local function write(text, mode)
    os.execute(("mkdir -p %s/conf/equinix"):format(dir))
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    os.execute(("chmod %s %s"):format(mode or "600", path))
  end

  local function mode(name)
    return (process.capture("stat -c %a " .. name))
  end

  if terminal.missing() then
    return pending(terminal.missing())
  end

  it("asks, and writes a file that no other user can read", function()
    local code, shown = configure("", { ID, "my-id\n" },
      { SECRET, "hunter2'$x\\\n" })
    assert.equal(0, code, shown)
    assert.equal("[default]\nclient_id = my-id\n"
      .. "client_secret = hunter2'$x\\\n", read())
    assert.not_matches("hunter2", shown)
    assert.same({ "600", "700" }, { mode(path), mode(dir .. "/conf/equinix") })
    assert.equal("config", process.capture("ls -A " .. dir
      .. "/conf/equinix"))
  end)

  it("keeps other sections and comments; one set of credentials is left",
    function()
      write("# mine\n[default]\ntoken = t\n\n[work] \n# why\n"
        .. "client_id = old\ncredential_process = x\ntimeout = 3\n", "644")
      local code, shown = configure("--profile work", { "[old]", "\n" },
        { SECRET, "hunter2\n" })
      assert.equal(0, code, shown)
      assert.equal("# mine\n[default]\ntoken = t\n\n[work] \n# why\n"
        .. "client_id = old\ntimeout = 3\nclient_secret = hunter2\n", read())
      assert.equal("600", mode(path))
      code = configure("--profile work", { "[old]", "new\n" },
        { "[as it is]", "\n" })
      assert.equal(0, code)
      assert.matches("client_id = new\n.*client_secret = hunter2\n", read())
    end)

  it("leaves nothing of a token exchange, which these are not for", function()
    write("[default]\ngrant = token_exchange\nscope = s\n"
      .. "subject_token = t\nsts_endpoint = https://sts.example\n")
    assert.equal(0, (configure("", { ID, "i\n" }, { SECRET, "hunter2\n" })))
    assert.equal("[default]\nsts_endpoint = https://sts.example\n"
      .. "client_id = i\nclient_secret = hunter2\n", read())
    write("[default]\ngrant = password\nuser_name = u\n")
    assert.equal(0, (configure("", { ID, "i\n" }, { SECRET, "hunter2\n" })))
    assert.matches("^%[default%]\ngrant = password\nuser_name = u\n", read())
  end)

  it("asks again for what can't be one", function()
    local code, shown = configure("", { ID, "\n" }, { "is empty", "i\n" },
      { SECRET, "a\tb\n" }, { "a tab", "hunter2\n" })
    assert.equal(0, code, shown)
    assert.matches("client_id = i\nclient_secret = hunter2\n", read())
  end)

  it("writes nothing when the person gives up", function()
    local text = "[default]\nclient_id = a\n"
    write(text)
    for _, key in ipairs { "\4", "\3" } do
      local code = configure("", { ID, "b\n" }, { SECRET, key })
      assert.equal(1, code)
      assert.equal(text, read())
    end
  end)

  it("leaves a link a link", function()
    write "[a]\n"
    os.execute(("mv %s %s/there && ln -s %s/there %s"):format(path, dir, dir,
      path))
    assert.equal(0, (configure("--profile a", { ID, "i\n" },
      { SECRET, "s\n" })))
    assert.equal("[a]\nclient_id = i\nclient_secret = s\n", read())
    assert.equal(0, select(2, process.capture("test -L " .. path)))
  end)

  it("refuses a file that it can't read right, or that is not safe", function()
    write "[a\n"
    local code, shown = configure ""
    assert.equal(2, code)
    assert.matches("config:1: a section", shown)
    write("[a]\n", "666")
    code, shown = configure ""
    assert.equal(2, code)
    assert.matches("changed by other users", shown)
  end)

  it("refuses where there is no terminal, and names that need quotes",
    function()
      local code, _, said = command.run({ "configure" }, { env = env() })
      assert.equal(2, code)
      assert.matches("asks on a terminal.*equinix/config is a text file", said)
      for _, name in ipairs { "a b", "", "a]" } do
        code, _, said = command.run({ "configure", "--profile", name },
          { env = env() })
        assert.equal(2, code)
        assert.matches("%-%-profile: a name has letters", said)
      end
      code, _, said = command.run({ "configure" })
      assert.equal(2, code)
      assert.matches("neither HOME nor XDG_CONFIG_HOME", said)
    end)
end)
