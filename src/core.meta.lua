---@meta equinix.core
-- core.meta: the C module `equinix.core` for editors (LuaLS). Never loaded.
--
-- Law of this file: one declaration for each C function that Lua can reach,
-- saying what the comment above that function says. spec/annotations_spec.lua
-- holds it against the module. The tables that `send` takes and brings are
-- declared with the port, in lua/equinix/transport/curl.lua.
-- luacheck: ignore 212 241

---@class equinix.core
---@field _VERSION string the version of the core, "0.1.0"
local core = {}

-- clock.c -------------------------------------------------------------------

---Seconds, with fractions, on a clock that goes on while the machine sleeps
---(CLOCK_BOOTTIME; elsewhere CLOCK_MONOTONIC). Says nothing about the date.
---@return number seconds
function core.now() end

---Blocks this OS thread, at least that long; a signal does not cut it short.
---@param seconds number zero, negative and NaN return at once
function core.sleep(seconds) end

---A number from the operating system's generator; differs between forked
---processes. Raises when there is no randomness.
---@return number fraction at least 0, less than 1
function core.random() end

-- seal.c --------------------------------------------------------------------

---SHA-256. Raises when libcrypto fails.
---@param bytes string
---@return string hex 64 lower-case digits
function core.digest(bytes) end

-- url.c ---------------------------------------------------------------------

---@class equinix.core.url
---@field scheme "https"|"http"
---@field host string in lower case; IPv6 in brackets
---@field port integer the scheme's own where the URL has none
---@field path string as given, at least "/"
---@field query? string without its "?"
---@field origin string "https://host:port", lower case, the port always there
---@field loopback boolean localhost, 127.0.0.0/8 or [::1]

---Takes an absolute http or https URL apart; a fragment is dropped. Refused
---is what two parsers could read differently: user info, backslashes, control
---characters, spaces, bytes beyond ASCII, an escaped or missing host.
---@param text string
---@return equinix.core.url|nil parts
---@return string|nil reason "the URL has user info"; never the URL itself
function core.url(text) end

---Resolves a reference against a base (RFC 3986, 5.2); dot segments are
---resolved, a fragment is dropped, schemes but http and https are refused.
---@param base string absolute
---@param reference string
---@return string|nil url absolute
---@return string|nil reason
function core.url_join(base, reference) end

---Percent-encodes all but RFC 3986's unreserved bytes.
---@param text string any bytes, NUL too
---@return string
function core.escape(text) end

-- exec.c --------------------------------------------------------------------

---This process becomes another program, with this environment and the three
---standard files. Returns only on failure; raises for what is no list of 1 to
---64 strings, or for a NUL in one.
---@param argv string[] the program's path (PATH is not searched), arguments
---@return nil
---@return string message
function core.exec(argv) end

-- versions.c ----------------------------------------------------------------

---The libraries that this core was loaded with.
---@return {libcurl: string, libcrypto: string}
function core.versions() end

-- http.c --------------------------------------------------------------------

---A handle for transfers: its connections are kept and used again. Opens no
---socket and starts no thread. After a fork the child gets connections of its
---own. A closed handle, or one that is busy with a call, raises.
---@class equinix.http
local http = {}

---@return equinix.http
function core.http() end

---Takes the head of a response apart that was asked for with `raw_head`.
---@param head string
---@return string[][] headers list of {name, value}, as received, in order
function core.headers(head) end

---Sends a request and waits for its answer; blocks the OS thread. Raises what
---is wrong with the request, before any byte is sent, and what drain raises.
---@param request equinix.transport.request
---@param seconds number limit for the whole transfer
---@param drain? fun(chunk: string) gets the body of a 2xx answer; may neither
---  yield nor use this handle; max_body bounds what comes between two calls
---@return equinix.transport.response|nil response
---@return equinix.transport.err|nil err
function http:send(request, seconds, drain) end

---Sends many requests. Raises what is wrong with any of them, before the
---first byte.
---@param requests equinix.transport.request[]
---@param n integer how many are under way at once, at least 1
---@param seconds number limit for all of them together
---@return equinix.transport.result[] results in the order of the requests
function http:send_many(requests, n, seconds) end

---Closes the connections; closing again does nothing. The collector and
---Lua 5.4's `<close>` do the same.
function http:close() end

-- tokens.c, lease.c ---------------------------------------------------------

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

---The whole truth, under the lock.
---@return equinix.slot.state state never "closed"
---@return equinix.slot.id serial 0 when empty
---@return string|nil header where it may still be served
---@return string|nil record in every state but "empty"
---@return number left seconds to expiry
function slot:look() end

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
function slot:begin(seen, force, lease_seconds) end

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
function slot:mark(lease, note) end

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
function slot:outcome(flight) end

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
function slot:allow(n, seconds) end

---Adds to a counter of the place.
---@param i integer 1 to 8
---@param by? integer 1; not negative
function slot:count(i, by) end

---@return integer[] counters the 8 of the place
function slot:counters() end

---Gives back a lease it still has, drops the copy; closing again does
---nothing. The collector and Lua 5.4's `<close>` do the same.
function slot:close() end

return core
