-- secret: the password of a new connection, from wherever it comes.
local process = require "spec.support.process"
local secret = require "equinix.store.redis.secret"

describe("the password of a new connection", function()
  it("is nothing, or a text", function()
    assert.is_nil(secret.new())
    local own = secret.new "hunter2"
    assert.equal("hunter2", own.read())
    assert.is_false(own.rotates)
    assert.not_matches("hunter2", own.name)
    assert.equal(own.name, secret.new("hunter2").name)
    assert.not_equal(own.name, secret.new("hunter3").name)
  end)

  it("is what a function returns, each time anew", function()
    local n = 0
    local function f()
      n = n + 1
      return "hunter" .. n
    end
    local own = secret.new(f)
    assert.equal("hunter1", own.read())
    assert.equal("hunter2", own.read())
    assert.is_true(own.rotates)
    assert.not_equal(own.name, secret.new(f).name)
  end)

  it("is refused where the function fails, without its words", function()
    for _, f in ipairs {
      function() error "hunter2" end, function() return nil, "hunter2" end,
      function() return "" end, function() return 1 end,
    } do
      local value, message = secret.new(f).read()
      assert.is_nil(value)
      assert.matches("the function `password` r", message)
      assert.not_matches("hunter2", message)
    end
  end)

  it("is what stands in a file, each time anew", function()
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local path = dir .. "/password"
    local own = secret.new(nil, path)
    for text, expected in pairs { ["one\n"] = "one", ["two\r\n"] = "two",
      [" three "] = " three " } do
      local file = assert(io.open(path, "wb"))
      file:write(text)
      file:close()
      assert.equal(expected, own.read())
    end
    assert(io.open(path, "wb")):close()
    assert.matches("must have 1 to", select(2, own.read()))
    os.remove(path)
    assert.matches("can't be read.*no such file", select(2, own.read()))
  end)
end)
