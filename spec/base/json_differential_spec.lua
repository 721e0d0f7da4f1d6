-- json_differential: what the core makes quick gives the same results as the
-- way in which Lua looks at every member (spec/support/json_reference.lua):
-- the same values and texts, or the same words. The members of an object have
-- no order, so texts are compared with their members sorted.
local json = require "equinix.base.json"
local reference = require "spec.support.json_reference"

-- The same seed, the same documents; it is in the message of a failure.
local SEED = tonumber(os.getenv "SEED") or os.time()
local COUNT = 12000

-- Numbers of our own: math.random differs between Luas. (Park and Miller)
local state
local function random(n)
  state = state * 16807 % 2147483647
  return state % n + 1
end

local function one_of(list)
  return list[random(#list)]
end

-- As text: what Lua would read has another form in each Lua.
local NUMBERS = { "0", "-0", "1", "-1", "7", "10000", "4094", "1.5", "-2.25",
  "0.1", "0.30000000000000004", "2.9999999999999996", "3.0", "-4.0", "1e3",
  "1E3", "1e-7", "1e+2", "25e-1", "1e22", "1e300", "-1e300", "5e-324",
  "1e-400", "123456789.123456", "12345678.1234567", "99999999999999",
  "100000000000000", "-100000000000000", "123456789012345",
  "9007199254740991", "9007199254740992", "9007199254740993",
  "-9007199254740992", "9223372036854775807", "-9223372036854775808",
  "9223372036854775808", "18446744073709551616", "99999999999999999999",
  "1234567890123456789.5", "0.1000000000000000055511151231257827",
  "1.7976931348623157e308", "110.00000000000001" }
-- Beyond every float; what the library itself refuses.
local TOO_LARGE = { "1e400", "-1e999", ("9"):rep(320) }
local WRONG = { "01", "+1", "0x10", "NaN", "Infinity", "-inf", "1e", "1.",
  "-", ".5", "-.5", "tru", "nul", "[1,]", '{"a":1,}', "{1:2}", "{,}", "[1 2]",
  '"\\x"', '"\\u12"', '"\\ud800"', '"open', "[", "{", "]", "", "\0", "'a'" }
local STRINGS = { "", "a", "name", "uuid", "bandwidth", "a/b", "\\\"", "\n\t",
  "1", "-7", "0.5", "1e14", "123456789012345", "\195\188", "\\u0041",
  "\\ud83d\\ude00", "\\u0000x", "{", "]", ",", "[1,{", "data", "location",
  "c4d9350e-77c5-7c5d-1ce0-306a5c00a600", "\\\\", "x\\\\\\\"y" }
local SPACES = { "", "", "", " ", "\n", "\t ", "\r\n" }

-- A long text is read in another way than a short one.
local LEADING = { "", " \r\n", (" "):rep(4096), ("\t"):rep(4097) }

local function quoted()
  local text = one_of(STRINGS)
  text = text:gsub('^\\"$', '\\\\\\"'):gsub("[\n\t]", " ")
  return '"' .. text .. '"'
end

-- A text of JSON; `bad`: one in so many values is wrong.
local function text_of_value(depth, bad)
  local kind = random(depth > 0 and 12 or 7)
  if bad and random(bad) == 1 then
    return one_of(random(3) == 1 and TOO_LARGE or WRONG)
  elseif kind <= 3 then
    return one_of(NUMBERS)
  elseif kind <= 5 then
    return quoted()
  elseif kind <= 7 then
    return one_of { "true", "false", "null", "[]", "{}", "[ ]", "{ }" }
  end
  local parts, object = {}, kind % 2 == 0
  for i = 1, random(6) - 1 do
    local name = object and one_of(SPACES) .. quoted() .. one_of(SPACES)
      .. ":" or ""
    parts[i] = name .. one_of(SPACES) .. text_of_value(depth - 1, bad)
      .. one_of(SPACES)
  end
  local inner = table.concat(parts, ",")
  return object and "{" .. inner .. "}" or "[" .. inner .. "]"
end

local function is_integer(value)
  return math.type and math.type(value) == "integer"
end

-- A text of a Lua value in which every difference is seen.
local function shown(value)
  if type(value) == "table" then
    local parts = {}
    for key, member in next, value do
      parts[#parts + 1] = shown(key) .. "=" .. shown(member)
    end
    table.sort(parts)
    return "{" .. table.concat(parts, ",") .. "}"
  elseif type(value) == "number" then
    return (is_integer(value) and "%d" or 1 / value == -1 / 0 and "-0%.17g"
      or "%.17g."):format(value)
  end
  return type(value) .. ":" .. (type(value) == "string"
    and ("%q"):format(value) or tostring(value))
end

-- A text with the members of its objects sorted; each piece of it as it is.
local function sorted(text, at)
  local open = text:match("^[%[{]", at)
  if not open then
    local to = text:match('^"[^"\\]*"()', at)
      or text:match("^[^%[%]{}\",]+()", at)
    if not to then
      to = at + 1
      while text:byte(to) ~= 34 do
        to = to + (text:byte(to) == 92 and 2 or 1)
      end
      to = to + 1
    end
    return text:sub(at, to - 1), to
  end
  local parts, name, part = {}, ""
  at = at + 1
  while not text:find("^[%]}]", at) do
    if open == "{" then
      name, at = sorted(text, at)
      assert(text:byte(at) == 58)
      name, at = name .. ":", at + 1
    end
    part, at = sorted(text, at)
    parts[#parts + 1] = name .. part
    at = text:match("^,()", at) or at
  end
  if open == "{" then
    table.sort(parts)
  end
  return open .. table.concat(parts, ",") .. text:sub(at, at), at + 1
end

-- Values that no text gives: other keys, holes, what can't be encoded.
local KEYS = { 1, 2, 3, 5, 12, 0, -1, 0.5, 1e14, 123456789012345678, 0.1 + 0.2,
  2 ^ 31 + 1, 2 ^ 53, "1", "0.3", "a", "b", "a/b", "1e+14", "", true,
  1 / 0, print }
local SCALARS = { 0, -0.0, 1, 1.5, 0.1 + 0.2, 1 / 3, 1e14, 1e15 + 0.5, 1e300,
  2 ^ 53, 2 ^ 53 - 1, -2 ^ 62, 12345678901234, 3 - 2 ^ -51, 1e-7, 5e-324,
  99999999999999, -99999999999999, "", "x", "\0\1\127", "a/b\\\"", "[]",
  true, false }

-- -> the same value for either: the null and the empty array are its own.
local function value_of(depth, bad)
  local kind = random(depth > 0 and 10 or 6)
  if kind <= 4 then
    local scalar = one_of(SCALARS)
    return scalar, scalar
  elseif kind == 5 then
    return json.null, reference.null
  elseif kind == 6 then
    return json.empty_array, reference.empty_array
  elseif random(bad) == 1 then
    local wrong = one_of { 0 / 0, 1 / 0, -1 / 0, print }
    return wrong, wrong
  end
  local own, theirs, key = {}, {}
  for i = 1, random(7) - 1 do
    if kind <= 7 then
      key = i
    elseif kind == 8 then
      key = one_of { "a", "b", "c/d", "e\"f", "7", "k" .. i }
    else
      key = KEYS[random(bad > 50 and 20 or #KEYS)]
    end
    own[key], theirs[key] = value_of(depth - 1, bad)
  end
  return own, theirs
end

-- Runs with a seed of its own for each document, to repeat any one of them.
local function with_seeds(count, body)
  for i = 1, count do
    local seed = (SEED * 31 + i * 7919) % 2147483646 + 1
    state = seed
    for _ = 1, 3 do
      random(2)
    end
    local ok, problem = pcall(body)
    if not ok then
      error(("%s (SEED=%d, document %d)"):format(tostring(problem), SEED, i),
        0)
    end
  end
end

local function expect(wanted, got, what)
  if wanted ~= got then
    error(("%s:\n  expected %s\n  but got  %s"):format(what:sub(1, 500),
      tostring(wanted), tostring(got)), 0)
  end
end

local function compare_texts(own, theirs, what)
  if own and theirs then
    expect((sorted(theirs, 1)), (sorted(own, 1)), what)
  else
    expect(theirs, own, what)
  end
end

describe("JSON, as by the reference,", function()
  it("is read, and written again", function()
    local read = 0
    with_seeds(COUNT, function()
      local text = one_of(LEADING) .. text_of_value(random(5))
      local own, message = json.decode(text)
      local theirs, other = reference.decode(text)
      expect(shown(theirs), shown(own), text)
      expect(other, message, text)
      if own ~= nil then
        read = read + 1
        local written = json.encode(own)
        compare_texts(written, reference.encode(theirs), text)
      end
    end)
    assert.is_true(read > COUNT * 0.9, read)
  end)

  it("is refused in the same words", function()
    local refused = 0
    with_seeds(COUNT / 3, function()
      local text = one_of(LEADING) .. text_of_value(random(4), 8)
      for _, infinite in ipairs { true, false } do
        local own, message = json.decode(text, infinite)
        local theirs, other = reference.decode(text, infinite)
        expect(shown(theirs), shown(own), text)
        expect(other, message, text)
        refused = refused + (message and 1 or 0)
      end
    end)
    assert.is_true(refused > COUNT / 10, refused)
  end)

  it("is made of values that no text gives", function()
    local made, refused = 0, 0
    with_seeds(COUNT, function()
      local own, theirs = value_of(random(5), one_of { 10, 1000 })
      local before = shown(own)
      local text, message = json.encode(own)
      local expected, other = reference.encode(theirs)
      compare_texts(text, expected, before)
      expect(other, message, before)
      expect(before, shown(own), "the value has changed")
      made, refused = made + (text and 1 or 0), refused + (text and 0 or 1)
    end)
    assert.is_true(made > COUNT / 4, made)
    assert.is_true(refused > COUNT / 50, refused)
  end)

  it("keeps its depth", function()
    for _, depth in ipairs { 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 999,
      1000, 1001 } do
      local half = math.floor(depth / 2)
      local text = ('[{"a":'):rep(half) .. ("["):rep(depth % 2)
        .. (" "):rep(8192) .. "[1.0,1e400,0.30000000000000004]"
        .. ("]"):rep(depth % 2)
        .. ("}]"):rep(half)
      local own, message = json.decode(text, true)
      local theirs, other = reference.decode(text, true)
      expect(shown(theirs), shown(own), text)
      expect(other, message, text)
      text = text:gsub("1e400", "4")
      own, theirs = json.decode(text), reference.decode(text)
      if own then
        local written, words = json.encode(own)
        local expected, others = reference.encode(theirs)
        expect(expected, written, text)
        expect(others, words, text)
      end
    end
  end)

  it("ends where a NUL stands, and has names that come twice", function()
    for _, text in ipairs {
      "[1]\0[", "[1.0,2]\0", '{"a":1,"a":"x"}', '{"a":"x","a":1}',
      '{"a":[1,2],"a":{"x":1.0}}', '{"a":{"x":1.0},"a":[1,2]}',
      '{"a":{"b":1},"a":{"c":2.0}}', '{"a":1e400,"a":2}',
      '{"a":2,"a":1e400}', '{"\\u0061":1.0,"a":2.5}', '{"a":3,"\\u0061":[4]}',
      "12", " 12.0 ", "1e400", '"1"', "null", '{"":1,"a":{"":2}}',
    } do
      text = (" "):rep(4096) .. text
      local own, message = json.decode(text)
      local theirs, other = reference.decode(text)
      expect(shown(theirs), shown(own), text)
      expect(other, message, text)
      if own then
        compare_texts(json.encode(own), reference.encode(theirs), text)
      end
    end
  end)
end)
