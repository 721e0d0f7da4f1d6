-- characters: the bytes that an id, a secret or a password may have.
local characters = require "equinix.client.characters"
local emulator = require "spec.support.emulator"
local equinix = require "equinix"
local process = require "spec.support.process"
local write = require("equinix.base.file").write

describe("an id or a secret", function()
  it("may have all of 0x20 to 0x7E", function()
    local all = {}
    for byte = 0x20, 0x7E do
      all[#all + 1] = string.char(byte)
    end
    assert.is_nil(characters.visible(table.concat(all)))
  end)

  it("may have nothing else: the message names the byte and its place",
    function()
      for value, said in pairs {
        ["\239\187\191SECRET"] = "0xEF, a byte order mark at position 1 of 9",
        ["SEC\194\160RET"] = "0xC2, a no-break space at position 4 of 8",
        ["SECRET\226\128\139"] = "0xE2, a zero-width space at position 7",
        ["\255\254S\0E\0"] = "0xFF, a byte order mark of UTF-16 at position 1",
        ["SECRET\n"] = "0x0A, a line end at position 7 of 7",
        ["SECRET\r\n"] = "0x0D, a carriage return at position 7",
        ["SEC\tRET"] = "0x09, a tab at position 4",
        ["SEC\195\164RET"] = "0xC3 at position 4",
        ["SECRET\127"] = "0x7F at position 7",
        ["SECRET\0"] = "0x00, a NUL at position 7",
      } do
        local message = characters.visible(value)
        assert.matches("has the byte " .. said, message, 1, true)
        assert.matches("RFC 6749", message, 1, true)
        assert.not_matches("SEC", message)
        assert.not_matches("RET", message)
      end
      assert.equal("is empty", characters.visible "")
    end)
end)

describe("a user's name or password", function()
  it("may have a tab, and what Unicode has", function()
    for _, value in ipairs { "a\tb c", "\195\164\226\130\172",
      "\240\159\146\167", "\239\191\189" } do
      assert.is_nil(characters.unicode(value))
    end
  end)

  it("may have no line end, no control character and no other bytes",
    function()
      for value, said in pairs {
        ["SEC\nRET"] = "0x0A, a line end at position 4",
        ["SECRET\228"] = "0xE4 at position 7",
        ["\195\164SECRET\192\128"] = "0xC0 at position 9",
        ["SECRET\239\191\191"] = "0xEF at position 7",
        ["SECRET\127"] = "0x7F at position 7",
      } do
        local message = characters.unicode(value)
        assert.matches("has the byte " .. said, message, 1, true)
        assert.not_matches("SEC", message)
      end
      assert.equal("is empty", characters.unicode "")
    end)
end)

describe("a secret file with a byte that no editor shows", function()
  local e, dir
  setup(function()
    e = emulator.start { plain = true }
    dir = process.tempdir()
  end)
  teardown(function()
    e:stop()
    process.remove(dir)
  end)

  it("costs no attempt, and works once it is corrected", function()
    local path = dir .. "/secret"
    local client = assert(equinix.new {
      base_url = e.base_url, client_id = e.client_id,
      client_secret_file = path,
    })
    for _, text in ipairs { "\239\187\191" .. e.client_secret,
      e.client_secret .. "\226\128\139", e.client_secret .. "\194\160\n" } do
      assert(write(path, text))
      local token, err = client:token()
      assert.is_nil(token)
      assert.equal("config", err.kind)
      assert.matches("has the byte 0x", err.message)
      assert.is_nil(err.message:find(e.client_secret, 1, true))
    end
    assert.equal(0, e:count "POST /oauth2/v1/token")
    assert(write(path, e.client_secret .. "\n"))
    assert(client:token())
    client:close()
  end)
end)
