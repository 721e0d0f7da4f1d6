-- json: what is read of a JSON text; node and a bare lua-cjson are the judges.
--
-- Input: the text.
local core = require "equinix.core"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local shown = require "fuzz.shown"

local bare = require("cjson").new()
bare.decode_invalid_numbers(false)

local function same(a, b, law)
  if a ~= b then
    error(("%s:\n%s\n%s"):format(law, a, b), 0)
  end
end

-- Half of a pair, which node reads. It may stand in what a later key of the
-- same name replaces, so the text is looked at.
local SURROGATE = "\\u[dD][89A-Fa-f]"

-- Node takes no byte order mark and reads numbers beyond every float as
-- infinities; lua-cjson reads some texts that are no JSON.
local function by_node(text, value, message)
  local verdict = judge("json", text)
  if verdict == "refused" then
    assert(not json_text.read(text), "json_text reads what node refuses")
    assert(not core.surely_valid(text), "surely valid, and node refuses it")
  elseif value ~= nil then
    same(shown(value), verdict, "decode and node")
  else
    assert(verdict:find "n[7f]ff0000000000000" or #text > 900
      or text:find(SURROGATE) or verdict:find "efbfbd",
      "decode refuses what node reads: " .. tostring(message))
  end
end

local function by_library(text, value)
  local ok, other = pcall(bare.decode, text)
  if value ~= nil then
    assert(ok, "decode reads what lua-cjson refuses")
    if not text:find "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d" then
      same(shown(value), shown(other), "decode and lua-cjson")
    end
  end
end

local function there_and_back(value)
  local text = json.encode(value)
  if text then
    local again, message = json.decode(text)
    assert(again ~= nil, message) -- it may be false
    same(shown(value), shown(again), "there and back")
    local read = json_text.read(text)
    if read then
      assert(judge("json", text) ~= "refused", "node reads what is written")
    end
  end
end

local function check_parts(text)
  local kind = json_text.kind(text)
  if kind == "object" then
    local again = json_text.object(json_text.members(text))
    same(shown(json.decode(text)), shown(json.decode(again)), "members")
  elseif kind == "array" then
    same(shown(json.decode(text)),
      shown(json.decode(json_text.array(json_text.items(text)))), "items")
  end
  assert(not json_text.one_line(text):find "[\r\n]", "one line")
end

return function(text)
  local value, message = json.decode(text)
  assert(value ~= nil or type(message) == "string", "a refusal has a reason")
  by_node(text, value, message)
  by_library(text, value)
  if value ~= nil then
    there_and_back(value)
  end
  local read = json_text.read(text)
  if read and json.decode(read) ~= nil then
    check_parts(read)
  end
  assert(json_text.read('"' .. json_text.utf8(text):gsub('[%c"\\]', "")
    .. '"'), "text is made valid UTF-8")
end
