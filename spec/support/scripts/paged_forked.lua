-- paged_forked: forks in the middle of a list, and reads on in both.
--
-- Law of this file: host.c runs it, with the server's URL, as one forked
-- worker that forks again. It raises if an item is missing or comes twice.
local url = ...

local equinix = require "equinix"

local client = assert(equinix.new { base_url = url, token = "t" })
local next_item = client:items "/list?total=60&size=1&sleep=0.05"
for i = 1, 20 do
  assert(next_item().id == i)
end
local is_child = host.fork() -- luacheck: globals host
local who = is_child and "child" or "parent"
for i = 21, 60 do
  local id = next_item().id
  assert(id == i, ("%s: %d came in place of %d"):format(who, id, i))
end
assert(next_item() == nil)
if is_child then
  host.tally(1, 1)
  return
end
for _ = 1, 1000 do
  if host.tally(1) == 1 then
    return
  end
  host.nap()
end
error "the child did not come to the end of its list"
