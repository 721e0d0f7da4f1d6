-- resp: replies of a Redis, or of what took its place.
--
-- Input: the bytes.
local resp = require "equinix.store.redis.resp"

local function check(value, depth)
  assert(depth <= 17, "lists in lists have a limit")
  local kind = type(value)
  assert(kind == "string" or kind == "number" or kind == "table"
    or kind == "boolean", "a reply has a known type")
  if kind == "table" and value ~= resp.null and not value.error then
    for _, item in ipairs(value) do
      check(item, depth + 1)
    end
  end
end

return function(bytes)
  local value, after = resp.parse(bytes)
  if after then
    assert(after > 1 and after <= #bytes + 1, "a reply ends in its bytes")
    check(value, 0)
    -- What comes before the end of a reply is none.
    assert(select(2, resp.parse(bytes:sub(1, after - 2))) == nil,
      "a reply that was cut is none")
    assert(select(2, resp.parse(bytes:sub(1, after - 1))) == after,
      "what follows a reply does not change it")
  else
    assert(value == nil, "garbage has no value")
  end
  resp.error_of(value)
  assert(resp.replies(bytes, 1) == nil or after, "one reply is a reply")
  local words = resp.parse(resp.command("SET", bytes, #bytes))
  assert(words[1] == "SET" and words[2] == bytes
    and words[3] == tostring(#bytes), "a command says what it was made of")
end
