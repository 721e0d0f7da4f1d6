--- pagination: the request for the next page. No I/O: a request and its
--- response in, the next request out.
--
-- Law of this file: the next page begins after what was received. What was
-- asked for does not count (a server may send less), nor does a link (it may
-- lead to another host, or count what was asked for). And it ends: an empty
-- page is the last one.
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
local tables = require "equinix.base.table"

local M = {}

local function is_list(value)
  return type(value) == "table" and (value[1] ~= nil or next(value) == nil)
end

--- The items of a page of any shape; a list without an envelope is a page.
---@param body any
---@return any[]
function M.items(body)
  if type(body) ~= "table" then
    return {}
  end
  for _, name in ipairs { "data", "content", "payLoad" } do
    local value = body[name]
    if is_list(value) then
      return value
    elseif type(value) == "table" then
      return is_list(value.data) and value.data or { value }
    end
  end
  return is_list(body) and body or {}
end

local function number(value)
  return tonumber(value ~= json.null and value or nil)
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

-- The functions below return the next request and its position in the list:
-- an offset or the number of a page.

-- a and b: {pagination = {offset, limit, total}, data}
local function by_offset(opts, body, received, seen)
  local info = body.pagination
  local offset = (number(info.offset) or seen) + received
  local total = number(info.total)
  if total and offset >= total then
    return nil
  elseif not total and (info.next == nil or info.next == json.null) then
    return nil
  end
  if type(opts.json) == "table" then
    return with_body(opts, "pagination", { offset = offset }), offset
  end
  return with_query(opts, { offset = offset }), offset
end

local function page_of(opts)
  local query = type(opts.query) == "table" and opts.query.page
  return number(query) or number(opts.path:match "[?&]page=(%d+)")
end

-- c: {totalCount, content}; the number of items so far decides
local function by_count(opts, body, received, seen)
  if seen + received >= (number(body.totalCount) or 0) then
    return nil
  end
  local page = number(body.page) or number(body.number) or page_of(opts) or 0
  return with_query(opts, { page = page + 1 }), page + 1
end

-- d: {content, page = {number, totalPages}, links}
local function by_page(opts, body)
  local page = number(body.page.number) or page_of(opts) or 0
  local pages = number(body.page.totalPages)
  if not pages or page + 1 >= pages then
    return nil
  elseif type(opts.json) == "table" then
    return with_body(opts, "page", { number = page + 1 }), page + 1
  end
  return with_query(opts, { page = page + 1 }), page + 1
end

--- The request for the page after this one.
---@param opts equinix.Request path among them
---@param body any the page, decoded
---@param seen integer items on the pages before this one
---@return equinix.Request|nil nil: this was the last page
---@return number|nil position of that page in the list
function M.next(opts, body, seen)
  local received = #M.items(body)
  if type(body) ~= "table" or received == 0 then
    return nil
  elseif type(body.pagination) == "table" then
    return by_offset(opts, body, received, seen)
  elseif type(body.page) == "table" then
    return by_page(opts, body)
  elseif body.totalCount ~= nil then
    return by_count(opts, body, received, seen)
  end
  return nil
end

-- A server that always sends the same page would be asked for ever.
local function raise_same_page()
  local _, err = errors.fail("protocol", "the server sent the same page again "
    .. "instead of the next one; this list can't be paged through", {
    code = "same_page",
  })
  error(err, 0)
end

--- Iterates over the pages; raises an equinix.Error.
---@param fetch fun(opts: equinix.Request): equinix.Response raises its error
---@param opts equinix.Request
---@return fun(): any, equinix.Response
function M.each(fetch, opts)
  local seen, position = 0, -math.huge
  return function()
    if not opts then
      return nil
    end
    local response = fetch(opts)
    local body, err = response:json()
    if body == nil then
      error(err, 0)
    end
    local next_position
    opts, next_position = M.next(opts, body, seen)
    if opts and next_position <= position then
      raise_same_page()
    end
    position = next_position
    seen = seen + #M.items(body)
    return body, response
  end
end

return M
