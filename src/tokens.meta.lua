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

---A slot for the entry of that key. The entry may be given to another key, and
---is found or made again.
---@param key? string any bytes; a salted digest of it is kept. Without it
---  the slot is closed, to be reopened.
---@param kind? "token"|"note" each has its own places: tokens (the default),
---  and what is known beside tokens. A note's record has 512 bytes at most,
---  its header 64
---@param alone? boolean only this slot uses the entry
---@return equinix.slot
function core.tokens.open(key, kind, alone) end

---@class equinix.core.tokens.info
---@field shared boolean forked processes share the common table
---@field slots integer tokens that it has places for
---@field used integer places that are taken
---@field evicted integer tokens that were of use and had to go for others
---@field private integer tokens and notes that had no place at all
---@field mistake? string what is wrong with EQUINIX_CACHE_PLACES

---What is known about the common table.
---@return equinix.core.tokens.info
function core.tokens.info() end

---slot:bind as a function, for those that bind many.
---@param slot equinix.slot
---@param slow? fun(...): ...
---@param yields? boolean
---@return (fun(...): ...)|nil bound
function core.tokens.bind(slot, slow, yields) end

---Whether `slow` of slot:bind may yield: on Lua 5.3 and later.
---@type boolean
core.tokens.yields = true

---@alias equinix.slot.state
---| "empty"     # there is no token
---| "fresh"     # serve it
---| "advisory"  # serve it; one caller renews it in the background
---| "mandatory" # renew first, serve it if that takes long
---| "expired"
---| "rejected"  # a server refused it
---| "closed"    # the slot is closed: only peek returns this, the rest raises

---A renewal, its lease and the token it brings have one number.
---@alias equinix.slot.id integer

---@class equinix.slot.times absolute
---@field fresh number until when it is fresh
---@field advisory number until when it is advisory
---@field expires number
---@field next? number before which no caller leads unless forced

---How a Lua state uses one entry of the cache. A closed slot raises in all but
---peek, bind, ffi, reopen, close and tostring.
---@class equinix.slot
local slot = {}

---The hot path: no lock and no allocation as long as the token is fresh and
---the entry was not written.
---@return string|nil header
---@return equinix.slot.state|nil state without a header
function slot:peek() end

---Without `slow`: a function that is slot:peek(), only faster. With it: one
---that returns the header on a hit, else what slow(...) returns.
---@param slow? fun(...): ...
---@param yields? boolean slow may yield
---@return (fun(...): ...)|nil bound nil when slow yields and a C function
---  can't be yielded across (Lua 5.1, LuaJIT)
function slot:bind(slow, yields) end

