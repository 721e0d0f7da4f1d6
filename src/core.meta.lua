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

-- base/clock.c ---------------------------------------------------------------

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

---Seconds since 1970 (UTC), with fractions. Jumps when somebody sets the
---clock: for times at rest only, which other boots and machines read.
---@return number seconds
function core.time() end

-- base/digest.c --------------------------------------------------------------

---SHA-256. Raises when libcrypto fails.
---@param bytes string
---@return string hex 64 lower-case digits
function core.sha256(bytes) end

-- crypto/seal.c --------------------------------------------------------------

---Seals a record: encrypted, and bound to its key. The same bytes are sealed
---differently each time. Raises for other sizes, and when libcrypto or the
---system's generator fails.
---@param secret string 1 byte to 32 KiB
---@param key string 64 KiB at most
---@param bytes string 64 KiB at most; may be empty
---@return string sealed 29 bytes longer
function core.seal(secret, key, bytes) end

---What was sealed with the same secret for the same key; nil for all else, of
---whatever size. Raises only when libcrypto itself fails.
---@param secret string
---@param key string
---@param sealed string
---@return string|nil bytes
function core.unseal(secret, key, sealed) end

---The name that a record of this key rests under; says nothing about the key
---to those who lack the secret. Raises for other sizes, and when libcrypto
---fails.
---@param secret string 1 byte to 32 KiB
---@param key string 64 KiB at most
---@return string hex 64 lower-case digits
function core.record_name(secret, key) end

-- http/url.c -----------------------------------------------------------------

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

-- program/log_copy.c ---------------------------------------------------------

---Copies standard input to standard error, to its end. What nobody takes in
---0.1 s is dropped, in lines, and so is what comes until somebody does.
---SIGPIPE has to be ignored. Blocks this OS thread.
function core.drain() end

-- program/termination.c ------------------------------------------------------

---From now on the first SIGTERM or SIGINT tells this process to end, which it
---does within that many whole seconds: then it ends by itself, with status 0.
---The second one ends it at once. Takes SIGALRM, and ignores SIGPIPE: nobody
---who closes our standard error is to end us in the middle. For a program that
---owns its signals, never for a library.
---@param seconds integer 1 to 3600
---@return true|nil
---@return string|nil message
function core.on_term(seconds) end

---Whether such a signal came since core.on_term.
---@return boolean
function core.told_to_end() end

-- program/exec.c -------------------------------------------------------------

---This process becomes another program, with this environment and the three
---standard files. Returns only on failure; raises for what is no list of 1 to
---64 strings, or for a NUL in one.
---@param argv string[] the program's path (PATH is not searched), arguments
---@return nil
---@return string message
function core.exec(argv) end

-- program/input.c ------------------------------------------------------------

---What has arrived on standard input, 16 KiB at most. Reads past the buffer of
---io.stdin: use one of the two. Blocks this OS thread.
---@param seconds? number how long to wait; without it: for ever
---@return string|nil bytes "" at the end; nil: nothing came in that time
---@return string|nil message nil, message: it can't be read
function core.input(seconds) end

-- program/output.c -----------------------------------------------------------

---Writes all of it to standard output, past the buffer of io.stdout: use one
---of the two. SIGPIPE has to be ignored. Blocks this OS thread, until somebody
---reads.
---@param bytes string
---@return true|nil
---@return string|nil message
function core.output(bytes) end

-- base/fork.c ----------------------------------------------------------------

---The number of this process: what was opened by another one, before a fork,
---is not for use here.
---@return integer
function core.pid() end

-- versions.c -----------------------------------------------------------------

---The libraries that this core was loaded with.
---@return {libcurl: string, libcrypto: string}
function core.versions() end

-- http/handle.c --------------------------------------------------------------

---A handle for transfers: its connections are kept and used again. Opens no
---socket and starts no thread. After a fork the child gets connections of its
---own. A closed handle, or one that is busy with a call, raises.
---@class equinix.http
local http = {}

---@return equinix.http
function core.http() end

---Takes the head of a response apart that was asked for with `raw_headers`.
---@param head string
---@return string[][] headers list of {name, value}, as received, in order
function core.headers(head) end

---Sends a request and waits for its answer; blocks the OS thread. Raises what
---is wrong with the request, before any byte is sent, and what on_chunk
---raises.
---@param request equinix.transport.request|equinix.prepared
---@param seconds number limit for the whole transfer
---@param on_chunk? fun(chunk: string) gets the body of a 2xx answer; may
---  neither yield nor use this handle; max_body bounds what comes between two
---  calls
---@return equinix.transport.response|nil response
---@return equinix.transport.err|nil err
function http:send(request, seconds, on_chunk) end

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

-- http/async.c ---------------------------------------------------------------

---Transfers that are under way between two calls. They move while somebody
---waits. Opens no socket and starts no thread. A transfer belongs to the
---process that began it: in a forked child there is none. A closed crowd
---raises.
---@class equinix.crowd
local crowd = {}

---@return equinix.crowd
function core.multi() end

---Begins a transfer. A failure is told by wait, unless there is not even a
---transfer.
---@param prepared equinix.prepared
---@param seconds number limit for the whole transfer
---@return integer|nil number
---@return equinix.transport.err|nil err
function crowd:add(prepared, seconds) end

---The outcome of a transfer that has ended, one at a time; nil when the time
---is over. Nil at once where there is nothing to wait for. Blocks this OS
---thread.
---@param seconds? number without it: for ever
---@param input? boolean nil also when standard input can be read, has ended or
---  failed, or when the process was told to end (core.on_term)
---@return integer|nil number
---@return equinix.transport.response|nil response
---@return equinix.transport.err|nil err
function crowd:wait(seconds, input) end

---Breaks a transfer off, or drops the outcome of one that has ended.
---@param number integer
---@return boolean there was such a transfer
function crowd:cancel(number) end

---Breaks all off; closing again does nothing. The collector and Lua 5.4's
---`<close>` do the same.
function crowd:close() end

-- http/prepared_request.c ----------------------------------------------------

---A request that was read and checked once, to be sent often by
---`handle:send`. A later change of its table changes nothing.
---@class equinix.prepared

---Raises what is wrong with the request.
---@param request equinix.transport.request
---@return equinix.prepared
function core.prepare(request) end

return core
