-- http_child: what every forked child does with its parent's handle.
--
-- Law of this file: host.c runs it; it raises if a response is not its own.
local parent = require "spec.support.scripts.http_parent"

host.barrier() -- luacheck: globals host
local mine
for _ = 1, 20 do
  local body = parent.get().body
  -- The body is the number of the connection.
  assert(body ~= parent.first, "the parent's connection was used")
  mine = mine or body
  assert(body == mine, "a response of another connection")
end
host.barrier()
parent.http:close()
