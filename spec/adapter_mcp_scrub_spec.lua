-- adapter/mcp/scrub: a text without the tokens that it brings back. What
-- equinix_request makes of it is in adapter_mcp_request_spec.
local scrub = require "equinix.adapter.mcp.scrub"

local TOKEN = "the/access+token=0123456789"

-- RFC 4648, written down once more: with bits as text, and for all lengths.
local function base64(text, alphabet)
  local bits = text:gsub(".", function(char)
    local byte, digits = char:byte(), ""
    for _ = 1, 8 do
      digits, byte = byte % 2 .. digits, math.floor(byte / 2)
    end
    return digits
  end)
  bits = bits .. ("0"):rep(-#bits % 6)
  return (bits:gsub("......", function(six)
    local at = tonumber(six, 2) + 1
    return ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
      .. alphabet):sub(at, at)
  end))
end

describe("scrub", function()
  it("leaves a text alone that has no token in it", function()
    for _, text in ipairs { "", "x", TOKEN:sub(2), TOKEN:sub(1, -2),
      '{"a\\u003d":"%41\\/\\u0041\\\\u0041%zz\\', "\0\255%00\\u0000" } do
      assert.equal(text, scrub.text(text, { TOKEN }))
    end
  end)

  it("takes every token out, each time", function()
    assert.equal("[redacted], [redacted][redacted]",
      scrub.text("first!, second!first!", { "first!", "second!" }))
  end)

  it("keeps JSON what it is when it undoes escapes", function()
    assert.equal('{"\\"\\\\u0041\\\\":"[redacted]","\\u001f\\n%0aé\\u00e9":1}',
      scrub.text('{"\\u0022\\\\u0041%5C":"' .. TOKEN:gsub("=", "\\u003d")
        .. '","\\u001f\\n%0aé\\u00e9":1}', { TOKEN }))
  end)

  it("finds Base64 of both alphabets at every place, for every length",
    function()
      local long = "?>~\255" .. TOKEN
      for length = 12, #long do
        local token = long:sub(1, length)
        for before = 0, 5 do
          for after = 0, 3 do
            for _, alphabet in ipairs { "+/", "-_" } do
              local text = base64(("x"):rep(before) .. token
                .. ("y"):rep(after), alphabet)
              local shown = scrub.text(text, { token })
              assert.matches("%[redacted%]", shown, text)
              -- At both ends a digit may have a part in it.
              assert.is_true(#shown <= 10 + math.ceil((before + after) * 8
                / 6) + 4, shown)
            end
          end
        end
      end
    end)

  it("withholds what hides a token deeper", function()
    for _, text in ipairs { '"the\\\\/access+token=0123456789"',
      '"the\\\\\\/access+token\\\\u003d0123456789"' } do
      assert.equal("(withheld: the token was in it)",
        scrub.text(text, { TOKEN }))
    end
  end)
end)
