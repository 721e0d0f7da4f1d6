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

---@class equinix.transport.result has one of the two
---@field response? equinix.transport.response
---@field err? equinix.transport.err

---@class equinix.transport.curl
local M = {}

---Sleeping and sending block this OS thread, so waiting may block it, too.
M.blocking = true

local handle

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

---Sends a request and waits for its response.
---@param request equinix.transport.request|equinix.prepared
---@param seconds number limit for the whole transfer
---@param on_chunk? fun(chunk: string) gets the body of a 2xx response in
---  pieces; then the response's body is ""
---@return equinix.transport.response? response
---@return equinix.transport.err? transport_err
function M.send(request, seconds, on_chunk)
  if not on_chunk then
    return (handle or get_handle()):send(request, seconds)
  end
  -- The function may make calls itself, so this one has its own handle.
  local own = core.http()
  local response, transport_err = own:send(request, seconds, on_chunk)
  own:close()
  return response, transport_err
end

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
