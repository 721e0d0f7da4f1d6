-- named_store: the store that EQUINIX_STORE_URL or EQUINIX_STORE_URL_FILE
-- names, and what is said of a wrong one.
local environment = require "equinix.client.environment"
local named_store = require "equinix.client.named_store"
local process = require "spec.support.process"

describe("the store that the environment names", function()
  local getenv, set, dir = os.getenv, nil, nil
  before_each(function()
    set, dir = {}, process.tempdir()
    os.getenv = function(name) -- luacheck: ignore 122
      return set[name]
    end
  end)
  after_each(function()
    os.getenv = getenv -- luacheck: ignore 122
    process.remove(dir)
  end)

  local function write(text)
    local file = assert(io.open(dir .. "/url", "wb"))
    file:write(text)
    file:close()
    return dir .. "/url"
  end

  local function assert_refused(pattern)
    local store, err = named_store.open()
    assert.is_nil(store)
    assert.equal("config", err.kind)
    assert.matches(pattern, err.message)
    assert.is_nil(err.message:find("pa55", 1, true), err.message)
    assert.is_nil(err.message:find("\n", 1, true))
    assert.is_true(environment.names_store())
  end

  it("is none where no variable is set", function()
    assert.same({}, { named_store.open() })
    set.EQUINIX_STORE_URL = ""
    assert.is_nil((named_store.open()))
    assert.is_false(environment.names_store())
  end)

  it("is that of the URL, and prints without its password", function()
    set.EQUINIX_STORE_URL = "redis://user:pa55@127.0.0.1:6390/2"
    local store = assert(named_store.open())
    assert.equal("equinix.store.redis (Redis at 127.0.0.1:6390)",
      tostring(store))
  end)

  it("is that of the file, which is read each time", function()
    for _, text in ipairs { "redis://127.0.0.1:1", "redis://127.0.0.1:2\n",
      "\r\n redis://127.0.0.1:3 \r\n" } do
      set.EQUINIX_STORE_URL_FILE = write(text)
      assert.matches(text:match "%d+%.%d+%.%d+%.%d+:%d",
        tostring(assert(named_store.open())))
    end
  end)

  it("is refused where the URL is wrong, without repeating it", function()
    for url, pattern in pairs {
      ["redsi://:pa55@h"] = "^EQUINIX_STORE_URL: unknown scheme",
      ["pa55"] = "^EQUINIX_STORE_URL: url must begin with",
      ["redis://:pa55@h:port"] = "^EQUINIX_STORE_URL: ",
      ["redis://:pa55@h/db"] = "^EQUINIX_STORE_URL: ",
      ["redis://:pa55@h?pa55=1"] = "^EQUINIX_STORE_URL: unknown parameter",
    } do
      set.EQUINIX_STORE_URL = url
      if url:find "pa55=1" then -- a name is repeated, it is no password
        local _, err = named_store.open()
        assert.matches(pattern, err.message)
      else
        assert_refused(pattern)
      end
    end
  end)

  it("is refused where the file can't be used", function()
    set.EQUINIX_STORE_URL_FILE = dir .. "/nowhere"
    assert_refused "^EQUINIX_STORE_URL_FILE: .*/nowhere: there is no such file"
    set.EQUINIX_STORE_URL_FILE = dir
    assert_refused "^EQUINIX_STORE_URL_FILE: .*directory"
    set.EQUINIX_STORE_URL_FILE = write " \n"
    assert_refused "^EQUINIX_STORE_URL_FILE: .* is empty"
    set.EQUINIX_STORE_URL_FILE = write "redsi://:pa55@h\n"
    assert_refused "^EQUINIX_STORE_URL_FILE: unknown scheme"
    set.EQUINIX_STORE_URL_FILE = write(("x"):rep(17000))
    assert_refused "longer than 16384 bytes"
  end)

  it("is refused where both variables are set", function()
    set.EQUINIX_STORE_URL = "redis://:pa55@127.0.0.1"
    set.EQUINIX_STORE_URL_FILE = write "redis://127.0.0.1"
    assert_refused "both set: unset one of them"
  end)
end)
