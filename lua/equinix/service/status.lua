--- status: who gets the status page, and what it is made of.
--
-- Law of this file: a request gets the page only where it asks for HTML, so
-- programs get what they always got. Access was checked before. A page of
-- another site gets nothing that it could show or measure: a browser says
-- where a request comes from (Fetch Metadata), and only a visit may come from
-- elsewhere. The facts have no token, no secret and no address.

local lower = require("equinix.base.text").lower
local page = require "equinix.service.status.page"
local problem = require "equinix.http.problem"

local PATH = require("equinix.service.paths").STATUS

local M = {}

local MAX_ACCEPT = 1024 -- bytes; no browser sends more

-- Whether a list of media types has HTML, not with a weight of 0.
local function has_html(accept)
  if not accept or #accept > MAX_ACCEPT then
    return false
  end
  for entry in lower(accept):gmatch "[^,]+" do
    local kind, rest = entry:match "^%s*([^;%s]+)(.*)$"
    if kind == "text/html" or kind == "application/xhtml+xml" then
      return not rest:find ";%s*q=0%.?0*%s*$"
    end
  end
  return false
end

--- Whether a request is one for the page.
---@param request equinix.service.HttpRequest
---@return boolean
function M.is_wanted(request)
  return request.path == PATH
    and (request.method == "GET" or request.method == "HEAD")
    and has_html(request.headers.accept)
end

-- A visit: a person follows a link, or writes the address.
local function is_visit(headers)
  local site = headers["sec-fetch-site"]
  return site == nil or site == "same-origin" or site == "none"
    or (headers["sec-fetch-mode"] == "navigate"
      and headers["sec-fetch-dest"] == "document")
end

---@class equinix.status.Source what knows the facts
---@field service equinix.Service
---@field client equinix.Client
---@field metrics equinix.Metrics
---@field hour? equinix.status.Hour
---@field plan table

local function facts_of(source, paused)
  local service = source.service
  local life, left = service:life()
  return {
    at = service.now(),
    title = source.plan.title,
    build = source.metrics.build,
    renews = source.client:renews(),
    life = life,
    left = left,
    latched = source.metrics:latched(),
    stats = service:stats(),
    cache = service.cache(),
    minutes = source.hour and source.hour:read(),
    paused = paused,
  }
end

--- The page, for a request that wants it.
---@param source equinix.status.Source
---@param request equinix.service.HttpRequest
---@return equinix.service.HttpResponse
function M.answer(source, request)
  if not is_visit(request.headers) then
    local refusal = problem.response(403, "Other sites can't read this page; "
      .. "open it in a window of its own.", nil, "cross_site")
    refusal.more = page.headers()
    return refusal
  end
  return {
    status = 200,
    headers = { ["Content-Type"] = "text/html; charset=utf-8",
      ["Cache-Control"] = "no-store" },
    more = page.headers(),
    body = page.html(facts_of(source, request.query == "pause")),
  }
end

return M
