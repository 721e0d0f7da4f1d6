--- pagination: the request for the next page. No I/O: a request and its
--- response in, the next request out.
--
-- Law of this file: the next page begins after what was received. What was
-- asked for does not count (a server may send less), nor does a link (it may
-- lead to another host, or count what was asked for). And it ends: an empty
-- page is the last one, and a page that was there before, or a position that
-- does not grow, is an error. Numbers of a server are whole, or an error.
--
-- The five shapes (Equinix's APIs have no common one):
--   a  query offset, limit        {pagination = {offset, limit, total}, data}
--   b  the same in a POST's body  {pagination, data}
--   c  query page, size           {totalCount, content}
--   d  page = {number, size}     {content, page = {number, totalPages}, links}
--      in a POST's body
--   e  SmartView's envelope       {payLoad, status}: one page

local errors = require "equinix.base.error"
local json = require "equinix.base.json"
local list_page = require "equinix.http.list_page"
local tables = require "equinix.base.table"
local target = require "equinix.http.target"

local M = {}

-- A number of the caller's or the server's; both may write it as a string.
local function whole(value)
  if type(value) == "string" then
    value = value:find "^%d+$" and tonumber(value)
  end
  return type(value) == "number" and value >= 0 and value < 2 ^ 53
    and value % 1 == 0 and value or nil
end

local REMEDY = "; this list can't be paged through: report that to Equinix, "
  .. "and read single pages with plain requests"

---@class equinix.Page
---@field op string of its request
---@field body any decoded
---@field items any[]
---@field response equinix.Response

-- Raises the error of a page.
local function fail(page, code, message)
  error(errors.make("protocol", page.op .. ": " .. message, {
    code = code,
    op = page.op,
    status = page.response.status,
    response = page.response,
  }), 0)
end

-- A number among the members of the page, or of the object in one of them; nil
-- where there is none.
local function number(page, name, inner)
  local value = page.body[name]
  if inner then
    name, value = name .. "." .. inner, value[inner]
  end
  if value == nil or value == json.null then
    return nil
  end
  return whole(value) or fail(page, "bad_paging", name .. " of the response "
    .. "is no whole number from 0 to 2^53" .. REMEDY)
end

local function with(members, changes)
  return tables.update(tables.copy(members), changes)
end

-- The path may have query fields already ("?limit=2"); those in `fields`
-- replace them.
local function with_query(opts, fields)
  local path, rest = opts.path:match "^([^?]*)%??(.*)$"
  local kept = {}
  for pair in (rest or ""):gmatch "[^&]+" do
    if fields[pair:match "^[^=]*"] == nil then
      kept[#kept + 1] = pair
    end
  end
  if #kept > 0 then
    path = path .. "?" .. table.concat(kept, "&")
  end
  local query = opts.query
  if type(query) == "string" then
    return with_query(with(opts, {
      path = path .. (path:find("?", 1, true) and "&" or "?")
        .. query:gsub("^%?", ""),
      query = false,
    }), fields)
  end
  return with(opts, { path = path, query = with(query or nil, fields) })
end

-- A search has its paging in its body.
local function with_body(opts, name, fields)
  local sent = opts.json
  local before = type(sent[name]) == "table" and sent[name] or nil
  return with(opts, {
    json = with(sent, { [name] = with(before, fields) }),
  })
end

-- The functions below return the next request, its position in the list (an
-- offset or the number of a page) and, where that is known, what the positions
-- after it are: they grow by `step` and end before `stop`; `field` of the
-- query has them, and is nil where they are in a body.

-- Without a total only `next` says that there is more. Its value is not used
-- (see the law), but one that came before is no progress.
local function has_next(self, page)
  local link = page.body.pagination.next
  if link == nil or link == json.null then
    return false
  elseif type(link) ~= "string" then
    return true -- a flag
  elseif self.links[link] then
    fail(page, "no_progress", "pagination.next is one that an earlier page "
      .. "had" .. REMEDY)
  end
  self.links[link] = true
  return true
end

local function in_query(plan, field)
  if plan then
    plan.field = field
  end
  return plan
end

-- a and b: {pagination = {offset, limit, total}, data}
local function by_offset(self, page)
  local opts = self.opts
  local offset = (number(page, "pagination", "offset") or self.seen)
    + #page.items
  local total = number(page, "pagination", "total")
  if total and offset >= total or not total and not has_next(self, page) then
    return nil
  end
  local plan = total and { step = #page.items, stop = total }
  if type(opts.json) == "table" then
    return with_body(opts, "pagination", { offset = offset }), offset, plan
  end
  return with_query(opts, { offset = offset }), offset,
    in_query(plan, "offset")
end

-- The number of the page that was asked for; 0 where the caller named none.
local function asked_page(opts)
  local query, sent = opts.query, opts.json
  if type(sent) == "table" and type(sent.page) == "table" then
    return whole(sent.page.number) or 0
  elseif type(query) == "table" and query.page then
    return whole(query.page) or 0
  end
  local fields = opts.path .. "&" .. (type(query) == "string" and query or "")
  return whole(fields:match "[?&]page=(%d+)") or 0
end

-- c: {totalCount, content}; the number of items so far decides
local function by_count(self, page)
  local left = (number(page, "totalCount") or 0) - self.seen - #page.items
  if left <= 0 then
    return nil
  end
  local next_page = (number(page, "page") or number(page, "number")
    or asked_page(self.opts)) + 1
  return with_query(self.opts, { page = next_page }), next_page,
    { step = 1, stop = next_page + math.ceil(left / #page.items),
      field = "page" }
end

-- d: {content, page = {number, totalPages}, links}
local function by_page(self, page)
  local opts = self.opts
  local next_page = (number(page, "page", "number") or asked_page(opts)) + 1
  local plan = { step = 1, stop = number(page, "page", "totalPages") or 0 }
  if next_page >= plan.stop then
    return nil
  elseif type(opts.json) == "table" then
    return with_body(opts, "page", { number = next_page }), next_page, plan
  end
  return with_query(opts, { page = next_page }), next_page,
    in_query(plan, "page")
end

---@class equinix.Paging one way through a list
---@field opts? equinix.Request for the next page; nil: there is none
---@field seen integer items on the pages so far
---@field pages integer that were compared with those before
---@field read integer pages
---@field position number of the next page, an offset or the page's number
---@field plan? {step: number, stop: number, field?: string} of the pages from
---  there on
---@field links table<string, true> what came in `next`
---@field before? any[] the items of the page before
---@field mark? any[] the items of an earlier page
local Paging = {}
Paging.__index = Paging

-- The request for the page after this one; nil: this was the last page.
function Paging:next(page)
  if #page.items == 0 or type(page.body) ~= "table" then
    return nil
  elseif type(page.body.pagination) == "table" then
    return by_offset(self, page)
  elseif type(page.body.page) == "table" then
    return by_page(self, page)
  elseif page.body.totalCount ~= nil then
    return by_count(self, page)
  end
  return nil
end

local function equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not equal(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

-- Two pages are kept: the one before, and the last whose number is a power of
-- two. That is enough to find any circle of pages (Brent's algorithm). They
-- are decoded again, since the caller may change what it was given.
function Paging:check_new(page)
  local items = list_page.items(page.response:json(), page.response.body)
  if equal(items, self.before) or equal(items, self.mark) then
    fail(page, "same_page", "the server sent the same page again instead of "
      .. "the next one" .. REMEDY)
  end
  self.before = items
  self.pages = self.pages + 1
  if self.pages == self.next_mark then
    self.mark, self.next_mark = items, self.next_mark * 2
  end
end

-- Raises unless this page is another one than those before, and the next one
-- comes after it.
function Paging:advance(page)
  local opts, position, plan = self:next(page)
  if #page.items > 0 and (opts or self.pages > 0) then
    self:check_new(page)
  end
  if opts and position <= self.position then
    fail(page, "no_progress", ("by the numbers of the response the next page "
      .. "is at %d, which was read already"):format(position) .. REMEDY)
  end
  self.opts, self.position, self.plan = opts, position, plan
  self.seen, self.read = self.seen + #page.items, self.read + 1
end

-- Raises unless the response is a page of a list.
local function page_of(response, opts)
  local body, err = response:json()
  if body == nil then
    error(err, 0)
  end
  local page = {
    op = target.op(opts.method or "GET", response.url),
    body = body,
    response = response,
  }
  local items, message = list_page.items(body, response.body)
  if not items then
    fail(page, "unknown_list", ("the response is not a list of a known shape "
      .. "but %s; read it with a plain request (client:get, or without "
      .. "--all-pages)"):format(message))
  end
  page.items = items
  return page
end

--- The page that a response is: from now on `opts` is the request for the one
--- after it. Raises an equinix.Error, and changes nothing then.
---@param response equinix.Response to the request `opts`
---@return equinix.Page
function Paging:take(response)
  local page = page_of(response, self.opts)
  self:advance(page)
  return page
end

--- A guess at the request for a page that comes later, where each page will
--- have as many items as the last one. What `take` says decides.
---@param k integer 0: the next page, 1: the one after it, ...
---@return equinix.Request|nil opts nil: unknown, or beyond the end
---@return number|nil position
function Paging:ahead(k)
  local plan = self.plan
  local position = plan and plan.field and self.position + k * plan.step
  if not position or position >= plan.stop
    or (self.opts.method or "GET") ~= "GET" then
    return nil
  end
  return with_query(self.opts, { [plan.field] = position }), position
end

--- How many pages there are, by what the last one said.
---@return integer|nil
function Paging:total()
  local plan = self.plan
  if not self.opts then
    return self.read
  end
  return plan and self.read
    + math.ceil((plan.stop - self.position) / plan.step)
end

--- The way through a list, before its first page.
---@param opts equinix.Request
---@return equinix.Paging
function M.new(opts)
  return setmetatable({
    opts = opts,
    seen = 0,
    pages = 0,
    read = 0,
    position = -math.huge,
    links = {},
    next_mark = 1,
  }, Paging)
end

return M
