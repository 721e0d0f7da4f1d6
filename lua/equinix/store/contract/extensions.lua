--- extensions: the part of a store's contract that is about `extend`.
--
-- Law of this file: the function is optional, since without it a lease is
-- taken for its full length; `extends = false` leaves these specs out.

local core = require "equinix.core"

local M = {}

local LONG = 60 -- seconds: longer than a spec runs
local NO_SECONDS = { 0, -1, math.huge, 0 / 0, "1" }
local NO_LEASES = { 1, true, "lease", {} }

-- The specs; a name is the words of what a store does.
local ALWAYS, MISUSE, ENDS = {}, {}, {}

function ALWAYS.extends_a_lease_more_than_once(assert, given)
  local store, peer = given.store, given.peer
  local lease = assert(store:lock("k", LONG))
  assert.is_true(store:extend(lease, LONG))
  assert.is_true(store:extend(lease, LONG, LONG)) -- as other steps
  assert.same({ nil, "busy" }, { peer:lock("k", LONG) })
  assert.is_true(store:save("k", "r", LONG, lease))
  assert.is_true(store:unlock(lease))
  assert(peer:lock("k", LONG))
end

function ALWAYS.extends_a_lease_without_touching_the_record(assert, given)
  local store, peer = given.store, given.peer
  local lease = assert(store:lock("k", LONG))
  assert.is_true(store:save("k", "r", LONG, lease))
  assert.is_true(store:extend(lease, LONG))
  assert.equal("r", (peer:load "k"))
  assert.is_true(store:save("k", "s", LONG, lease))
end

function ALWAYS.extends_no_lease_that_was_unlocked(assert, given)
  local store, peer = given.store, given.peer
  local old = assert(store:lock("k", LONG))
  assert.is_true(store:unlock(old))
  assert.same({ nil, "stale" }, { store:extend(old, LONG) })
  local new = assert(peer:lock("k", LONG))
  assert.same({ nil, "stale" }, { store:extend(old, LONG) })
  assert.is_true(peer:save("k", "new", LONG, new))
end

function MISUSE.raises_for_an_invalid_lease_or_time_to_extend(assert, given)
  local store = given.store
  for _, lease in ipairs(NO_LEASES) do
    assert.is_false(pcall(store.extend, store, lease, LONG))
  end
  assert.is_false(pcall(store.extend, store, nil, LONG))
  local lease = assert(store:lock("k", LONG))
  for _, seconds in ipairs(NO_SECONDS) do
    assert.is_false(pcall(store.extend, store, lease, seconds),
      tostring(seconds))
  end
end

function ENDS.keeps_an_extended_lease_beyond_its_first_end(assert, given,
  seconds)
  local store, peer = given.store, given.peer
  local lease, extended
  repeat -- on a busy machine it may be over before it is extended
    lease = assert(store:lock("k", seconds))
    extended = store:extend(lease, LONG)
    seconds = 2 * seconds
  until extended or seconds > LONG
  assert.is_true(extended)
  core.sleep(seconds)
  assert.same({ nil, "busy" }, { peer:lock("k", LONG) })
  assert.is_true(store:save("k", "r", LONG, lease))
  assert.is_true(store:extend(lease, 0.05)) -- from now on
  given.take_over()
  assert.same({ nil, "stale" }, { store:extend(lease, LONG) })
end

function ENDS.extends_no_lease_that_has_expired(assert, given, seconds)
  local store, peer = given.store, given.peer
  local old = assert(store:lock("k", seconds))
  local new = given.take_over()
  assert.same({ nil, "stale" }, { store:extend(old, LONG) })
  assert.is_true(peer:unlock(new))
  assert.same({ nil, "stale" }, { store:extend(old, LONG) })
  assert(peer:lock("k", LONG))
end

local function declare_all(list, given, seconds)
  local busted, assert = require "busted", require "luassert"
  local names = {}
  for name in pairs(list) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    busted.it((name:gsub("_", " ")), function()
      list[name](assert, given, seconds)
    end)
  end
end

--- Declares the specs.
---@param given table the stores of a spec: store, peer, take_over
---@param options equinix.store.Contract
function M.declare(given, options)
  local seconds = options.seconds or 0.2
  declare_all(ALWAYS, given, seconds)
  if not options.lenient then
    declare_all(MISUSE, given, seconds)
  end
  if options.can_expire ~= false then
    declare_all(ENDS, given, seconds)
  end
end

return M
