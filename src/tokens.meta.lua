---@meta _
-- tokens.meta: the token cache of the C module, for editors. Never loaded; the
-- rest of the module and the law are in core.meta.lua.
-- luacheck: ignore 212 241

---@class equinix.core
local core = {}

---The token cache. Times are seconds on `core.now()`, math.huge is for ever,
---less than 0 is 0, NaN raises.
---@class equinix.core.tokens
core.tokens = {}

---A hold on the place of that key; the place itself may be given away to
---another key and is found again.
---@param key string any bytes; a salted digest of it is kept
---@param alone? boolean the place belongs to this slot only
---@return equinix.slot
function core.tokens.open(key, alone) end

---The common table: whether forked processes have it in common too, how many
---places there are, and how many are taken.
---@return {shared: boolean, slots: integer, used: integer}
function core.tokens.info() end

---@alias equinix.slot.state
---| "empty"     # there is no token
---| "fresh"     # serve it
---| "advisory"  # serve it; one renews at the side
---| "mandatory" # renew first, serve it if that takes long
---| "expired"
---| "rejected"  # a server refused it
---| "closed"    # the slot is: peek only, the rest raises

---A flight, its lease and the token it brought have one number.
---@alias equinix.slot.id integer

---@class equinix.slot.times absolute
---@field fresh number until when it is fresh
---@field advisory number until when it is advisory
---@field expires number

---One Lua state's hold on a place of the cache. A closed slot raises in all
---but peek, close and tostring.
---@class equinix.slot
local slot = {}

---The hot path: no lock and no memory, as long as the token is fresh and the
---place was not written.
---@return string|nil header
---@return equinix.slot.state|nil state without a header
function slot:peek() end

---Without `slow`: a function that is slot:peek(), only faster. With it: one
---that returns the header on a hit, else whatever slow(...) returns.
---@param slow? fun(...): ...
---@param yields? boolean slow may yield
---@return (fun(...): ...)|nil bound nil when slow yields and a C function
---  can't be yielded across (Lua 5.1, LuaJIT)
function slot:bind(slow, yields) end

---For callers who can do without Lua's API (LuaJIT's FFI, see hit.lua). The
---first element of `box` is the header for as long as the function at
---`address` says 1: int hits(const void *slot), which never fails.
---@return table box
---@return string address the bytes of a pointer
function slot:ffi() end

---The whole truth, under the lock.
---@return equinix.slot.state state never "closed"
---@return equinix.slot.id serial 0 when empty
---@return string|nil header where it may still be served
---@return string|nil record in every state but "empty"
---@return number left seconds to expiry
function slot:read() end

---Who fetches the next token?
---
---    "lead", lease, last_failure|nil, rejected   the caller
---    "wait", flight, own         another one; own: this very OS thread does
---    "backoff", seconds, failure|nil             nobody yet
---    "ready"                     a token other than `seen` may be served
---
---The flight of a dead leader, or one whose lease is over, is taken over.
---@param seen? equinix.slot.id a token that the caller does not want
---@param force? boolean leads in spite of a back-off, never beside a flight
---@param lease_seconds? number 35
---@return "lead"|"wait"|"backoff"|"ready" turn
---@return equinix.slot.id|number|nil lease_flight_or_seconds
---@return string|boolean|nil failure_or_own
---@return boolean|nil rejected
function slot:acquire(seen, force, lease_seconds) end

---Ends a flight with a token and clears back-off and failure. A life that is
---over already is for the waiters of this flight only.
---@param lease equinix.slot.id
---@param record string opaque, 48 KiB at most
---@param header string ready to send, 1 byte to 16 KiB + 16
---@param times equinix.slot.times
---@return equinix.slot.id|nil serial
---@return "stale"|nil reason another one leads or led since, or forget
function slot:publish(lease, record, header, times) end

---Ends a flight without a token: the waiters share the failure, and nobody
---leads for `seconds` unless forced. With 0 seconds an older back-off stays.
---@param lease equinix.slot.id
---@param failure string|nil opaque, 4 KiB at most; nil: waiters hear "gone"
---@param seconds number
---@return true|nil
---@return "stale"|nil
function slot:fail(lease, failure, seconds) end

