-- make_folder: where folders are made, and where not because another user's
-- folder is above. Needs root, to be two users.
local core = require "equinix.core"
local process = require "spec.support.process"

local OTHER = 54321 -- a user id that no account has

local function owner(path)
  return tonumber((process.capture("stat -c %u " .. process.quote(path))))
end

describe("a private folder", function()
  if process.capture "id -u" ~= "0" then
    pending "below folders of other users needs root"
    return
  end

  local base
  before_each(function()
    base = process.tempdir()
    process.capture("chmod 755 " .. base)
  end)
  after_each(function()
    process.remove(base)
  end)

  local function sh(command)
    local output, code = process.capture("cd " .. base .. " && " .. command
      .. " 2>&1")
    assert.equal(0, code, output)
    return output
  end

  local function lock(path)
    local lease, reason = core.folder(base .. path):lock("name", 60)
    if lease then
      lease:close()
    end
    return lease and true, reason
  end

  local function assert_refused(path)
    local before = sh "find . | sort"
    local ok, reason = lock(path)
    assert.is_nil(ok)
    assert.matches("belongs to another user, and nothing is made", reason, 1,
      true)
    assert.matches(base .. path, reason, 1, true)
    assert.equal(before, sh "find . | sort")
    assert.same({ nil, "foreign" }, { core.may_make_folder(base .. path) })
  end

  it("is made below folders of one's own", function()
    assert.is_true(core.may_make_folder(base .. "/a/b"))
    assert.is_true(lock "/a/b")
    assert.equal(0, owner(base .. "/a/b"))
  end)

  it("is not made in one of another user", function()
    sh(("mkdir home && chown %d home"):format(OTHER))
    assert_refused "/home/equinix"
    assert_refused "/home/.cache/equinix"
  end)

  it("is not made where one of another user is further up", function()
    sh(("mkdir -p home/.cache && chown %d home"):format(OTHER))
    assert_refused "/home/.cache/equinix"
  end)

  it("is not made through a link of another user", function()
    sh(("mkdir ours && ln -s ours link && chown -h %d link"):format(OTHER))
    assert_refused "/link/equinix"
  end)

  it("is made through a link of one's own", function()
    sh "mkdir ours && ln -s ours link"
    assert.is_true(lock "/link/equinix")
    assert.equal(0, owner(base .. "/ours/equinix"))
  end)

  it("is used where it is already there, and one's own", function()
    sh(("mkdir -p home/made && chmod 700 home/made && chown %d home")
      :format(OTHER))
    assert.is_true(lock "/home/made")
  end)

  it("is made for a user below the system's folders and its own", function()
    sh(("mkdir home && chown %d home"):format(OTHER))
    local code = ([[
      package.cpath = %q
      local folder = require("equinix.core").folder(%q)
      assert(folder:lock("name", 60))
    ]]):format(package.cpath, base .. "/home/.cache/equinix")
    local output, status = process.capture(
      ("setpriv --reuid %d --regid %d --clear-groups %s -e %s 2>&1")
      :format(OTHER, OTHER, process.interpreter(), process.quote(code)))
    assert.equal(0, status, output)
    assert.equal(OTHER, owner(base .. "/home/.cache/equinix"))
  end)

  it("is not made for a user in a third user's folder that is open to all",
    function()
      sh(("mkdir home && chown %d home && chmod 777 home"):format(OTHER))
      local code = ([[
        package.cpath = %q
        print(select(2, require("equinix.core").folder(%q):lock("name", 60)))
      ]]):format(package.cpath, base .. "/home/equinix")
      local output = process.capture(
        ("setpriv --reuid %d --regid %d --clear-groups %s -e %s 2>&1")
        :format(OTHER + 1, OTHER, process.interpreter(),
          process.quote(code)))
      assert.matches("belongs to another user", output, 1, true)
      assert.equal("", sh "ls home")
    end)
end)
