--- echo_guard: keeps the token out of responses of the API.
--
-- Law of this file: a response that repeats the headers of its request
-- (http/echo) is not passed on, nothing of it; and its path is not called
-- again, since it might repeat them in another spelling then.

local echo = require "equinix.http.echo"

local M = {}

local MAX_ECHOES = 1000 -- paths that are remembered

--- The message for the caller of such a path.
M.MESSAGE = "The response is not passed on: this path repeats the headers of "
  .. "the request, and so the token. It is not called again."

---@class equinix.service.EchoGuard
---@field private client equinix.Client
---@field private token? string that `detector` sees
---@field private detector? fun(text: string): boolean
---@field private header? string the last one
---@field private current? string the token in it
---@field private echoes table<string, true> by path
---@field private count integer of them
local EchoGuard = {}
EchoGuard.__index = EchoGuard

--- Whether a path repeated the headers before.
---@param path string
---@return boolean
function EchoGuard:knows(path)
  return self.echoes[path] or false
end

-- What sees a token; the last one is kept.
local function detector_of(self, token)
  if self.token ~= token then
    self.token, self.detector = token, echo.detector(token)
  end
  return self.detector
end

-- The token of now; it is the same for many calls.
local function current(self)
  local header = self.client:authorization()
  if header ~= self.header then
    self.header = header
    self.current = type(header) == "string" and header:match "^%S+ (.+)$"
      or nil
  end
  return self.current
end

--- Whether a text repeats the token; then its path is remembered. There may
--- have been a renewal meanwhile: one of the two was sent.
---@param path string that was called
---@param token string as it was before the call
---@param text string
---@return boolean
function EchoGuard:sees(path, token, text)
  local now = current(self) or token
  if not detector_of(self, token)(text)
    and (now == token or not detector_of(self, now)(text)) then
    return false
  end
  if self.count < MAX_ECHOES and not self.echoes[path] then
    self.echoes[path], self.count = true, self.count + 1
  end
  return true
end

--- Makes one for the calls of a client.
---@param client equinix.Client
---@return equinix.service.EchoGuard
function M.new(client)
  return setmetatable({ client = client, echoes = {}, count = 0 }, EchoGuard)
end

return M
