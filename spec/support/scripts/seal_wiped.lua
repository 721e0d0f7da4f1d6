-- seal_wiped: what was decrypted but could not be returned is nowhere in the
-- memory of this process.
--
-- Law of this file: host.c runs it, with a secret, a key, a sealed record in
-- hex and a Lua pattern that finds its text. The pattern must not find
-- itself, and no string here is the text, which it would find otherwise.
-- luacheck: read globals host
local core = require "equinix.core"

local secret, key, record, pattern = ...
record = record:gsub("%x%x", function(byte)
  return string.char(tonumber(byte, 16))
end)

-- Page by page: one that is gone by now hides no other one.
local PAGE, OVERLAP = 4096, 64
-- A sanitizer maps terabytes; all regions of ours side by side are less.
local REGION_MAX = 64 * 1024 * 1024

--- Does the memory of this process hold what the pattern finds?
local function is_in_memory()
  local memory = assert(io.open("/proc/self/mem", "rb"))
  memory:setvbuf "no"
  local found = false
  -- All lines at once, since reading changes the regions.
  local file = assert(io.open "/proc/self/maps")
  local maps = file:read "*a"
  file:close()
  for line in maps:gmatch "[^\n]+" do
    local from, to = line:match "^(%x+)%-(%x+) rw"
    from, to = tonumber(from or "0", 16), tonumber(to or "0", 16)
    for at = from, to - from > REGION_MAX and 0 or to - 1, PAGE do
      local bytes = memory:seek("set", at)
        and memory:read(math.min(PAGE + OVERLAP, to - at))
      found = found or (bytes or ""):find(pattern) ~= nil
    end
  end
  memory:close()
  return found
end

-- Memory runs out at each point, the last of which is handing it out.
local n = 0
local function unseal()
  return core.unseal(secret, key, record) ~= nil
end
while not host.starve(n, unseal) do
  collectgarbage()
  collectgarbage()
  assert(not is_in_memory(), "found after " .. n)
  n = n + 1
end
assert(n > 1, "it never starved")

-- And this way of looking does find what is there.
local text = core.unseal(secret, key, record)
assert(is_in_memory() and text)
