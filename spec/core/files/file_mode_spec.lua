-- core/files/file_mode: who may read and change a file.
local core = require "equinix.core"
local process = require "spec.support.process"

describe("core.file_mode", function()
  local path
  before_each(function()
    path = os.tmpname()
  end)
  after_each(function()
    os.remove(path)
  end)

  it("returns the rights of a file", function()
    for _, mode in ipairs { "0600", "0644", "0000", "0777", "4755" } do
      assert.equal(0, select(2, process.capture("chmod " .. mode .. " "
        .. path)))
      assert.equal(tonumber(mode, 8), (core.file_mode(path)))
    end
  end)

  it("follows a link", function()
    os.execute("chmod 640 " .. path .. " && ln -s " .. path .. " " .. path
      .. ".link")
    assert.equal(tonumber("640", 8), (core.file_mode(path .. ".link")))
    os.remove(path .. ".link")
  end)

  it("says whose it is", function()
    assert.equal("self", select(2, core.file_mode(path)))
    local is_root = process.capture "id -u" == "0"
    assert.equal(is_root and "self" or "root", select(2, core.file_mode "/"))
    if is_root then
      os.execute("chown 12345 " .. path)
      assert.equal("other", select(2, core.file_mode(path)))
    end
  end)

  it("names the error of a file that is not there", function()
    local mode, reason = core.file_mode "/nowhere/file"
    assert.is_nil(mode)
    assert.equal("ENOENT", reason)
  end)
end)
