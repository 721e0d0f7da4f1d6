-- mcp: messages of JSON-RPC as an agent's program may send them; node is the
-- judge of what is JSON.
--
-- Input: the message.
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local jsonrpc = require "equinix.service.mcp.jsonrpc"

local function check(message)
  assert(message.response or type(message.method) == "string",
    "a message has a method or is a response")
  assert(not message.id or json_text.kind(message.id) == "string"
    or message.id:find "^%-?%d+$", "an id is a string or an integer")
  for _, text in pairs(message.params or {}) do
    assert(json_text.read(text) == text, "a parameter is JSON as it came")
  end
  for _, text in pairs(message.meta or {}) do
    assert(json_text.read(text) == text, "a part of _meta is JSON as it came")
  end
end

return function(text)
  local parsed = jsonrpc.parse(text)
  if parsed.message then
    check(parsed.message)
  elseif parsed.batch then
    for _, item in ipairs(json_text.items(parsed.batch)) do
      local message, rpc_error = jsonrpc.read(item)
      assert(message or rpc_error.message, "a refusal has a reason")
      if message then
        check(message)
      end
    end
  else
    local words = parsed.rpc_error.message
    assert(not words:find "[%c\128-\255]", "a refusal has none of the data")
  end
  if not parsed.rpc_error then
    assert(judge("json", text) ~= "refused", "a message is JSON for node")
  end
  assert(json.encode(parsed), "what was parsed can be passed on")
end
