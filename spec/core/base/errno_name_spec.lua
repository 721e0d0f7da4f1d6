-- errno_name: the symbols of the system's errors, in messages of the core.
local core = require "equinix.core"
local process = require "spec.support.process"

describe("a message about an error of the system", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  it("names its symbol, that of a file", function()
    assert.same({ n = 2, nil, dir .. "/none can't be run: ENOENT" },
      { n = select("#", core.exec { dir .. "/none" }),
        core.exec { dir .. "/none" } })
  end)

  it("names its symbol, that of a socket too", function()
    assert.same({ nil, dir .. " can't be run: EACCES" },
      { core.exec { dir } })
  end)

  it("has the number of an uncommon one", function()
    -- Neither a program nor a script: ENOEXEC.
    local path = dir .. "/data"
    local file = assert(io.open(path, "w"))
    file:write "\1\2\3\4"
    file:close()
    assert(os.execute("chmod 700 " .. path))
    local _, message = core.exec { path }
    assert.matches("can't be run: errno %d+$", message)
  end)
end)
