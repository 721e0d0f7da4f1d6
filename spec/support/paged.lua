-- paged: a server of lists in pages, which counts what is under way.
--
-- Law of this file: the server knows no client; what it does is in the path,
-- and how many pages it was asked for at the same time is counted by itself.
--
--   /list?total=50&size=1&...   pages by offset; item i is {"id":i}; more in
--                               the query:
--     style=count|number        pages by number instead
--     hold=n&from=p             the responses to page p and those after it
--                               wait until n requests are under way at once
--     stuck=p                   page p is answered when its request is gone
--     status=s&at=p&times=t     page p is answered with that, t times
--     after=seconds             its Retry-After
--     late=p                    page p is 502 once, 0.2 s later
--     short=p                   page p has one item less than it should
--     more=n                    the total grows by that with each page
--     pad=bytes                 each item is as large as that
--     huge=p&mb=n               the items of page p have so many MB
--     sleep=s                   each response comes so many seconds later
--   /token                      token1, token2, ...
--   /refuse                     the current token is not accepted from now on
--   /state                      {"most":,"now":,"aborted":,"tokens":}
--   /log                        [{"page":,"at": seconds},...] as they came
local json = require "equinix.base.json"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local M = {}

local SCRIPT = [==[
  local socket = require "socket"
  local c = ...
  local share = c.share
  for name in ("now most aborted issued grown"):gmatch "%a+" do
    share[name] = share[name] or 0
  end
  share.times, share.log = share.times or {}, share.log or {}

  local function send(status, text, more)
    return c:send(("HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s"
      .. "Content-Length: %d\r\n\r\n%s"):format(status, more or "", #text,
      text))
  end

  local function body(query, first, page)
    local size, items = query.size, {}
    local total = query.total + share.grown
    share.grown = share.grown + (query.more or 0)
    query.pad = query.huge == page and query.mb * 1000000 or query.pad
    local pad = query.pad and ',"pad":"' .. ("x"):rep(query.pad) .. '"' or ""
    local count = size - (query.short == page and 1 or 0)
    for i = first, math.min(first + count, total) - 1 do
      items[#items + 1] = ('{"id":%d%s}'):format(i + 1, pad)
    end
    local list = "[" .. table.concat(items, ",") .. "]"
    if query.style == "count" then
      return ('{"content":%s,"totalCount":%d}'):format(list, total)
    elseif query.style == "number" then
      return ('{"content":%s,"page":{"number":%d,"totalPages":%d}}'):format(
        list, page, math.ceil(total / size))
    end
    return ('{"data":%s,"pagination":{"offset":%d,"limit":%d,"total":%d}}')
      :format(list, first, size, total)
  end

  -- Whether the other side has gone.
  local function gone()
    c.socket:settimeout(0)
    local _, reason = c.socket:receive(0)
    local readable = socket.select({ c.socket }, nil, 0)
    if readable[1] then
      local byte, why = c.socket:receive(1)
      return not byte and why == "closed" or reason == "closed"
    end
    return false
  end

  local function answer(request, query)
    local first = query.offset or (query.page or 0) * query.size
    local page = math.floor(first / query.size)
    share.most = math.max(share.most, share.now)
    local sent = request.headers.authorization
    if sent and sent == share.refused then
      share.refusals = (share.refusals or 0) + 1
      return send("401 Unauthorized", "{}")
    end
    local n = share.times[page] or 0
    share.times[page] = n + 1
    share.log[#share.log + 1] = { page = page, at = socket.gettime() }
    if query.status and query.at == page and n < (query.times or 1) then
      return send(query.status .. " X", "{}", query.after
        and "Retry-After: " .. query.after .. "\r\n")
    end
    if query.late == page and n == 0 then
      c:sleep(0.2)
      return send("502 X", "{}")
    end
    while query.stuck == page do
      if gone() then
        share.aborted = share.aborted + 1
        return false
      end
      c:sleep(0.005)
    end
    local give_up = socket.gettime() + 60
    while query.hold and page >= query.from and share.most < query.hold
      and socket.gettime() < give_up do
      c:sleep(0.005)
    end
    if query.sleep then
      c:sleep(query.sleep)
    end
    return send("200 OK", body(query, first, page))
  end

  for request in function() return c:request() end do
    local query = {}
    for name, value in request.path:gmatch "[?&](%w+)=([^&]*)" do
      query[name] = tonumber(value) or value
    end
    query.offset = tonumber(request.body:match '"offset":(%d+)')
      or query.offset
    if request.path == "/state" then
      send("200 OK", ('{"most":%d,"now":%d,"aborted":%d,"tokens":%d}')
        :format(share.most, share.now, share.aborted, share.issued))
    elseif request.path == "/log" then
      local list = {}
      for i, entry in ipairs(share.log) do
        list[i] = ('{"page":%d,"at":%.4f}'):format(entry.page, entry.at)
      end
      send("200 OK", "[" .. table.concat(list, ",") .. "]")
    elseif request.path == "/refuse" then
      share.refused = "Bearer token" .. share.issued
      send("200 OK", "{}")
    elseif request.path:find "token" then
      share.issued = share.issued + 1
      send("200 OK", ('{"access_token":"token%d","token_timeout":3600,'
        .. '"token_type":"Bearer"}'):format(share.issued))
    else
      share.now = share.now + 1
      local going = answer(request, query)
      share.now = share.now - 1
      if going == false then
        return
      end
    end
  end
]==]

local Paged = {}
Paged.__index = Paged

--- Starts one.
function M.start()
  local server = rawserver.start(SCRIPT)
  return setmetatable({ server = server, url = server.url,
    port = server.port }, Paged)
end

--- What the server has counted.
---@return {most: integer, now: integer, aborted: integer, tokens: integer}
function Paged:state()
  return json.decode((process.capture("curl -s " .. self.url .. "/state")))
end

--- The pages it was asked for, and when.
---@return {page: integer, at: number}[]
function Paged:log()
  return json.decode((process.capture("curl -s " .. self.url .. "/log")))
end

--- Waits until what it has counted is as it should be.
---@param condition fun(state: table): boolean
function Paged:until_state(condition)
  return process.eventually(function()
    return condition(self:state())
  end)
end

--- The pages that were asked for, in that order: their offsets or numbers.
---@return integer[]
function Paged:asked()
  local found = {}
  for _, request in ipairs(self.server:requests()) do
    if request.path:find "^/list" then
      found[#found + 1] = tonumber(request.path:match "[?&]offset=(%d+)"
        or request.path:match "[?&]page=(%d+)") or 0
    end
  end
  return found
end

function Paged:stop()
  self.server:stop()
end

return M
