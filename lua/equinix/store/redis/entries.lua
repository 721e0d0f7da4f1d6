--- entries: what rests in a store, without what is in it.
--
-- Law of this file: it reads names, sizes and times, and no record. Redis is
-- looked through in parts (SCAN), so that it serves others meanwhile; what
-- comes and goes during that may be in the list or not.

local core = require "equinix.core"
local resp = require "equinix.store.redis.resp"
local step = require "equinix.store.redis.step"
local text = require "equinix.base.text"

local M = {}

local COUNT = 500 -- keys that Redis looks at, for each SCAN
local MOST = 10000 -- entries

---@class equinix.StoreEntry
---@field key string as the store's methods take it
---@field ttl number seconds that the store still keeps it
---@field bytes integer the size of the record
---@field locked boolean a process renews it

-- The key that a name stands for, and whether it is that of its lock.
local function key_of(store, name)
  if type(name) ~= "string" or name:sub(1, #store.prefix) ~= store.prefix then
    return nil
  end
  local tag, rest = name:sub(#store.prefix + 1):match "^{([^}]+)}(.*)$"
  if tag then
    local record = rest:gsub(":lock$", "")
    return tag .. record, record ~= rest
  end
end

-- Sizes and times of many keys, in one exchange. -> true | nil, fault
local function measure(found, node, transport, deadline, names)
  local words = {}
  for _, name in ipairs(names) do
    words[#words + 1] = resp.command("STRLEN", name)
    words[#words + 1] = resp.command("PTTL", name)
  end
  if #words == 0 then
    return true
  end
  local replies, fault = node:exchange(transport, table.concat(words), #words,
    deadline)
  for i, name in ipairs(replies and names or {}) do
    local size, left = replies[i * 2 - 1], replies[i * 2]
    if type(size) == "number" and type(left) == "number" and left >= 0 then
      found[#found + 1] = { name = name, bytes = size, ttl = left / 1000 }
    end
  end
  return replies ~= nil, fault
end

-- All keys of one node. -> true | nil, fault
local function scan(found, store, transport, node, deadline)
  local cursor = "0"
  repeat
    local reply, fault = step.ask(store.steps, transport, node, deadline,
      "SCAN", cursor, "MATCH", store.prefix .. "{*", "COUNT", COUNT)
    if reply == nil then
      return nil, fault
    end
    local names = type(reply) == "table" and reply[2]
    if type(names) ~= "table" or type(reply[1]) ~= "string" then
      return true -- no Redis; what is known is returned
    end
    local done
    done, fault = measure(found, node, transport, deadline, names)
    if not done then
      return nil, fault
    end
    cursor = reply[1]
  until cursor == "0" or #found >= MOST or core.now() >= deadline
  return true
end

--- Lists the records, by their keys.
---@param store equinix.store.Redis
---@param transport table the port
---@param seconds number for all of it
---@return equinix.StoreEntry[]|nil
---@return string|nil reason
---@return {temporary: boolean, hint: string}|nil
function M.list(store, transport, seconds)
  local deadline, found = core.now() + seconds, {}
  local masters, fault = store.steps.owner:masters(transport, deadline)
  if not masters then
    return step.fail(fault)
  end
  for _, node in ipairs(masters) do
    local done
    done, fault = scan(found, store, transport, node, deadline)
    if not done then
      return step.fail(fault)
    end
  end
  local list, locks, seen = {}, {}, {}
  for _, entry in ipairs(found) do
    local key, is_lock = key_of(store, entry.name)
    if is_lock then
      locks[key] = true
    elseif key and not seen[key] then -- SCAN may name a key twice
      seen[key] = true
      list[#list + 1] = { key = key, ttl = entry.ttl, bytes = entry.bytes }
    end
  end
  table.sort(list, function(a, b)
    return text.before(a.key, b.key)
  end)
  for _, entry in ipairs(list) do
    entry.locked = locks[entry.key] or false
  end
  return list
end

return M
