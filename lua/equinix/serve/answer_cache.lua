--- answer_cache: requests to REST that got the service's own token. When the
--- same request comes again, nothing of it has to be read.
--
-- Laws of this file: a request is found by its head, byte by byte, and where
-- callers write something new into each head, by the key that nginx makes of
-- it (nginx_conf). That key has all of a request without a body, except for
-- headers that are rarely needed: those are looked up in the current request.
-- Whether the last response is still right is decided by REST, each time.

local M = {}

local SIZE = 64 -- requests, and heads
local MAX_HEAD = 2048 -- bytes

---@class equinix.serve.AnswerCache
---@field rest equinix.service.Rest
---@field headers table metatable that finds headers of the current request
---@field requests table<string, equinix.service.HttpRequest> by key
---@field free integer how many more can be stored
---@field heads table<string, equinix.serve.SameRequest> by head
---@field free_heads integer how many more can be stored

---@class equinix.serve.SameRequest of a head: what REST has to know of it
---@field path string
---@field headers table<string, string> that decide about access
---@field own true
local AnswerCache = {}
AnswerCache.__index = AnswerCache

--- Looks a request up by its head.
---@param head string
---@return equinix.serve.SameRequest|nil request
---@return equinix.service.HttpResponse|nil response nil when it must be
---  looked up by its key, or handled
function AnswerCache:same(head)
  local request = self.heads[head]
  return request, request and self.rest:again(request)
end

--- Looks a request up by its key.
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

--- Stores the head of the current request, which has that key, where that is
--- stored. To be called only where nginx itself would not respond to the head.
---@param head string
---@param key string
function AnswerCache:add_head(head, key)
  local known = self.requests[key]
  if not known or self.heads[head] or #head > MAX_HEAD then
    return
  elseif self.free_heads == 0 then
    self.heads, self.free_heads = {}, SIZE
  end
  local headers = known.headers -- finds those of the current request
  local request = { own = true, path = known.path, headers = {
    host = headers.host,
    origin = headers.origin,
    authorization = headers.authorization,
  } }
  if self.rest:again(request) then
    self.heads[head], self.free_heads = request, self.free_heads - 1
  end
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
    heads = {},
    free_heads = SIZE,
  }, AnswerCache)
end

return M
