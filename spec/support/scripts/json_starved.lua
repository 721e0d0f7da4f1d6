-- json_starved: reads and writes JSON while the memory runs out, at every
-- point in turn. It raises that, or works.
if jit then
  jit.off() -- code that LuaJIT has compiled may crash without memory
end

local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local text_of = require "equinix.base.text"

local TEXT = '{"a":[1,2.5,"x"],"b":{"c":12345678901234567890,"d":[]},"e":"'
  .. ("y"):rep(100) .. '"}'
local VALUE = { a = { 0.1 + 0.2, 2 ^ 60, "x" }, b = json.empty_array,
  c = { d = ("z"):rep(100) } }
local EXPECTED = assert(json.encode(VALUE))

local calls = {
  decode = function() return json.decode(TEXT).b.c == 12345678901234567890 end,
  encode = function() return json.encode(VALUE) == EXPECTED end,
  encode_number = function() return json.encode(0.1 + 0.2) end,
  is_valid = function() return json.is_valid(TEXT) end,
  read = function() return json_text.read(TEXT) == TEXT end,
  number = function() return text_of.number "1.5" == 1.5 end,
  of_number = function()
    return text_of.of_number(0.1 + 0.2) == "0.30000000000000004"
  end,
}

for name, call in pairs(calls) do
  local n, ok, result = 0
  repeat
    n = n + 1
    ok, result = host.starve(n, call) -- luacheck: globals host
    if not ok then
      assert(tostring(result):find "not enough memory", name .. ": "
        .. tostring(result))
    end
  until ok
  assert(result, ("%s, %d: %s"):format(name, n, tostring(result)))
end
