-- frames: scripts for rawserver that answer over HTTP/1.x and HTTP/2 alike.
--
-- Law of this file: it decodes no header of HTTP/2, so a script tells requests
-- apart by their bodies; it acknowledges settings and answers pings, the rest
-- is the script's.
--
--   rawserver.start(frames.script([[
--     local c, h2 = ...              -- c is rawserver's connection
--     for request in h2.requests do  -- logged; {stream=, body=}
--       h2.answer(request.stream, "hello")
--     end
--   ]], over), frames.tls(over, made.good))
--
-- Also, over HTTP/2 only: h2.refuse(stream), h2.goaway(last), h2.ping().
local M = {}

local CODE = [=[
local c = ...
local h2 = {}
local char, bodies = string.char, {}

local function number(n)
  return char(math.floor(n / 16777216) % 256, math.floor(n / 65536) % 256,
    math.floor(n / 256) % 256, n % 256)
end

local function frame(kind, flags, stream, payload)
  return c:send(number(#payload):sub(2) .. char(kind, flags)
    .. number(stream) .. payload)
end

function h2.answer(stream, body)
  local length = tostring(#body)
  -- END_HEADERS; ":status: 200", "content-length: ..." (RFC 7541, 6.2.2)
  frame(1, 4, stream, "\136\15\13" .. char(#length) .. length)
  frame(0, 1, stream, body) -- END_STREAM
end
function h2.refuse(stream)
  frame(3, 0, stream, number(7))
end
function h2.goaway(last)
  frame(7, 0, 0, number(last) .. number(0))
end
function h2.ping()
  frame(6, 0, 0, "12345678")
end

local function read_frame()
  local head = c:receive(9)
  if not head then
    return nil
  end
  local a, b, d, kind, flags, e, f, g, h = head:byte(1, 9)
  local length = a * 65536 + b * 256 + d
  local payload = length > 0 and c:receive(length) or ""
  return payload and kind, flags,
    e % 128 * 16777216 + f * 65536 + g * 256 + h, payload
end

local function take(kind, flags, stream, payload)
  if kind == 4 and flags % 2 == 0 then
    frame(4, 1, 0, "")
  elseif kind == 6 and flags % 2 == 0 then
    frame(6, 1, 0, payload)
  elseif kind == 0 then
    bodies[stream] = (bodies[stream] or "") .. payload
  end
  if kind <= 1 and flags % 2 == 1 then
    local request = { stream = stream, method = "?", path = "?",
      headers = {}, body = bodies[stream] or "" }
    c:log(request)
    return request
  end
end

function h2.requests()
  while true do
    local kind, flags, stream, payload = read_frame()
    if not kind then
      return nil
    end
    local request = take(kind, flags, stream, payload)
    if request then
      return request
    end
  end
end

if c:receive(24) then -- the preface
  frame(4, 0, 0, "")
  ;(function(...) %s
  end)(c, h2)
end
]=]

local PLAIN = [=[
local c = ...
local h2 = {}
function h2.requests()
  return c:request()
end
function h2.answer(_, body)
  c:send(c.ok(body))
end
;(function(...) %s
end)(c, h2)
]=]

--- A script: a token endpoint and an API in one, whatever is asked.
M.TOKENS = [[
  local c, h2 = ...
  for request in h2.requests do
    c.share.n = (c.share.n or 0) + 1
    h2.answer(request.stream, '{"access_token":"token-' .. c.share.n
      .. '","token_timeout":"3600","token_type":"Bearer",'
      .. '"refresh_token":"refresh-' .. c.share.n
      .. '","refresh_token_timeout":"3600"}')
  end
]]

--- The names of what a script can be run over.
M.all = { "TCP", "TLS 1.2", "TLS 1.3", "HTTP/2" }

--- The whole script, for one of them.
---@param script string
---@param over string
---@return string
function M.script(script, over)
  return ((over == "HTTP/2" and CODE or PLAIN):gsub("%%s", function()
    return script
  end, 1))
end

--- What rawserver.start takes as `tls` for it.
---@param over string
---@param pair {key: string, certificate: string}
function M.tls(over, pair)
  if over ~= "TCP" then
    return { key = pair.key, certificate = pair.certificate,
      protocol = over == "TLS 1.2" and "tlsv1_2" or "tlsv1_3",
      alpn = over == "HTTP/2" and "h2" or nil }
  end
end

return M