---Before a step that must not be taken twice: if this leader never comes
---back, the next one gets the note as its last_failure. Ends nothing.
---@param lease equinix.slot.id
---@param note string opaque, 4 KiB at most
---@return true|nil
---@return "stale"|nil
function slot:note(lease, note) end

---How did that flight end?
---
---    "pending"
---    "published", serial, header, record   though its life be over
---    "failed", failure, seconds            of back-off that are left
---    "gone"   leader dead, lease over, token refused since, place given
---             away: begin again
---@param flight equinix.slot.id
---@return "pending"|"published"|"failed"|"gone" outcome
---@return equinix.slot.id|string|nil serial_or_failure
---@return string|number|nil header_or_seconds
---@return string|nil record
function slot:result(flight) end

---Blocks the OS thread until that flight has ended or its leader is dead.
---@param seconds number
---@param flight? equinix.slot.id the one under way, unless told
---@return boolean ended false: the seconds are over
function slot:wait(seconds, flight) end

---That token was refused by a server: if it is still the current one, no
---state serves it any more. Its record stays.
---@param serial equinix.slot.id
---@return boolean first true for the first who says so
function slot:reject(serial) end

---Wipes token and record; a flight under way can't publish any more. What is
---known about failures stays.
function slot:forget() end

---May this be done once more, if at most n times in any span of `seconds` are
---right? One window for all who share the place.
---@param n integer 1 to 8
---@param seconds number
---@return boolean allowed
---@return number|nil wait seconds, where it is not
function slot:rate_limit(n, seconds) end

---Adds to a counter of the place.
---@param i integer 1 to 8
---@param by? integer 1; not negative
function slot:count(i, by) end

---@return integer[] counters the 8 of the place
function slot:counters() end

---Gives back a lease it still has, drops the copy; closing again does
---nothing. The collector and Lua 5.4's `<close>` do the same.
function slot:close() end

-- files/record_dir.c ---------------------------------------------------------

---Records kept safely in one private folder: a path and nothing else. Names
---are 1 to 128 of A-Z a-z 0-9 _ . - with neither "." nor "-" in front; others
---raise. A reason says what happened, to which file, and what to do.
---@class equinix.folder
local folder = {}

---Touches nothing.
---@param path string absolute; what is not raises
---@return equinix.folder
function core.folder(path) end

---The record of that name, its first `max` bytes if it is longer. Makes
---nothing, takes no lock.
---@param name string
---@param max integer 1 to 1 MiB
---@return string|nil bytes nil alone: there is none
---@return string|nil reason
function folder:read(name, max) end

---Replaces the record, as a whole or not at all.
---@param name string
---@param bytes string
---@param ends number the wall-clock second (core.time) from which on nobody
---  wants it; a day later it may be swept away
---@param lease equinix.lease of that name
---@return true|nil
---@return string|nil reason "stale": the lease is no longer held
function folder:save(name, bytes, ends, lease) end

---Does not wait for another's lease. Makes the folder where there is none.
---@param name string
---@param seconds number after which the lease is over
---@return equinix.lease|nil lease
---@return string|nil reason "busy": another one has it
function folder:lock(name, seconds) end

---Removes the record, not its lease; true where there is none.
---@param name string
---@return true|nil
---@return string|nil reason
function folder:remove(name) end

---Puts a record aside that read(name, max) brought and nobody can use, for
---somebody to look at. Only the last one is kept. Another record that is
---there by now stays.
---@param name string
---@param bytes string what read brought
---@param max integer
---@return true|nil
---@return string|nil reason
function folder:aside(name, bytes, max) end

---A lock that its holder's death frees; a forked child does not have it.
---@class equinix.lease
local lease = {}

---Ends the lease; again, or in a forked child: nothing. The collector and
---Lua 5.4's `<close>` do the same.
function lease:close() end

return core
