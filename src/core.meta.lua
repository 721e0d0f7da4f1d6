---@meta equinix.core
-- core.meta: the C module `equinix.core` for editors (LuaLS). Never loaded.
--
-- Law of this file: one declaration for each C function that Lua can call,
-- with the meaning that the comment above that function has.
-- spec/annotations_spec.lua compares it with the module. The tables of `send`
-- are declared with the port, in lua/equinix/transport/curl.lua.
-- luacheck: ignore 212 241

---@class equinix.core
---@field _VERSION string the version of the core, "0.1.0"
local core = {}

-- base/clock.c ---------------------------------------------------------------

---Seconds, with fractions, on a clock that goes on while the machine sleeps
---(CLOCK_BOOTTIME; elsewhere CLOCK_MONOTONIC). Not related to the date.
---@return number seconds
function core.now() end

---Blocks this OS thread, at least that long; a signal does not cut it short.
---@param seconds number zero, negative and NaN return at once
function core.sleep(seconds) end

---A number from the operating system's generator; differs between forked
---processes. Raises when the system has none.
---@return number fraction at least 0, less than 1
function core.random() end

---Seconds since 1970 (UTC), with fractions. Jumps when the clock is set: only
---for times that are stored, and read after another boot or elsewhere.
---@return number seconds
function core.time() end

-- base/digest.c --------------------------------------------------------------

---SHA-256. Raises when libcrypto fails.
---@param bytes string
---@return string hex 64 lower-case digits
function core.sha256(bytes) end

-- base/read_file.c -----------------------------------------------------------

---The bytes of a file; a pipe is read once, and kept. Blocks this OS thread.
---@param path string
---@param max integer bytes, 1 MiB at most
---@param seconds? number how long a pipe may be silent; 60
---@return string|nil bytes
---@return string|nil code "ENOENT", "EFBIG" (it is longer), "ETIMEDOUT", ...
function core.read_file(path, max, seconds) end

---Reads a file of up to 1 MiB now, for readers that will not be able to open
---it: this process is going to change its root or its user. As long as it can
---be opened it is read anew. Blocks this OS thread.
---@param path string
---@return true|nil kept
---@return string|nil code as of core.read_file
function core.keep_file(path) end

---Whether there is a pipe of that name, or anything else that can't be read
---again; a kept file that can no longer be opened counts, too. Opens nothing.
---@param path string
---@return boolean
function core.is_pipe(path) end

-- base/text.c ----------------------------------------------------------------

---`pcall` under the locale "C", for this thread and this call only.
---@param f function
---@param ... any its arguments
---@return boolean ok
---@return any ... results, or the message
function core.in_c_locale(f, ...) end

---The decimal point of the locale that this thread has now.
---@return string point may have several bytes
function core.decimal_point() end

---A to Z in lower case; all other bytes as they are, in any locale.
---@param text string
---@return string
function core.lower(text) end

-- crypto/seal.c --------------------------------------------------------------

---Seals a record: encrypted, and bound to its key. The same bytes are sealed
---differently each time. Raises for other sizes, and when libcrypto or the
---system's generator fails.
---@param secret string 1 byte to 32 KiB
---@param key string 64 KiB at most
---@param bytes string 64 KiB at most; may be empty
---@return string sealed 29 bytes longer
function core.seal(secret, key, bytes) end

---What was sealed with the same secret for the same key; nil for anything
---else, of any size. Raises only when libcrypto itself fails.
---@param secret string
---@param key string
---@param sealed string
---@return string|nil bytes
function core.unseal(secret, key, sealed) end

---The name under which a record of this key is stored; it reveals nothing
---about the key without the secret. Raises for other sizes, and when libcrypto
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
---@field origin string "https://host:port", lower case, always with the port
---@field loopback boolean localhost, 127.0.0.0/8 or [::1]

---Parses an absolute http or https URL; a fragment is dropped. What two
---parsers could read differently is refused: user info, backslashes, control
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

-- http/date.c ----------------------------------------------------------------

---A date and time as libcurl reads it: UTC unless the text names a zone. It
---reads more than HTTP allows; for HTTP's forms use equinix.http.date.
---@param text string
---@return number|nil seconds since 1970; nil: not a date
function core.date(text) end

-- files/file_mode.c ----------------------------------------------------------

---The rights of the file that a path leads to: 384 for 0600.
---@param path string
---@return integer|nil mode
---@return "self"|"root"|"other"|string owner or, without a mode, the name of
---  the error: "ENOENT"
function core.file_mode(path) end

-- files/private_new.c --------------------------------------------------------

---Makes a folder for its owner alone, whatever the umask is. What is there is
---left as it is ("EEXIST").
---@param path string
---@return true|nil
---@return string|nil code the name of the error
function core.make_private_folder(path) end

---Makes a pipe with a name (mkfifo), for its owner alone.
---@param path string
---@return true|nil
---@return string|nil code the name of the error
function core.make_private_pipe(path) end

---Writes a file for its owner alone, over what was in it, but through no link
---("ELOOP").
---@param path string
---@param bytes string
---@return true|nil
---@return string|nil code the name of the error
function core.write_private_file(path, bytes) end

-- base/fork.c ----------------------------------------------------------------

---The number of this process: what was opened by another one, before a fork,
---is not for use here.
---@return integer
function core.pid() end

-- core.c ---------------------------------------------------------------------

