-- surely_valid: a yes is certain; held against the reader in Lua
-- (base/json_text), which keeps to RFC 8259.
local core = require "equinix.core"
local json_text = require "equinix.base.json_text"

local YES = { "0", "-0", "10.5e-7", "1E+9", '""', '"a b\\n\\u00e9\\/"', "true",
  " null ", "[]", "{}", "[ ]", "{ }", "[[],{}]", '{"a":[1,{"b":false}]}',
  ' { "a" : 1 , "b" : [ 2 , 3 ] } ', "1e999", '[" "]', ("9"):rep(400),
  ("["):rep(64) .. ("]"):rep(64), ('{"a":'):rep(64) .. "1" .. ("}"):rep(64) }

-- The last ones are JSON, of which another one has to say so.
local NO = { "", " ", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN",
  "nul", "nulll", "truefalse", "1 2", "[", "]", "[1", "[1,]", "[,1]", "[1 2]",
  "[1}", "{", '{"a"}', '{"a":}', '{"a":1,}', "{1:2}", "{,}", '{"a":1]', '"',
  '"a', '"\\', '"\\x"', '"\\u12"', '"\\u12g4"', '"\n"', "1\0", "\0", '"\0"',
  "[]]", "{}{}", "'a'", "[1]x", "\239\187\1911",
  '"\\ud83d\\ude00"', '"\195\188"', ("["):rep(66) .. ("]"):rep(66) }

describe("core.surely_valid", function()
  it("knows JSON", function()
    for _, text in ipairs(YES) do
      assert.is_true(core.surely_valid(text), text)
    end
  end)

  it("takes nothing else, and nothing that readers disagree about", function()
    for _, text in ipairs(NO) do
      assert.is_false(core.surely_valid(text), text)
    end
    assert.is_false(core.surely_valid(("["):rep(1e6)))
    assert.has_error(function()
      core.surely_valid(nil)
    end)
  end)

  it("agrees with a reader in Lua when a byte is wrong", function()
    local text = '{"pagination": {"offset": 0, "total": -25.5e3}, "data": ['
      .. '{"name": "port\\u0031\\n", "up": true, "tags": [], "next": null}]}'
    local bytes, wrong = '"{}[],:0-e.\\u tfn\n\1', 0
    for at = 1, #text do
      for i = 0, #bytes do
        local byte = bytes:sub(i, i) -- none at first
        for _, changed in ipairs {
          text:sub(1, at - 1) .. byte .. text:sub(at + 1), -- in its place
          text:sub(1, at) .. byte .. text:sub(at + 1), -- after it
        } do
          local judged = json_text.read(changed) ~= nil
          wrong = wrong + (judged and 0 or 1)
          assert.equal(judged, core.surely_valid(changed), changed)
        end
      end
    end
    assert.is_true(wrong > 1000)
  end)
end)
