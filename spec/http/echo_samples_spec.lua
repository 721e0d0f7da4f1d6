-- echo_samples: whether a text can have a spelling of a token in it. That the
-- spellings are seen is in echo_spec.lua; here, that they are suspected.
local echo_samples = require "equinix.http.echo_samples"

local NEEDLE = "wE1Rd.Zq-7/T+k_03=x9~Yb5"

local function hex_of(text, form)
  return (text:gsub(".", function(char)
    return form:format(char:byte())
  end))
end

local function named(name)
  return name == "amp" and "&" or nil
end

local suspect = echo_samples.new({ all = { NEEDLE },
  hex = { hex_of(NEEDLE, "%02x") } }, named)

-- A text without anything that looks like the token.
local function plain(count)
  return ('{"name":"port-0001 of a metro","uuid":'
    .. '"c4d9350e-77c5-4c5d-8ce0-0"},'):rep(count)
end

describe("a text", function()
  it("of an API is not suspect", function()
    assert.is_false(suspect "")
    assert.is_false(suspect(plain(50)))
    assert.is_false(suspect '{"next":"/a?offset=1&limit=2","price":"1 & 2"}')
    assert.is_false(suspect '{"authority":"Zurich","zip":"8000"}')
  end)

  it("is suspect wherever the token stands, and however it is spaced",
    function()
      local forms = { NEEDLE, NEEDLE:gsub(".", "%0 "),
        NEEDLE:gsub("....", "%0\r\n\t"), hex_of(NEEDLE, "%02x"),
        hex_of(NEEDLE, "%02X"), hex_of(NEEDLE, "0x%02x, "),
        hex_of(NEEDLE, "%02X:"), hex_of(NEEDLE, "[0X%02x]-") }
      for _, form in ipairs(forms) do
        for shift = 0, 60 do
          assert.is_true(suspect(("q"):rep(shift) .. form .. plain(1)), form)
          assert.is_true(suspect(plain(1) .. ("0"):rep(shift) .. form), form)
        end
      end
    end)

  it("is suspect where it has escapes, or the name of the header", function()
    for _, text in ipairs { "\\u0041", "a%20b", "&#65;", "&amp;", "&amp",
      "Authorization", "AUTHORIZATION: x", '"aUthorization"' } do
      assert.is_true(suspect(plain(2) .. text .. plain(2)), text)
    end
  end)

  it("is suspect where its end would have to be searched for", function()
    assert.is_true(suspect((" "):rep(100000)))
    assert.is_true(suspect(("z"):rep(100000)))
  end)

  it("is always suspect where a spelling is short or has spaces", function()
    for _, form in ipairs { "abc", "a b c d e f g h i j k" } do
      assert.is_true(echo_samples.new({ all = { form },
        hex = { hex_of(form, "%02x") } }, named) "harmless")
    end
  end)
end)
