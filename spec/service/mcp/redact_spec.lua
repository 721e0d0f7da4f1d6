-- redact: removes tokens from a text. How equinix_request uses it is in
-- service/mcp/request_tool_spec.
local redact = require "equinix.service.mcp.redact"

local TOKEN = "the/access+token=0123456789"
local WITHHELD = "(withheld: the token was in it)"

-- RFC 4648 once more, independently: with bits as text.
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

describe("redact", function()
  it("leaves a text unchanged that has no token in it", function()
    for _, text in ipairs { "", "x", TOKEN:sub(2), TOKEN:sub(1, -2),
      '{"a\\u003d":"%41\\/\\u0041\\\\u0041%zz\\', "\0\255%00\\u0000" } do
      assert.equal(text, redact.text(text, { TOKEN }))
    end
  end)

  it("removes every occurrence of every token", function()
    assert.equal("[redacted], [redacted][redacted]",
      redact.text("first!, second!first!", { "first!", "second!" }))
  end)

  it("keeps JSON valid when it undoes escapes", function()
    assert.equal('{"\\"\\\\u0041\\\\":"[redacted]","\\u001f\\n%0aé\\u00e9":1}',
      redact.text('{"\\u0022\\\\u0041%5C":"' .. TOKEN:gsub("=", "\\u003d")
        .. '","\\u001f\\n%0aé\\u00e9":1}', { TOKEN }))
  end)

  it("finds Base64 of both alphabets at every offset, for every length",
    function()
      local long = "?>~\255" .. TOKEN
      for length = 12, #long do
        local token = long:sub(1, length)
        for before = 0, 5 do
          for after = 0, 3 do
            for _, alphabet in ipairs { "+/", "-_" } do
              local text = base64(("x"):rep(before) .. token
                .. ("y"):rep(after), alphabet)
              local shown = redact.text(text, { token })
              assert.matches("%[redacted%]", shown, text)
              -- A digit at each end may belong to both.
              assert.is_true(#shown <= 10 + math.ceil((before + after) * 8
                / 6) + 4, shown)
            end
          end
        end
      end
    end)

  it("withholds a text that hides a token deeper", function()
    for _, text in ipairs { '"the\\\\/access+token=0123456789"',
      '"the\\\\\\/access+token\\\\u003d0123456789"' } do
      assert.equal(WITHHELD, redact.text(text, { TOKEN }))
    end
  end)

  it("withholds Base64 in several lines, with any kind of line end",
    function()
      local long = base64(("x"):rep(40) .. TOKEN:rep(3), "+/")
      for _, line in ipairs { 64, 76, 4, 1 } do
        for _, stop in ipairs { "\n", "\r\n", "\r\n ", "\n\t", "\\n",
          "\\r\\n", "\\\\r\\\\n", "\\u000a", "\\u000D\\u000A", "%0D%0A",
          "&#13;&#10;", "&#xD;&#xa;" } do
          local parts = {}
          for i = 1, #long, line do
            parts[#parts + 1] = long:sub(i, i + line - 1)
          end
          local text = table.concat(parts, stop)
          assert.equal(WITHHELD, redact.text('{"a":"' .. text .. '"}',
            { TOKEN }), text)
        end
      end
    end)

  it("withholds a token spelled with HTML entities", function()
    local function spelled(text, form)
      return (text:gsub("[^%w]", function(char)
        return form:format(char:byte())
      end))
    end
    for _, form in ipairs { "&#%d;", "&#x%x;", "&#X%X;", "&#x0000%x;",
      "&#000%d;", "&amp;#%d;", "&amp;#x%x;", "\\u0026#%d;", "%%26#%d;",
      "%%26%%23%d;", "&#38;#%d;", "&AMP;#%d;" } do
      assert.equal(WITHHELD, redact.text('"' .. spelled(TOKEN, form) .. '"',
        { TOKEN }), form)
      assert.equal(WITHHELD, redact.text(spelled(base64(TOKEN, "+/"):gsub(
        "...", "%0\\n"), form), { TOKEN }), form)
    end
    -- Every character, without semicolons; and by name.
    assert.equal(WITHHELD, redact.text(TOKEN:gsub(".", function(char)
      return ("&#%d"):format(char:byte())
    end), { TOKEN }))
    assert.equal(WITHHELD, redact.text(
      "the&sol;access&plus;token&equals;0123456789", { TOKEN }))
    assert.equal(WITHHELD, redact.text("a&lt;b&quot;c&gt;d&apos;e&amp;f",
      { "a<b\"c>d'e&f" }))
  end)

  it("leaves other entities and line ends unchanged", function()
    for _, text in ipairs { "&#65;&amp;#65;&sol;&nosuch;&#x110000;&#99999;",
      "&#" .. ("9"):rep(400) .. ";&#x" .. ("f"):rep(400), "&#;&#x;&;&#xg",
      "a\r\nb\\r\\nc", (TOKEN:gsub("access", "\\\\naccess\n=")),
    } do
      assert.equal(text, redact.text(text, { TOKEN }))
    end
  end)

  it("takes time proportional to the length, also for hostile texts",
    function()
      for _, case in ipairs { { "", "\\" }, { "", "\\n" }, { "", "&#" },
        { "&", "a" }, { "&#", "9" }, { "&#x", "f" }, { "", "&#38;" },
        { "", "&amp;" }, { "", "%25" }, { "", " " }, { "", "\\u0026" },
        { "", "dGhl" } } do
        local text = case[1] .. case[2]:rep(math.floor(1024 * 1024 / #case[2]))
        assert.equal(text, redact.text(text, { TOKEN }))
      end
    end)
end)
