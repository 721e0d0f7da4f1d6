--- curl: the transport over libcurl, in this OS thread.
--
-- Law of this file: it is the port, and nothing more. Policy (what to send,
-- when to send it again, what a response means) is the client's; mechanism is
-- the core's. There is one handle for each Lua state, made at the first use,
-- so that all clients of a state share its connections.

local core = require "equinix.core"
local transfers = require("equinix.base.lazy")
  "equinix.transport.curl_transfers"

---A request, as a plain table without functions.
---@class equinix.transport.request
---@field method string a token: "GET", "POST", ...
---@field url string absolute, http or https, percent-encoded
---@field headers? string[][] list of {name, value}; none about framing
---@field body? string the bytes to send
---@field connect_timeout? number seconds for connecting, TLS included
---@field max_body? number bytes, counted after decompression; 64 MiB
---@field connections? integer to its origin at most, where HTTP/2 shares
---  them; 2
---@field fresh_connect? boolean a new connection, closed afterwards
---@field http1? boolean HTTP/2 is not offered: then the end of a body is
---  certain
---@field may_resend? boolean sent again if a reused connection was closed
---@field once? boolean its bytes go to one connection at most, whatever a
---  server guarantees; to a kept one only where that is idle and sound
---@field account? string whose secrets it has: over HTTP/1.x a request that
---  goes out once takes no connection that had one of another account
---@field raw_headers? boolean the response has `head` in place of `headers`,
---  and nothing about the connection
---@field ca_file? string PEM file that replaces the system's authorities
---@field client_cert? string PEM file
---@field client_key? string PEM file
---@field client_key_password_file? string a file with its pass phrase
---@field proxy? string URL; without it no proxy is used, also none of the
---  environment
---@field sink? string path of a file for the body of a 2xx response

---@class equinix.transport.response
---@field status integer
---@field headers? string[][] list of {name, value} as received, in order
---@field head? string all headers as one text, for core.headers
---@field body string "" when it went to the sink
---@field elapsed number seconds
---@field open_ended? true nothing shows that the body is whole: HTTP/2, no
---  length, no compression
---@field http_version string "1.0", "1.1", "2" or "3"
---@field connects integer connections that were opened for it

---@class equinix.transport.err
---@field kind "network"|"timeout"|"tls"|"protocol"|"config"|"memory"
---@field code string "ECONNREFUSED", "CURLE_...", "body_too_large", ...
---@field message string
---@field maybe_sent boolean false: certainly no byte of the request was sent
---@field retryable? boolean false: another attempt would fail alike; nil: the
---  kind decides

---What goes to a server that is no HTTP server, for core.exchange: bytes, and
---how many replies of Redis (RESP2 or RESP3) come back.
---@class equinix.transport.exchange
---@field host? string name or address, with `port`; or `path`
---@field port? integer
---@field path? string of a Unix socket
---@field tls? boolean verified as for the API's requests, before any byte
---@field server_name? string whose certificate it has to be; host
---@field ca_file? string these four as in a request
---@field client_cert? string
---@field client_key? string
---@field client_key_password_file? string
---@field connect_timeout? number seconds for connecting, TLS included
---@field identity? string connections are shared between equal ones only: a
---  digest of user, password and database
---@field login? string bytes that go first on a new connection, "" none; nil:
---  makes no connection ("no_connection")
---@field login_replies? integer replies to them; 1
---@field send string
---@field replies? integer replies to `send`; 1
---@field max_reply? integer bytes; 1 MiB
---@field max_idle? number seconds that a connection was idle; 10, not more;
---  0: a new one, which is closed after it

---Its response. What a server says beside the replies (push frames,
---attributes in front of one) is not in the body.
---@class equinix.transport.replies
---@field body string the replies, as received
---@field kept boolean it went over a connection that was there
---@field elapsed number seconds
---@field login_failed? true an error was among the replies to the login, which
---  are the body: `send` was not sent