---For callers that need no Lua API (LuaJIT's FFI, tokens/fast_path.lua). The
---first element of `box` is the header as long as the function at `address`
---returns 1: int hits(const void *slot), which never fails.
---@return table box
---@return string address the bytes of a pointer
function slot:ffi() end

---All that is known, read under the lock.
---@return equinix.slot.state state never "closed"
---@return equinix.slot.id serial 0 when empty
---@return string|nil header where it may still be served
---@return string|nil record in every state but "empty"
---@return number left seconds to expiry
function slot:read() end

---What comes next.
---@return number fresh seconds that the token is fresh for
---@return number backoff seconds in which no caller leads unless forced
---@return string|nil failure the last one, or a note
---@return boolean renewing
function slot:outlook() end

---Who renews the token?
---
---    "lead", lease, last_failure|nil, rejected, crowding|nil   the caller
---    "wait", renewal, own        another caller; own: in this OS thread
---    "backoff", seconds, failure|nil             no caller yet
---    "ready"                     a token other than `seen` may be served
---
---Crowding: "evicted" where another token that was of use had to go, "private"
---where no other process can see the entry.
---
---A renewal whose leader is dead, or whose lease is over, is taken over.
---@param seen? equinix.slot.id a token that the caller does not want
---@param force? boolean leads in spite of a back-off, never beside another
---  renewal
---@param lease_seconds? number 35
---@return "lead"|"wait"|"backoff"|"ready" result
---@return equinix.slot.id|number|nil lease_renewal_or_seconds
---@return string|boolean|nil failure_or_own
---@return boolean|nil rejected
---@return "evicted"|"private"|nil crowding
function slot:acquire(seen, force, lease_seconds) end

---Ends a renewal with a token and clears back-off and failure, but no caller
---leads before `times.next`. A token that has expired already is for the
---waiters of this renewal only.
---@param lease equinix.slot.id
---@param record string opaque, 48 KiB at most
---@param header string ready to send, 1 byte to 16 KiB + 16
---@param times equinix.slot.times
---@return equinix.slot.id|nil serial
---@return "stale"|nil reason another caller has led since, or forget was
---  called
function slot:publish(lease, record, header, times) end

---Ends a lease without token or failure, as a lock is released: the waiters
---get "gone". Without a note, what was there for the next leader stays. A slot
---that is released as pinned is never evicted, and only a forced acquire leads
---there, until another note is left.
---@param lease equinix.slot.id
---@param note? string opaque, 4 KiB at most: the next one's last_failure
---@param pinned? boolean
---@return true|nil
---@return "stale"|nil
function slot:release(lease, note, pinned) end

---Ends a renewal without a token: the waiters share the failure, and no caller
---leads for `seconds` unless forced. With 0 seconds an older back-off stays.
---@param lease equinix.slot.id
---@param failure string|nil opaque, 4 KiB at most; nil: waiters get "gone"
---@param seconds number
---@return true|nil
---@return "stale"|nil
function slot:fail(lease, failure, seconds) end

---For a step that must not be taken twice: if this leader never ends the
---renewal, the next one gets the note as its last_failure. Ends nothing.
---@param lease equinix.slot.id
---@param note string opaque, 4 KiB at most
---@return true|nil
---@return "stale"|nil
function slot:note(lease, note) end

---How did that renewal end?
---
---    "pending"
---    "published", serial, header, record   even if it has expired
---    "failed", failure, seconds            left of the back-off
---    "gone"   leader dead, lease over, token refused since, entry given
---             away: acquire again
---@param renewal equinix.slot.id
---@return "pending"|"published"|"failed"|"gone" outcome
---@return equinix.slot.id|string|nil serial_or_failure
---@return string|number|nil header_or_seconds
---@return string|nil record
function slot:result(renewal) end

---Blocks the OS thread until that renewal has ended or its leader is dead.
---@param seconds number
---@param renewal? equinix.slot.id by default the one under way
---@return boolean ended false: the seconds are over
function slot:wait(seconds, renewal) end

---That token was refused by a server: if it is still the current one, it is
---not served any more. Its record stays.
---@param serial equinix.slot.id
---@return boolean first true for the first caller that rejects it
function slot:reject(serial) end

---Wipes token and record; a renewal under way can't publish any more. Failures
---are kept.
function slot:forget() end

---May this be done now, if it may be done n times in any span of `seconds`?
---It counts as done, unless the caller only asks. All slots of the entry share
---one window.
---@param n integer 1 to 8
---@param seconds number
---@param asks? boolean
---@return boolean allowed
---@return number|nil wait seconds, where it is not
function slot:rate_limit(n, seconds, asks) end

---Adds to a counter of the entry.
---@param i integer 1 to 8
---@param by? integer 1; not negative
function slot:count(i, by) end

---@return integer[] counters the 8 of the entry
function slot:counters() end

---Makes it the slot of another key, also if it was closed. Functions that are
---bound to it stay bound.
---@param key string
function slot:reopen(key) end

---Ends a lease that it still has, drops the copy; closing again does nothing.
--- The collector and Lua 5.4's `<close>` do the same.
function slot:close() end

-- files/record_dir.c ---------------------------------------------------------

---Records kept safely in one private folder: a path and nothing else. A name
---is 1 to 128 of A-Z a-z 0-9 _ . - and does not begin with "." or "-"; others
---raise. A reason says what happened, to which file, and what to do.
---@class equinix.folder
local folder = {}

---Creates and opens nothing.
---@param path string absolute; what is not raises
---@return equinix.folder
function core.folder(path) end

---Is every folder above that path this user's or the system's? Only there
---anything may be made without being asked for.
---@param path string absolute
---@return true|nil
---@return string|nil reason "foreign": one of them is another user's; or the
---  name of a system error
function core.may_make_folder(path) end

---The record of that name, its first `max` bytes if it is longer. Creates
---nothing, takes no lock.
---@param name string
---@param max integer 1 to 1 MiB
---@return string|nil bytes nil alone: there is none
---@return string|nil reason
function folder:read(name, max) end

---Replaces the record, completely or not at all.
---@param name string
---@param bytes string
---@param ends number the wall-clock second (core.time) from which on it is of
---  no use; a day later a cleanup may remove it
---@param lease equinix.lease of that name
---@param seconds? number to wait for another process at most; 1
---@return true|nil
---@return string|nil reason "stale": the lease is no longer held
function folder:save(name, bytes, ends, lease, seconds) end

---Does not wait for a lease that is taken. Makes the folder if it is missing.
---@param name string
---@param ttl number seconds after which the lease is over
---@param seconds? number to wait for another process at most; 1
---@return equinix.lease|nil lease
---@return string|nil reason "busy": another holder has it
function folder:lock(name, ttl, seconds) end

---Gives a lease more time.
---@param lease equinix.lease
---@param ttl number seconds from now on
---@param seconds? number to wait for another process at most; 1
---@return true|nil
---@return string|nil reason "stale": the lease is over, and stays so
function folder:extend(lease, ttl, seconds) end

---Ends a lease and removes its file. Does not wait; again, or in a forked
---child, it does nothing.
---@param lease equinix.lease
function folder:unlock(lease) end

---Removes the record, not its lease; true if there is none.
---@param name string
---@param seconds? number to wait for another process at most; 1
---@return true|nil
---@return string|nil reason
function folder:remove(name, seconds) end

---Puts aside a record that read(name, max) returned and that can't be used, so
---that a person can inspect it. Only the last one is kept. If the record was
---replaced meanwhile, the new one stays.
---@param name string
---@param bytes string what read returned
---@param max integer
---@param seconds? number to wait for another process at most; 1
---@return true|nil
---@return string|nil reason
function folder:aside(name, bytes, max, seconds) end

---A lock that ends with its holder's death; a forked child does not have it.
---@class equinix.lease
local lease = {}

---Ends the lease; again, or in a forked child, does nothing. The collector and
---Lua 5.4's `<close>` do the same.
function lease:close() end

return core
