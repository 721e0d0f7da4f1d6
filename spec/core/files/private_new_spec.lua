-- core/files/private_new: what no other user may read.
local core = require "equinix.core"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read

describe("core.make_private_folder, _pipe and write_private_file", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local function rights(path)
    return ("%o"):format((assert(core.file_mode(path))))
  end

  it("make what is for its owner alone, whatever the umask is", function()
    for _, umask in ipairs { "000", "022", "777" } do
      local code = ([[
        package.cpath = %q
        local core = require "equinix.core"
        assert(core.make_private_folder "%s/%s")
        assert(core.write_private_file("%s/%s/a", "secret"))
        assert(core.make_private_pipe "%s/%s/b")]]):format(
        package.cpath, dir, umask, dir, umask, dir, umask)
      local said, exit = process.capture(("umask %s; exec %s -e %s 2>&1")
        :format(umask, process.interpreter(), process.quote(code)))
      assert.equal(0, exit, said)
      assert.equal("700", rights(dir .. "/" .. umask))
      assert.equal("600", rights(dir .. "/" .. umask .. "/a"))
      assert.equal("600", rights(dir .. "/" .. umask .. "/b"))
      assert.is_true(core.is_pipe(dir .. "/" .. umask .. "/b"))
      assert.equal("secret", read_file(dir .. "/" .. umask .. "/a"))
    end
  end)

  it("leave what is there as it is, where a folder should be", function()
    assert.is_true(core.make_private_folder(dir .. "/a"))
    assert.is_true(core.write_private_file(dir .. "/b", ""))
    for _, name in ipairs { "a", "b" } do
      for _, make in ipairs { core.make_private_folder,
        core.make_private_pipe } do
        assert.same({ nil, "EEXIST" }, { make(dir .. "/" .. name) })
      end
    end
  end)

  it("write over what was in a file, and over its rights", function()
    local path = dir .. "/a"
    assert.is_true(core.write_private_file(path, ("longer "):rep(100000)))
    os.execute("chmod 666 " .. path)
    assert.is_true(core.write_private_file(path, "a\0b"))
    assert.equal("a\0b", read_file(path))
    assert.equal("600", rights(path))
  end)

  it("write through no link, and say what is in the way", function()
    os.execute(("touch %s/victim; ln -s victim %s/link"):format(dir, dir))
    assert.same({ nil, "ELOOP" }, { core.write_private_file(dir .. "/link",
      "x") })
    assert.equal("", read_file(dir .. "/victim"))
    assert.same({ nil, "EISDIR" }, { core.write_private_file(dir, "x") })
    assert.same({ nil, "ENOENT" }, { core.write_private_file(dir
      .. "/none/a", "x") })
    assert.same({ nil, "ENOENT" }, { core.make_private_folder(dir
      .. "/none/a") })
  end)
end)
