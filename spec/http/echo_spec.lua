-- echo: sees a token in a text. How equinix_request uses it is in
-- http/echo_tool_spec, over real servers.
local echo = require "equinix.http.echo"

local TOKEN = "the/access+token=0123456789"

local function sees(text, token)
  return echo.detector(token or TOKEN)(text)
end

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

describe("an echo", function()
  it("is not seen in a text that has no token in it", function()
    for _, text in ipairs { "", "x", TOKEN:sub(2), TOKEN:sub(1, -2),
      '{"a\\u003d":"%41\\/\\u0041\\\\u0041%zz\\', "\0\255%00\\u0000",
      '{"authorization":"a"}', "authorization and user-agent" } do
      assert.is_false(sees(text), text)
    end
  end)

  it("is seen by the end of a long token, not by its beginning", function()
    local head = ("h"):rep(500)
    local token = head .. ("0123456789abcdef"):rep(4)
    assert.is_true(sees("x" .. token, token))
    assert.is_false(sees(head .. "another signature", token))
  end)

  it("is seen by the names of headers, in the forms that they have",
    function()
      for _, text in ipairs {
        '{"Authorization":"?","User-Agent":"?"}',
        '{"headers":["authorization","?","user-agent","?"]}',
        "USER-AGENT: ?\r\nAUTHORIZATION: ?",
        "{'HTTP_AUTHORIZATION': '?', 'HTTP_USER_AGENT': '?'}",
        '"{\\"authorization\\":\\"?\\",\\"userAgent\\" :1}"' } do
        assert.is_true(sees(text), text)
      end
    end)

  it("is seen in Base64 of both alphabets at every offset, for every length",
    function()
      local long = "?>~\255" .. TOKEN
      for length = 12, #long do
        local token = long:sub(1, length)
        for before = 0, 2 do
          for after = 0, 2 do
            for _, alphabet in ipairs { "+/", "-_" } do
              local text = base64(("x"):rep(before) .. token
                .. ("y"):rep(after), alphabet)
              assert.is_true(sees(text, token), text)
            end
          end
        end
      end
    end)

  it("is seen where escapes are escaped", function()
    for _, text in ipairs { '"the\\\\/access+token=0123456789"',
      '"the\\\\\\/access+token\\\\u003d0123456789"' } do
      assert.is_true(sees(text))
    end
  end)

  it("is seen in Base64 of several lines, with any kind of line end",
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
          assert.is_true(sees('{"a":"' .. text .. '"}'), text)
        end
      end
    end)

  it("is seen in HTML entities", function()
    local function spelled(text, form)
      return (text:gsub("[^%w]", function(char)
        return form:format(char:byte())
      end))
    end
    for _, form in ipairs { "&#%d;", "&#x%x;", "&#X%X;", "&#x0000%x;",
      "&#000%d;", "&amp;#%d;", "&amp;#x%x;", "\\u0026#%d;", "%%26#%d;",
      "%%26%%23%d;", "&#38;#%d;", "&AMP;#%d;" } do
      assert.is_true(sees('"' .. spelled(TOKEN, form) .. '"'), form)
      assert.is_true(sees(spelled(base64(TOKEN, "+/"):gsub(
        "...", "%0\\n"), form)), form)
    end
    -- Every character, without semicolons; and by name.
    assert.is_true(sees((TOKEN:gsub(".", function(char)
      return ("&#%d"):format(char:byte())
    end))))
    assert.is_true(sees(
      "the&sol;access&plus;token&equals;0123456789"))
    assert.is_true(sees("a&lt;b&quot;c&gt;d&apos;e&amp;f",
      "a<b\"c>d'e&f"))
  end)

  it("is not seen in other entities and line ends", function()
    for _, text in ipairs { "&#65;&amp;#65;&sol;&nosuch;&#x110000;&#99999;",
      "&#" .. ("9"):rep(400) .. ";&#x" .. ("f"):rep(400), "&#;&#x;&;&#xg",
      "a\r\nb\\r\\nc", (TOKEN:gsub("access", "\\\\naccess\n=")),
    } do
      assert.is_false(sees(text))
    end
  end)

  it("takes time proportional to the length, also for hostile texts",
    function()
      for _, case in ipairs { { "", "\\" }, { "", "\\n" }, { "", "&#" },
        { "&", "a" }, { "&#", "9" }, { "&#x", "f" }, { "", "&#38;" },
        { "", "&amp;" }, { "", "%25" }, { "", " " }, { "", "\\u0026" },
        { "", "dGhl" } } do
        local text = case[1] .. case[2]:rep(math.floor(1024 * 1024 / #case[2]))
        assert.is_false(sees(text))
      end
    end)
end)
