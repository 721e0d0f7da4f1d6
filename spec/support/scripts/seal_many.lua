-- seal_many: many workers seal at once without disturbing each other.
--
-- Law of this file: host.c runs it. With a folder (forked processes) each
-- worker saves its records there, and each reads all of them.
-- luacheck: read globals host worker workers
local core = require "equinix.core"

local dir = ...
local ROUNDS = 30

local function text_of(who, round)
  return ("text %d of worker %d "):format(round, who):rep(3)
end

local records = {}
host.barrier()
for round = 1, ROUNDS do
  local key = "key " .. round
  local sealed = core.seal("the secret of all", key, text_of(worker, round))
  assert(core.unseal("the secret of all", key, sealed)
    == text_of(worker, round))
  assert(core.unseal("the secret of none", key, sealed) == nil)
  assert(core.record_name("the secret of all", key)
    == core.record_name("the secret of all", key))
  records[round] = sealed:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
end

if dir then
  local file = assert(io.open(dir .. "/" .. worker, "w"))
  assert(file:write(table.concat(records, "\n"), "\n"))
  file:close()
  host.barrier()
  local seen = {}
  for who = 1, workers do
    local round = 0
    for line in io.lines(dir .. "/" .. who) do
      round = round + 1
      local sealed = line:gsub("%x%x", function(byte)
        return string.char(tonumber(byte, 16))
      end)
      local nonce = sealed:sub(2, 13)
      assert(not seen[nonce], "a nonce came twice")
      seen[nonce] = true
      assert(core.unseal("the secret of all", "key " .. round, sealed)
        == text_of(who, round))
    end
    assert(round == ROUNDS, round)
  end
end