---Its error is an equinix.transport.err with `kept`, and with one of these
---codes where the network is at fault: "closed", "refused", "unreachable",
---"unresolved", "timeout"; "garbage" for what is no reply, or too large; and
---"no_connection". `maybe_sent` is about `send`: false while it logs in.

---@class equinix.transport.result has one of the two
---@field response? equinix.transport.response
---@field err? equinix.transport.err

---@class equinix.transport.curl
local M = {}

---Sleeping and sending block this OS thread, so waiting may block it, too.
M.blocking = true

---What a transport calls while a request is under way: see `meanwhile`.
---@class equinix.transport.meanwhile
---@field every number seconds between two calls
---@field call fun() has to end soon; may send by the same transport

local handle
local engine -- of exchanges
local ended = {} -- their results, by number

local LOST = {
  kind = "network",
  code = "closed",
  message = "the exchange did not end in the process that began it",
  maybe_sent = true,
  kept = false,
}

-- A finalizer may do the same while this waits.
local function exchange(prepared, seconds)
  engine = engine or core.engine()
  local number, transport_err = engine:start(prepared, seconds)
  if not number then
    return nil, transport_err
  end
  while not ended[number] and engine:busy() do
    for _, result in ipairs(engine:wait()) do
      ended[result.number] = result
    end
  end
  local result = ended[number] or { err = LOST }
  ended[number] = nil
  return result.response, result.err
end

-- While the handle is at work for one request, what is sent meanwhile has this
-- one.
local at_work, second = false, nil

local function get_handle()
  handle = handle or core.http()
  return handle
end

---Reads a request once that will be sent often; the result is passed to send
---in its place. Later changes of the table have no effect on it.
---@param request equinix.transport.request
---@return equinix.prepared
function M.prepare(request)
  return core.prepare(request)
end

local function send_meanwhile(request, seconds, meanwhile)
  get_handle()
  at_work = true
  local ok, response, transport_err = pcall(handle.send, handle, request,
    seconds, nil, meanwhile.call, meanwhile.every)
  at_work = false
  if not ok then
    error(response, 0)
  end
  return response, transport_err
end

---Sends a request and waits for its response.
---@param request equinix.transport.request|equinix.prepared|equinix.exchange
---@param seconds number limit for the whole transfer
---@param on_chunk? fun(chunk: string) gets the body of a 2xx response in
---  pieces; then the response's body is ""; not for an exchange
---@param meanwhile? equinix.transport.meanwhile not beside on_chunk
---@return equinix.transport.response|equinix.transport.replies|nil response
---@return equinix.transport.err? transport_err
function M.send(request, seconds, on_chunk, meanwhile)
  if core.is_exchange(request) then
    return exchange(request, seconds)
  elseif at_work then
    second = second or core.http()
    return second:send(request, seconds)
  elseif meanwhile then
    return send_meanwhile(request, seconds, meanwhile)
  elseif not on_chunk then
    return (handle or get_handle()):send(request, seconds)
  end
  -- The function may make calls itself, so this one has its own handle.
  local own = core.http()
  local response, transport_err = own:send(request, seconds, on_chunk)
  own:close()
  return response, transport_err
end

---The `send` that calls a function while the request is under way. A transport
---that was made of this one with another `send` does without.
M.meanwhile = M.send

---Sends many requests, n at a time.
---@param requests equinix.transport.request[]
---@param n integer how many are in flight at once
---@param seconds number limit for all of them together
---@return equinix.transport.result[] results in the order of the requests
function M.send_many(requests, n, seconds)
  return get_handle():send_many(requests, n, seconds)
end

---For calls that one caller has under way side by side. They go past `send`:
---a transport made of this one with another `send` does without.
M.transfers = {
  send = M.send,
  new = function()
    return transfers.new()
  end,
}

---Waits. Blocks this OS thread.
---@param seconds number
function M.sleep(seconds)
  core.sleep(seconds)
end

---Whether waiting is allowed here: always.
---@return true
function M.can_wait()
  return true
end

return M
