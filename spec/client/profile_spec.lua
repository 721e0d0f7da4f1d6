-- profile: a named set of options in the user's file.
local process = require "spec.support.process"
local options = require "equinix.client.options"
local profile = require "equinix.client.profile"

describe("a profile", function()
  local getenv, set, dir = os.getenv, nil, nil
  before_each(function()
    dir = process.tempdir()
    set = { XDG_CONFIG_HOME = dir }
    os.getenv = function(name) -- luacheck: ignore 122
      return set[name]
    end
    os.execute("mkdir " .. dir .. "/equinix")
  end)
  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
    process.remove(dir)
  end)

  local function path()
    return dir .. "/equinix/config"
  end

  local function write(text, mode)
    local file = assert(io.open(path(), "wb"))
    file:write(text)
    file:close()
    assert.equal(0, select(2, process.capture(("chmod %s %s"):format(
      mode or "600", path()))))
  end

  local function config(opts, fallback)
    return assert(options.client(opts, 1, fallback))
  end

  local function reason(opts, fallback)
    local none, err = options.client(opts, 1, fallback)
    assert.is_nil(none)
    assert.equal("config", err.kind)
    assert.not_matches("hunter2", tostring(err))
    return err.message
  end

  local WORK = [[
[default]
client_id = default-id
client_secret = hunter2

[work]
client_id = work-id
client_secret = hunter2-of-work
timeout = 7.5
environment = sandbox
user_agent = mine # and yours
]]

  describe("is found", function()
    it("by the option, with all that it says", function()
      write(WORK)
      local found = config { profile = "work" }
      assert.equal("work-id", found.client_id)
      assert.equal("hunter2-of-work", found.secret())
      assert.equal(7.5, found.timeout)
      assert.equal("https://sandboxapi.equinix.com", found.base_url)
      assert.matches("^mine # and yours ", found.user_agent)
      assert.equal("profile 'work' of " .. path(), found.profile)
    end)

    it("by the variable, and by the command's own default", function()
      write(WORK)
      assert.equal("default-id", config({}, "default").client_id)
      set.EQUINIX_PROFILE = "work"
      assert.equal("work-id", config({}, "default").client_id)
      assert.equal("default-id", config { profile = "default" }.client_id)
    end)

    it("only where it is asked for: else no file is read", function()
      write("nonsense", "666")
      assert.equal("x", config { client_id = "x",
        client_secret = "y" }.client_id)
      assert.matches("no credentials", reason {})
    end)

    it("below XDG_CONFIG_HOME if that is a whole path, else HOME", function()
      assert.equal(path(), profile.path())
      set.XDG_CONFIG_HOME, set.HOME = "relative", "/home/me"
      assert.equal("/home/me/.config/equinix/config", profile.path())
      set.HOME = ""
      assert.is_nil(profile.path())
      assert.matches("neither HOME nor XDG_CONFIG_HOME",
        reason { profile = "x" })
    end)
  end)

  describe("is beaten", function()
    it("by an explicit option", function()
      write(WORK)
      local found = config { profile = "work", timeout = 3,
        base_url = "https://example.com" }
      assert.equal("work-id", found.client_id)
      assert.equal(3, found.timeout)
      assert.equal("https://example.com", found.base_url)
    end)

    it("by the environment, but for what its own credentials are", function()
      write(WORK)
      set.EQUINIX_API_TIMEOUT = "4"
      set.EQUINIX_API_ENDPOINT = "https://example.net"
      set.EQUINIX_API_CLIENTID = "env-id"
      set.EQUINIX_API_CLIENTSECRET = "env-secret"
      local found = config { profile = "work" }
      assert.same({ 4, "https://example.net", "work-id", "hunter2-of-work" },
        { found.timeout, found.base_url, found.client_id, found.secret() })
      set.EQUINIX_PROFILE = "work"
      for _, fallback in ipairs { "default", false } do
        found = config({}, fallback or nil)
        assert.same({ 4, "env-id", "env-secret" },
          { found.timeout, found.client_id, found.secret() })
        set.EQUINIX_PROFILE = "work"
      end
    end)
  end)

  it("is never mixed with half of another set of credentials", function()
    write(WORK)
    set.EQUINIX_API_CLIENTID = "env-id"
    assert.matches("client secret is missing", reason({}, "work"))
    assert.matches("profile 'work' of ", reason({}, "work"))
    assert.matches("client secret is missing",
      reason { profile = "work", client_id = "mine" })
    set.EQUINIX_API_CLIENTID = nil
    set.EQUINIX_API_TOKEN = "env-token"
    assert.equal("static", config({}, "work").grant)
    assert.equal("client_credentials", config { profile = "work" }.grant)
    set.EQUINIX_TOKEN_EXCHANGE_SCOPE = "env-scope"
    write "[x]\nscope = mine\nsubject_token = t\n"
    assert.equal("mine", config { profile = "x" }.scope)
    set.EQUINIX_TOKEN_EXCHANGE_SUBJECT_TOKEN = "env-subject"
    local found = config({}, "x")
    assert.same({ "env-scope", "env-subject" },
      { found.scope, found.subject() })
  end)

  it("that is not there: the nearest name", function()
    write(WORK)
    assert.matches("there is no profile 'wrok' in " .. path():gsub("%p",
      "%%%0") .. ", did you mean 'work'%?", reason { profile = "wrok" })
    assert.matches("equinix%-auth profiles", reason { profile = "zzzzzzzzz" })
    os.remove(path())
    assert.matches("no file .*equinix%-auth configure %-%-profile work",
      reason { profile = "work" })
  end)

  it("with a mistake: file, line and the nearest option", function()
    local where = path():gsub("%p", "%%%0")
    for text, expected in pairs {
      ["[a]\n\nclient_idd = hunter2"] = ":3: there is no option 'client_idd', "
        .. "did you mean 'client_id'%?",
      ["[a]\nstore = x"] = ":2: there is no option 'store'",
      ["[a]\nprofile = b"] = ":2: there is no option 'profile'",
      ["[a]\ntimeout = soon"] = ":2: timeout must be a number",
      ["[a]\nclient_id ="] = ":2: client_id has no value",
      ["[a]\nclient_secret_file = rel/x"] = ":2: .* must be a whole path",
      ["[a]\nca_file = ~/ca.pem"] = ":2: ca_file begins with ~/, and HOME",
      ["[a]\nbase_url = https://x\nenvironment = sandbox"] =
        ":3: base_url and environment exclude",
      ["[a]\nx"] = ":2: this is neither",
      ["[b]\n[a]\nhunter2"] = ":3: this is neither",
    } do
      write(text)
      assert.matches(where .. expected, reason { profile = "a" })
    end
    write "[a]\ntimeout = 1\n[b]\nnonsense = 1\n"
    assert.matches("no credentials.*profile 'a'", reason { profile = "a" })
    write "[a]\nclient_id = x\nclient_secret = y\nbase_url = ftp://x\n"
    assert.matches("base_url .*%(with profile 'a' of " .. where,
      reason { profile = "a" })
  end)

  it("has paths that begin with ~/", function()
    set.HOME = "/home/me"
    write "[a]\nclient_id = x\nclient_secret_file = ~/secret\n"
    assert.equal("/home/me/secret", config { profile = "a" }
      .client_secret_file)
  end)

  it("is refused in a file that others can change or that is theirs",
    function()
      for _, mode in ipairs { "620", "602", "666" } do
        write("[a]\ncredential_process = x\n", mode)
        assert.matches("can be changed by other users.*chmod 600",
          reason { profile = "a" })
      end
      if process.capture "id -u" == "0" then
        os.execute("chmod 600 " .. path() .. "; chown 12345 " .. path())
        assert.matches("belongs to another user", reason { profile = "a" })
      end
    end)

  it("with a secret is refused in a file that others can read", function()
    for _, line in ipairs { "client_secret = hunter2", "token = hunter2",
      "user_password = hunter2", "subject_token = hunter2",
      "proxy = http://me:hunter2@proxy" } do
      for _, mode in ipairs { "640", "604" } do
        write("[b]\nclient_id = x\n[a]\n" .. line .. "\n", mode)
        assert.matches(":4: other users can read .*chmod 600",
          reason { profile = "a" })
      end
      assert.matches("client secret is missing", reason { profile = "b" })
    end
    write("[a]\nclient_id = x\ncredential_process = y\n", "644")
    assert.matches("both set", reason { profile = "a" })
    write("[a]\ncredential_process = y\nproxy = http://p:1\n", "644")
    assert.equal("http://p:1", config { profile = "a" }.proxy)
  end)

  it("is refused in a file that is none, or too large", function()
    os.execute("mkdir " .. path())
    assert.matches("directory", reason { profile = "a" })
    os.execute("rmdir " .. path())
    write("# " .. ("x"):rep(300 * 1024))
    assert.matches("longer than 262144 bytes", reason { profile = "a" })
  end)

  it("has a name that needs no quotes", function()
    for name, good in pairs { work = true, ["a.b-c@d_1"] = true, [""] = false,
      ["a b"] = false, ["a;b"] = false, ["-a"] = false,
      [("x"):rep(65)] = false } do
      assert.equal(good, profile.is_name(name), name)
    end
  end)
end)
