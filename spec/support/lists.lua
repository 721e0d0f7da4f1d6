-- lists: responses to a request for a list, and what the client and the
-- command have to make of each. One table for both, since there is one rule.
local rawserver = require "spec.support.rawserver"

local M = {}

--- {body, items = their JSON texts} or {body, message = a part of the error's}
M.RESPONSES = {
  { '[1,{"a":2}]', items = { "1", '{"a":2}' } },
  { '\r\n[ 1 ,\t{"a":2} ] \n', items = { "1", '{"a":2}' } },
  { "[]", items = {} },
  { " [ ] ", items = {} },
  { '{"pagination":{"total":2},"data":[1,{"a":2}]}',
    items = { "1", '{"a":2}' } },
  { '{"content":[1,{"a":2}],"page":{"number":0}}',
    items = { "1", '{"a":2}' } },
  { '{"status":{"data":[7]},"payLoad":[1,2]}', items = { "1", "2" } },
  { '{"payLoad":{"data":[1,2]},"status":{"statuscode":"200"}}',
    items = { "1", "2" } },
  { ' {\n "data" : [ 1 ,\n {"a":2} ]\n} ', items = { "1", '{"a":2}' } },
  { '{"data":null,"content":[1]}', items = { "1" } },
  { '{"data":[' .. ("[1,"):rep(500) .. "2" .. ("]"):rep(500) .. "]}",
    items = { ("[1,"):rep(500) .. "2" .. ("]"):rep(500) } },
  { '{"data":[1],"errors":[],"error":null,"fault":""}', items = { "1" } },

  -- null is a list without items.
  { "null", items = {} },
  { '{"data":null}', items = {} },
  { '{"data":null,"pagination":{"offset":0,"limit":20,"total":0}}',
    items = {} },
  { '{"content":null,"totalCount":0}', items = {} },
  { '{"payLoad":null,"status":{"statuscode":200}}', items = {} },
  { '{"payLoad":{"data":null}}', items = {} },
  { '{"data":[]}', items = {} },
  { '{"data":{}}', items = {} },

  -- One object is itself.
  { '{"data":{"a":1}}', items = { '{"a":1}' } },
  { '{"payLoad":{"a":1}}', items = { '{"a":1}' } },
  { '{"content":{"data":{"a":1}}}', items = { '{"data":{"a":1}}' } },

  -- Everything else is no list.
  { "{}", message = "an object without members" },
  { '{"items":[{"id":1}]}', message = 'the members "items";' },
  { '{"crossConnects":[{"ibx":"SV1"}]}', message = '"crossConnects";' },
  { '{"name":"a","tags":[1]}', message = '"name", "tags";' },
  { '{"data":"[1]"}', message = '"data";' },
  { '{"data":false,"x":1}', message = '"data", "x";' },
  { '{"content":7}', message = '"content";' },
  { "1", message = "a number" },
  { '"data"', message = "a string" },
  { "false", message = "a boolean" },
  { '{"errors":[{"code":"E1","message":"m"}]}',
    message = 'the members "errors", and reports an error' },
  { '{"data":null,"errors":[{"message":"secret text"}]}',
    message = '"data", "errors", and reports an error' },
  { '{"data":[],"error":"broken"}', message = "reports an error" },
  { '{"data":[1],"fault":{"faultstring":"x"}}',
    message = "reports an error" },
  { '{"payLoad":null,"status":{"type":"ERROR","statuscode":"500"}}',
    message = '"payLoad", "status", and reports an error' },
  { '{"payLoad":[1],"status":{"statuscode":404}}',
    message = "reports an error" },

  -- The names of members come from outside.
  { [[{"\u001b[31m\r\n\u0007":1,"a\"\\b":[2]}]],
    message = [["\x1B[31m\x0D\x0A\x07", "a\x22\x5Cb";]] },
  { '{"\195\188":1}', message = [["\xC3\xBC";]] },
  { '{"' .. ("n"):rep(1000) .. '":1}',
    message = '"' .. ("n"):rep(40) .. '...";' },
  { '{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1}',
    message = '"g", "h", 2 more;' },
}

--- Servers whose lists never end: the body for the n-th request that asks for
--- `offset` and `page` (0 where it does not), as a chunk of Lua; the code of
--- the error, and after how many requests at most.
M.ENDLESS = {
  same_item = { code = "same_page", at = 2, [[
    return ('{"data":[{"a":1}],"pagination":{"offset":%d,"limit":1,'
      .. '"total":1000000}}'):format(offset)]] },
  same_page = { code = "same_page", at = 2, [[
    return '{"data":[{"a":1}],"pagination":{"offset":0,"total":9}}']] },
  same_last_page = { code = "same_page", at = 2, [[
    return ('{"data":[{"a":1}],"pagination":{"offset":%d,"total":2}}')
      :format(offset)]] },
  same_but_for_the_order = { code = "same_page", at = 2, [[
    local first, second = '"a":1', '"b":[1,{"c":null}]'
    if n % 2 == 0 then
      first, second = second, first
    end
    return ('{"data":[{%s, %s}],"time":%d,"pagination":{"offset":%d,'
      .. '"total":1000000}}'):format(first, second, n, offset)]] },
  same_deep_page = { code = "same_page", at = 2, [[
    return ('{"data":[%s2%s],"pagination":{"offset":%d,"total":9}}')
      :format(("[1,"):rep(900), ("]"):rep(900), offset)]] },
  same_page_with_next = { code = "same_page", at = 2, [[
    return ('{"data":[1,2],"pagination":{"next":"/x?offset=%d"}}')
      :format(offset + 2)]] },
  same_content = { code = "same_page", at = 2, [[
    return '{"content":[{"a":1}],"totalCount":1000000}']] },
  same_numbered_page = { code = "same_page", at = 2, [[
    return ('{"content":[{"a":1}],"page":{"number":%d,'
      .. '"totalPages":1000000}}'):format(page)]] },
  circle = { code = "same_page", at = 12, [[
    return ('{"data":[%d],"pagination":{"offset":%d,"total":%d}}')
      :format(offset % 3, offset, offset + 10)]] },
  circle_after_a_start = { code = "same_page", at = 40, [[
    return ('{"content":[%d],"totalCount":1000000}')
      :format(page < 9 and page or 100 + page % 2)]] },
  next_again = { code = "no_progress", at = 3, [[
    return ('{"data":[%d],"pagination":{"next":"/x?cursor=%d"}}')
      :format(n, n % 2)]] },
  same_offset = { code = "no_progress", at = 2, [[
    return ('{"data":[%d],"pagination":{"offset":0,"total":9}}'):format(n)]] },
  back = { code = "no_progress", at = 3, [[
    return ('{"data":[%d],"pagination":{"offset":%d,"total":99}}'):format(n,
      offset == 2 and 1 or offset)]] },
  same_number = { code = "no_progress", at = 2, [[
    return ('{"content":[%d],"totalCount":1000000,"page":0}'):format(n)]] },
  same_page_number = { code = "no_progress", at = 2, [[
    return ('{"content":[%d],"page":{"number":3,"totalPages":9}}')
      :format(n)]] },
}

--- Numbers that a server may not send, and the member that the error names.
M.NUMBERS = {}
for member, body in pairs {
  ["pagination.offset"] = '{"data":[1],"pagination":{"offset":%s,"total":9}}',
  ["pagination.total"] = '{"data":[1],"pagination":{"offset":0,"total":%s}}',
  ["totalCount"] = '{"content":[1],"totalCount":%s}',
  ["page.number"] = '{"content":[1],"page":{"number":%s,"totalPages":9}}',
  ["page.totalPages"] = '{"content":[1],"page":{"number":0,"totalPages":%s}}',
  ["page"] = '{"content":[1],"totalCount":9,"page":%s}',
  ["number"] = '{"content":[1],"totalCount":9,"number":%s}',
} do
  for _, value in ipairs { '"nan"', '"inf"', '"-nan"', '"0x10"', '"1e3"',
    '"1.5"', '" 1"', '"-1"', '""', "-1", "1.5", "9007199254740992", "1e300",
    "true", ('"%s"'):format(("9"):rep(400)) } do
    M.NUMBERS[#M.NUMBERS + 1] = { body:format(value), member = member }
  end
end

--- A server of these bodies: the n-th one is at /n.
---@param responses {[1]: string}[]
function M.serve(responses)
  local bodies = {}
  for i, response in ipairs(responses) do
    bodies[i] = ("%q"):format(response[1])
  end
  return rawserver.start(([[
    local c = ...
    local bodies = { %s }
    local request = c:request()
    while request do
      c:send(c.ok(bodies[tonumber(request.path:match "^/(%%d+)")]))
      request = c:request()
    end
  ]]):format(table.concat(bodies, ",\n")))
end

--- A server of one of the endless lists. After 60 requests it fails, so that a
--- client without a limit ends too.
function M.serve_endless(list)
  return rawserver.start(([[
    local c = ...
    local function body_of(n, offset, page)
      %s
    end
    local share = c.share
    local request = c:request()
    while request do
      share.n = (share.n or 0) + 1
      if share.n > 60 then
        c:send "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
      else
        local function asked(name)
          return tonumber(request.path:match("[?&]" .. name .. "=(%%d+)"))
            or 0
        end
        c:send(c.ok(body_of(share.n, asked "offset", asked "page")))
      end
      request = c:request()
    end
  ]]):format(list[1]))
end

return M
