-- base/file: whole files, read and written.
local file = require "equinix.base.file"
local process = require "spec.support.process"

describe("a file", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  local BYTES = "a\0b\r\n\255"

  it("is read as it was written, byte for byte", function()
    assert.is_true(file.write(dir .. "/a", BYTES))
    assert.equal(BYTES, file.read(dir .. "/a"))
    assert.is_true(file.write(dir .. "/a", ""))
    assert.equal("", file.read(dir .. "/a"))
  end)

  it("that can't be read is named, with the reason", function()
    local bytes, message = file.read(dir .. "/none")
    assert.is_nil(bytes)
    assert.equal(dir .. "/none: No such file or directory", message)
    bytes, message = file.read(dir)
    assert.is_nil(bytes)
    assert.equal(dir .. ": Is a directory", message)
  end)

  it("that can't be written is named, with the reason", function()
    local ok, message = file.write(dir .. "/none/a", "x")
    assert.is_nil(ok)
    assert.equal(dir .. "/none/a can't be written: No such file or directory",
      message)
    local full = io.open("/dev/full", "wb")
    if not full then
      pending "there is no /dev/full here"
      return
    end
    full:close()
    ok, message = file.write("/dev/full", "x")
    assert.is_nil(ok)
    assert.equal("/dev/full can't be written: No space left on device",
      message)
  end)
end)
