--- answer_cache: requests to REST that got the service's own token. When the
--- same request comes again, nothing of it has to be read.
--
-- Law of this file: the key of a request, which nginx makes (nginx_conf), has
-- all of a request without a body, except for headers that are rarely needed:
-- those are looked up in the current request. Whether the last response is
-- still right is decided by REST, each time.

local M = {}

local SIZE = 64 -- requests

---@class equinix.serve.AnswerCache
---@field rest equinix.service.Rest
---@field headers table metatable that finds headers of the current request
---@field requests table<string, equinix.service.HttpRequest> by key
---@field free integer how many more can be stored
local AnswerCache = {}
AnswerCache.__index = AnswerCache

--- Looks a request up.
---@param key string
---@return equinix.service.HttpRequest|nil request the stored one
---@return equinix.service.HttpResponse|nil response nil when it must be
---  handled anew
function AnswerCache:get(key)
  local request = self.requests[key]
  return request, request and self.rest:again(request)
end

--- Stores a request that was handled, where it is one to store.
---@param key string
---@param request equinix.service.HttpRequest
function AnswerCache:add(key, request)
  -- A key that ends without a length and a transfer coding belongs to a
  -- request without a body. Requests with a query are too many to store.
  if not request.own or request.query or self.requests[key]
    or not key:find "\n0?\n$" then
    return
  elseif self.free == 0 then
    self.requests, self.free = {}, SIZE
  end
  request.headers = setmetatable({ host = request.headers.host },
    self.headers)
  self.requests[key], self.free = request, self.free - 1
end

--- An empty cache.
---@param rest equinix.service.Rest
---@param headers table metatable whose __index finds a header, by its name in
---  lower case, in the current request
---@return equinix.serve.AnswerCache
function M.new(rest, headers)
  return setmetatable({
    rest = rest,
    headers = headers,
    requests = {},
    free = SIZE,
  }, AnswerCache)
end

return M
