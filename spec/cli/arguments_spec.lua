-- cli/arguments: numbers and requests from the words of a command line.
local arguments = require "equinix.cli.arguments"
local process = require "spec.support.process"

local function request(words)
  words.method, words.path = words.method or "get", words.path or "/x"
  words.query, words.headers = words.query or {}, words.headers or {}
  return arguments.request(words)
end

describe("a converter for the numbers of a range", function()
  local port = arguments.between(0, 65535)

  it("accepts whole numbers", function()
    assert.equal(0, port "0")
    assert.equal(65535, port "65535")
    assert.equal(443, port "0443")
  end)

  it("accepts nothing else, and its message quotes the word", function()
    for _, text in ipairs { "65536", "-1", "1.5", "1e3", "0x10", "", " 1",
      "99999999999999999999" } do
      local n, message = port(text)
      assert.is_nil(n)
      assert.equal(("'%s' is not a whole number from 0 to 65535"):format(text),
        message)
    end
  end)
end)

describe("a converter for seconds", function()
  it("accepts numbers above 0, and its message quotes the word", function()
    assert.equal(0.5, arguments.seconds "0.5")
    assert.equal(30, arguments.seconds "30")
    for _, text in ipairs { "0", "-1", "soon", "", "1e999", "nan", "inf" } do
      local n, message = arguments.seconds(text)
      assert.is_nil(n, text)
      assert.equal(("'%s' is not a number of seconds above 0"):format(text),
        message)
    end
  end)
end)

describe("the words of a command line", function()
  it("become a request", function()
    assert.same({ method = "GET", path = "/x", headers = {} }, request {})
    assert.same({
      method = "POST",
      path = "/x",
      query = { a = "1", b = { "2", "3=4", "" } },
      headers = { ["X-One"] = "1: 2", ["Content-Type"] = "application/json" },
      body = '{"a":1}',
    }, request {
      method = "post",
      query = { "a=1", "b=2", "b=3=4", "b=" },
      headers = { "X-One:  1: 2 " },
      data = '{"a":1}',
    })
  end)

  it("leave a body as it is if they give its Content-Type", function()
    local made = request { data = "a=1", headers = { "content-type: x/y" } }
    assert.equal("a=1", made.body)
    assert.same({ ["content-type"] = "x/y" }, made.headers)
  end)

  it("are refused with a message that names the option", function()
    for pattern, words in pairs {
      ["^%-q name: "] = { query = { "name" } },
      ["^%-q =1: "] = { query = { "=1" } },
      ["^%-H: give a header as"] = { headers = { "name" } },
      ["^%-H: x is given twice"] = { headers = { "X: 1", "x: 2" } },
      ["^%-H: Authorization .*EQUINIX_API_TOKEN"] = {
        headers = { "AUTHORIZATION: Bearer a-token" },
      },
      ["^%-d: the body is not JSON"] = { data = "{" },
      ["^%-d: the body can't be read: /nowhere/x: "] = {
        data = "@/nowhere/x",
      },
    } do
      local made, message = request(words)
      assert.is_nil(made)
      assert.matches(pattern, message)
      assert.is_nil(message:find("a-token", 1, true))
    end
  end)

  it("name the file when the body can't be read, as with a folder", function()
    local dir = process.tempdir()
    local _, message = request { data = "@" .. dir }
    process.remove(dir)
    assert.is_truthy(message:find(dir, 1, true))
  end)
end)