---The libraries that this core was loaded with.
---@return {libcurl: string, libcrypto: string}
function core.versions() end

-- http/handle.c --------------------------------------------------------------

---A handle for transfers, which keeps its connections for the next ones. Opens
---no socket and starts no thread. After a fork the child gets connections of
---its own. A closed handle, or one that is busy with a call, raises.
---@class equinix.http
local http = {}

---@return equinix.http
function core.http() end

---Parses the head of a response that was requested with `raw_headers`.
---@param head string
---@return string[][] headers list of {name, value}, as received, in order
function core.headers(head) end

---Sends a request and waits for its response; blocks the OS thread. Raises
---what is wrong with the request, before any byte is sent, and what on_chunk
---raises.
---@param request equinix.transport.request|equinix.prepared
---@param seconds number limit for the whole transfer
---@param on_chunk? fun(chunk: string) gets the body of a 2xx response; may
---  neither yield nor use this handle; max_body bounds what comes between two
---  calls
---@param meanwhile? fun() called each `every` seconds until then; it may
---  neither yield nor use this handle, and nothing is sent or received before
---  it returns
---@param every? number seconds
---@return equinix.transport.response|nil response
---@return equinix.transport.err|nil err
function http:send(request, seconds, on_chunk, meanwhile, every) end

---Sends many requests. Raises what is wrong with any of them, before the first
---byte is sent.
---@param requests equinix.transport.request[]
---@param n integer how many are under way at once, at least 1
---@param seconds number limit for all of them together
---@return equinix.transport.result[] results in the order of the requests
function http:send_many(requests, n, seconds) end

---Closes the connections; closing again does nothing. The collector and
---Lua 5.4's `<close>` do the same.
function http:close() end

-- http/libcurl.c -------------------------------------------------------------

---Loads libcurl now rather than at its first use, and raises where it can't be
---loaded.
function core.load_libcurl() end

-- http/identity_files.c ------------------------------------------------------

---The file of the authorities that libcurl trusts without a ca_file.
---@return string|nil path nil: it has none, or is too old to say
function core.system_ca() end

-- http/engine_object.c -------------------------------------------------------

---A result: one of `response` and `err`.
---@class equinix.engine.Result
---@field number integer as engine:start() returned it
---@field response? equinix.transport.response|equinix.transport.replies
---@field err? equinix.transport.err

---Transfers that are under way between two calls, on one thread. They move in
---`step`, in `wait`, or in core.drive of another thread. A transfer belongs to
---the process that began it: in a forked child there is none. A closed object
---raises.
---@class equinix.engine
local engine = {}

---Opens no socket and starts no thread.
---@return equinix.engine
function core.engine() end

---Begins a transfer, in the next step; it queues while too many are under way.
---Its failure is a result; an err is returned here only without memory.
---@param prepared equinix.prepared|equinix.exchange
---@param seconds number limit for the whole transfer, waiting included
---@return integer|nil number
---@return equinix.transport.err|nil err
function engine:start(prepared, seconds) end

---Sends and receives what is possible; never blocks. From now on `fd` is
---readable when there is something to do.
---@param limit? integer transfers to begin at most; 16
---@return equinix.engine.Result[] results of what has ended, each once
function engine:step(limit) end

---The results of what has ended, while another thread drives.
---@param limit? integer so many at most, the rest next time; all
---@return equinix.engine.Result[]
function engine:results(limit) end

---Waits for results. Blocks this OS thread.
---@param seconds? number at most; nil: as long as something is under way
---@param input? boolean ends also when standard input can be read, has ended
---  or failed, or when the process was asked to terminate (core.on_term)
---@return equinix.engine.Result[] results none when the time is over
function engine:wait(seconds, input) end

---Cancels a transfer, or drops the result of one that has ended.
---@param number integer
---@return boolean found whether there was such a transfer
---@return boolean|nil begun whether it was begun: else nothing was sent
function engine:cancel(number) end

---The descriptor for a foreign loop: readable when a step has something to do.
---It stays the engine's.
---@return integer|nil fd nil: libcurl can't be used
function engine:fd() end

---Whether there are transfers whose results were not read.
---@return boolean
function engine:busy() end

---How many are under way at once; others queue. 4096 by default.
---@param n integer
function engine:limit(n) end

---The number for core.drive.
---@return integer|nil id nil: libcurl can't be used
function engine:id() end

---Cancels all and closes the connections; closing again does nothing.
function engine:close() end

---Drives an engine until it has results, nothing is under way, or the time is
---over. For any one thread of the process. Blocks this OS thread.
---@param id integer engine:id()
---@param seconds number at most
---@return boolean driven false: there is no such engine, or another drives it
function core.drive(id, seconds) end

-- http/exchange.c ------------------------------------------------------------

---An exchange that was read and checked once. A later change of its table
---changes nothing.
---@class equinix.exchange

---Raises what is wrong with the options. engine:start and the transports'
---`send` take it as they take a request.
---@param options equinix.transport.exchange
---@return equinix.exchange
function core.exchange(options) end

---Whether it is one of core.exchange.
---@param value any
---@return boolean
function core.is_exchange(value) end

-- http/prepared_request.c ----------------------------------------------------

---A request that was read and checked once, to be sent often by
---`handle:send`. A later change of its table changes nothing.
---@class equinix.prepared

---Raises what is wrong with the request.
---@param request equinix.transport.request
---@return equinix.prepared
function core.prepare(request) end

return core
