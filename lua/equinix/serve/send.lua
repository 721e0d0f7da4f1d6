--- send: a response of REST or MCP goes out by nginx.
--
-- Law of this file: all headers of the APIs that nginx_conf does not set are
-- set here. There is no loop on the way of a 200, since
-- LuaJIT would not compile what comes after one.

local M = {}

local ngx = ngx -- the one global, given by ngx_lua

-- Those of responses other than 200.
local OTHER_HEADERS = { "Allow", "Retry-After", "WWW-Authenticate", "Accept",
  "Connection", "Location" }

local function send_other_headers(header, headers)
  for i = 1, #OTHER_HEADERS do
    local name = OTHER_HEADERS[i]
    if headers[name] then
      header[name] = headers[name]
    end
  end
end

local function send_more_headers(header, list)
  for i = 1, #list do
    header[list[i][1]] = list[i][2]
  end
end

local last_body, last_length -- most bodies are the one before

local function length_of(text)
  if text ~= last_body then
    last_body, last_length = text, tostring(#text)
  end
  return last_length
end

--- Sends a response to the current request.
---@param response equinix.service.HttpResponse
---@param id? string of the request
function M.response(response, id)
  local header, headers = ngx.header, response.headers
  if id then
    header["X-Request-Id"] = id
  end
  if headers["Content-Type"] ~= "application/json" then
    header["Content-Type"] = headers["Content-Type"]
  end
  header["Content-Length"] = length_of(response.body)
  if headers.Age then
    header.Age = headers.Age
  end
  if response.more then
    send_more_headers(header, response.more)
  end
  if response.status ~= 200 then
    ngx.status = response.status
    send_other_headers(header, headers)
  end
  ngx.print(response.body)
end

--- The body of a 200 in JSON that nginx itself will send, by `return`, after
--- its other headers are set.
---@param response equinix.service.HttpResponse
---@return string
function M.by_return(response)
  local age = response.headers.Age
  if age then
    ngx.header.Age = age
  end
  return response.body
end

return M
