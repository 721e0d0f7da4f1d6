--- pagination: a page of a list, in each of the five shapes Equinix has.
--
-- Law of this file: a list is a number of entries and a function that makes
-- the one at an index, so it may be as long as a test likes. No page has more
-- than max_limit entries, whatever was asked for. Where total_change is set
-- the list grows or shrinks at its end after each page that was given.

local bodies = require "equinix.emulator.request_body"
local errors = require "equinix.emulator.errors"

local M = {}

---@class equinix.emulator.List
---@field total integer
---@field entry fun(i: integer): any the one at an index, from 0
---@field fixed? boolean it never changes its length
---@field refuse? equinix.emulator.Refuse default: the array of the API

-- What the list has now. All workers and lists share one count of pages.
local function total_of(world, knobs, list)
  if list.fixed or knobs.total_change == 0 then
    return list.total
  end
  local given = world.dict:incr("pages", 1, 0) - 1
  return math.max(0, list.total + knobs.total_change * given)
end

-- JSON of an array, written by hand because an empty table would become {}.
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

-- A query's field as a whole number; nil when it is none.
local function whole(text, default)
  if text == nil then
    return default
  end
  return #text < 10 and tonumber(text:match "^%d+$") or nil
end

local function bad(list, name)
  return (list.refuse or errors.of_status)(400, {
    info = { { property = name, reason = "must be a whole number" } },
  })
end

-- How a link begins; nil: there are none.
local LINK_PREFIX = {
  relative = function()
    return ""
  end,
  absolute = function(request)
    return request.base_url
  end,
  -- A link no client may follow with its token.
  foreign = function()
    return "https://elsewhere.invalid"
  end,
}

local function link(knobs, request, rest)
  local prefix = LINK_PREFIX[knobs.next_links]
  return prefix and prefix(request) .. request.path .. (rest or "") or nil
end

-- Shapes a and b differ in where offset and limit come from.
local function offset_page(world, knobs, request, list, offset, limit)
  if not offset or not limit or limit < 1 then
    return bad(list, offset and "limit" or "offset")
  end
  limit = math.min(limit, knobs.max_limit)
  local total = total_of(world, knobs, list)
  local function at(place)
    return link(knobs, request,
      ("?offset=%d&limit=%d"):format(place, limit))
  end
  local pagination = {
    offset = offset,
    limit = limit,
    total = total,
    next = offset + limit < total and at(offset + limit) or nil,
    previous = offset > 0 and at(math.max(0, offset - limit)) or nil,
  }
  return {
    status = 200,
    body = ('{"pagination":%s,"data":%s}'):format(world.encode(pagination),
      array(world, entries(list, offset, limit, total))),
  }
end

local DEFAULT_LIMIT = 20 -- Fabric's

--- Shape a: `offset` and `limit` in the query, `pagination` and `data` back.
---@param world table
---@param knobs table<string, any>
---@param request table
---@param list equinix.emulator.List
---@return table response
function M.by_offset(world, knobs, request, list)
  return offset_page(world, knobs, request, list,
    whole(request.query.offset, 0), whole(request.query.limit, DEFAULT_LIMIT))
end

-- A member of a body's paging object; nil when it is no number of `least`.
local function member(object, name, default, least)
  local value = type(object) == "table" and object[name]
  if not value then
    return default
  end
  return bodies.is_whole(value, least) and value or nil
end

--- Shape b: the same, but the request's `pagination` is in its body.
---@param body table the request's, decoded
function M.search(world, knobs, request, body, list)
  return offset_page(world, knobs, request, list,
    member(body.pagination, "offset", 0, 0),
    member(body.pagination, "limit", DEFAULT_LIMIT, 1))
end

--- Shape c: `page` and `size` in the query, `totalCount` and `content` back.
-- Some of these count pages from 0 and some from 1 (see the knob), and the
-- answer doesn't tell.
function M.by_count(world, knobs, request, list)
  local page = whole(request.query.page, knobs.first_page)
  local size = whole(request.query.size, DEFAULT_LIMIT)
  if not page or page < knobs.first_page then
    return bad(list, "page")
  elseif not size or size < 1 then
    return bad(list, "size")
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

--- Shape d: `page = {number, size}` in the request's body (nowhere else),
--- `content`, `page` and `links` back.
function M.by_number(world, knobs, request, body, list)
  local number = member(body.page, "number", 0, 0)
  local size = member(body.page, "size", DEFAULT_SIZE, 1)
  if not number or not size then
    return bad(list, number and "page.size" or "page.number")
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

--- Shape e: SmartView's envelope around all of it, one page.
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
