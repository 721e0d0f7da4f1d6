--- pagination: one page of a list, in each of the five shapes of Equinix.
--
-- Law of this file: a list is a number of entries and a function that makes
-- the entry at an index, so that it can have any length. No page has more than
-- max_limit entries, whatever the request asks for. With total_change the list
-- grows or shrinks at its end after each page.

local errors = require "equinix.emulator.errors"
local request_body = require "equinix.emulator.request_body"

local M = {}

---@class equinix.emulator.List
---@field total integer
---@field entry fun(i: integer): any the entry at an index, from 0
---@field fixed? boolean total_change does not apply to it
---@field error_response? equinix.emulator.ErrorResponse default: Fabric's

-- The current length. All workers and lists share one count of pages.
local function total_of(world, knobs, list)
  if list.fixed or knobs.total_change == 0 then
    return list.total
  end
  local pages_before = world.dict:incr("pages", 1, 0) - 1
  return math.max(0, list.total + knobs.total_change * pages_before)
end

-- An array as JSON: lua-cjson would write an empty one as {}.
local function array(world, values)
  return #values > 0 and world.encode(values) or "[]"
end

local function entries(list, from, count, total)
  local found = {}
  for i = from, math.min(from + count, total) - 1 do
    found[#found + 1] = list.entry(i)
  end
  return found
end

-- A parameter of the query as a whole number; nil when it is not one.
local function whole_number(text, default)
  if text == nil then
    return default
  end
  return #text < 10 and tonumber(text:match "^%d+$") or nil
end

local function bad_number(list, name)
  return (list.error_response or errors.of_status)(400, {
    info = { { property = name, reason = "must be a whole number" } },
  })
end

-- How a link begins; nil: there are no links.
local LINK_PREFIX = {
  relative = function()
    return ""
  end,
  absolute = function(request)
    return request.base_url
  end,
  -- A link that no client may follow with its token.
  foreign = function()
    return "https://elsewhere.invalid"
  end,
}

local function link(knobs, request, rest)
  local prefix = LINK_PREFIX[knobs.next_links]
  return prefix and prefix(request) .. request.path .. (rest or "") or nil
end

-- Shapes a and b differ only in where offset and limit come from.
local function offset_page(world, knobs, request, list, offset, limit)
  if not offset or not limit or limit < 1 then
    return bad_number(list, offset and "limit" or "offset")
  end
  limit = math.min(limit, knobs.max_limit)
  local total = total_of(world, knobs, list)
  local function link_to(other)
    return link(knobs, request,
      ("?offset=%d&limit=%d"):format(other, limit))
  end
  local pagination = {
    offset = offset,
    limit = limit,
    total = total,
    next = offset + limit < total and link_to(offset + limit) or nil,
    previous = offset > 0 and link_to(math.max(0, offset - limit)) or nil,
  }
  return {
    status = 200,
    body = ('{"pagination":%s,"data":%s}'):format(world.encode(pagination),
      array(world, entries(list, offset, limit, total))),
  }
end

local DEFAULT_LIMIT = 20 -- Fabric's

--- Shape a: `offset` and `limit` in the query; the response has `pagination`
--- and `data`.
---@param world table
---@param knobs table<string, any>
---@param request table
---@param list equinix.emulator.List
---@return table response
function M.by_offset(world, knobs, request, list)
  return offset_page(world, knobs, request, list,
    whole_number(request.query.offset, 0),
    whole_number(request.query.limit, DEFAULT_LIMIT))
end

-- A number of the paging object in a body, at least `least`; nil when it is
-- something else.
local function member(object, name, default, least)
  local value = type(object) == "table" and object[name]
  if not value then
    return default
  end
  return request_body.is_whole(value, least) and value or nil
end

--- Shape b: the same, with `pagination` in the request's body.
---@param body table of the request, decoded
function M.search(world, knobs, request, body, list)
  return offset_page(world, knobs, request, list,
    member(body.pagination, "offset", 0, 0),
    member(body.pagination, "limit", DEFAULT_LIMIT, 1))
end

--- Shape c: `page` and `size` in the query; the response has `totalCount` and
--- `content`. Some of these lists count pages from 0 and some from 1 (see the
--- knob), and the response does not say which.
function M.by_count(world, knobs, request, list)
  local page = whole_number(request.query.page, knobs.first_page)
  local size = whole_number(request.query.size, DEFAULT_LIMIT)
  if not page or page < knobs.first_page then
    return bad_number(list, "page")
  elseif not size or size < 1 then
    return bad_number(list, "size")
  end
  size = math.min(size, knobs.max_limit)
  local total = total_of(world, knobs, list)
  local from = (page - knobs.first_page) * size
  return {
    status = 200,
    body = ('{"totalCount":%d,"content":%s}'):format(total,
      array(world, entries(list, from, size, total))),
  }
end

local DEFAULT_SIZE = 10 -- of the order history

--- Shape d: `page = {number, size}` in the request's body only; the response
--- has `content`, `page` and `links`.
function M.by_number(world, knobs, request, body, list)
  local number = member(body.page, "number", 0, 0)
  local size = member(body.page, "size", DEFAULT_SIZE, 1)
  if not number or not size then
    return bad_number(list, number and "page.size" or "page.number")
  end
  size = math.min(size, knobs.max_limit)
  local total = total_of(world, knobs, list)
  local pages = math.ceil(total / size)
  local links = {}
  for _, rel in ipairs { "self", number > 0 and "prev" or false,
    number + 1 < pages and "next" or false } do
    local href = rel and link(knobs, request)
    if href then
      links[#links + 1] = { rel = rel, href = href }
    end
  end
  return {
    status = 200,
    body = ('{"content":%s,"links":%s,"page":%s}'):format(
      array(world, entries(list, number * size, size, total)),
      array(world, links),
      world.encode { size = size, totalElements = total, totalPages = pages,
        number = number }),
  }
end

--- Shape e: SmartView's envelope around the whole list, on one page.
function M.envelope(world, knobs, list)
  local total = total_of(world, knobs, list)
  return {
    status = 200,
    body = ('{"payLoad":%s,"status":%s}'):format(
      array(world, entries(list, 0, total, total)),
      world.encode { type = "OK", statuscode = 200, msg = "Success" }),
  }
end

return M
