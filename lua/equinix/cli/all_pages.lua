--- all_pages: all pages of a list as one JSON array.
--
-- Law of this file: the whole list or nothing. Items come in the order and
-- with the bytes that the server sent: numbers too long for Lua, the order of
-- members and the difference between [] and {} stay as they are. Nothing is
-- printed before the last page has arrived, so that half a list is never taken
-- for a whole one.

local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local output = require "equinix.cli.output"
local tables = require "equinix.base.table"

local M = {}

-- JSON as text --------------------------------------------------------------

-- json_text expects a text that begins with its value; that it is JSON was
-- checked by the parser before.
local function without_leading_space(text)
  return text:match "^[ \t\r\n]*(.*)"
end

local function is_array(text)
  return text ~= nil and json_text.kind(text) == "array"
end

--- The items of a page, in any of the shapes that http/pagination lists.
---@param body string JSON that the parser has accepted
---@return string[]|nil items their texts; nil: the body contains no list
function M.page_items(body)
  body = without_leading_space(body)
  if is_array(body) then
    return json_text.items(body)
  elseif json_text.kind(body) ~= "object" then
    return nil
  end
  local page = json_text.members(body)
  for _, name in ipairs { "data", "content", "payLoad" } do
    local value = page[name]
    if is_array(value) then
      return json_text.items(value)
    elseif value and json_text.kind(value) == "object" then
      local data = json_text.members(value).data
      return is_array(data) and json_text.items(data) or { value }
    end
  end
  return nil
end

-- Puts json.empty_array where the text has [].
local function mark_empty_arrays(value, text)
  if type(value) ~= "table" then
    return value
  end
  local texts
  if is_array(text) then
    texts = json_text.items(text)
    if #texts == 0 then
      return json.empty_array
    end
  else
    texts = json_text.members(text)
  end
  for name, member in pairs(value) do
    if type(member) == "table" and texts[name] then
      value[name] = mark_empty_arrays(member, texts[name])
    end
  end
  return value
end

--- JSON text to a value that is encoded with the same empty arrays.
---@param text string
---@return any value nil on failure
---@return string|nil message
function M.decode(text)
  local value, message = json.decode(text)
  if value == nil then
    return nil, message
  end
  return mark_empty_arrays(value, without_leading_space(text))
end

-- The list ------------------------------------------------------------------

local PAGED = { GET = true, POST = true }

--- A request for pages. The paging of a search is part of its body, so that
--- has to be JSON.
---@param request equinix.Request as arguments.lua made it
---@return equinix.PagedRequest|nil
---@return string|nil message
function M.request(request)
  if not PAGED[request.method] then
    return nil, "--all-pages reads lists: use it with GET, or with POST for "
      .. "a search"
  end
  local paged = tables.copy(request)
  if request.body then
    local value, reason = M.decode(request.body)
    if type(value) ~= "table" then
      return nil, "--all-pages: the body of a search has to be a JSON object"
        .. (reason and " (" .. reason .. ")" or "")
    end
    paged.json, paged.body = value, nil
    paged.headers = {}
    for name, line in pairs(request.headers) do
      -- The client sets that header itself for `json`.
      paged.headers[name] = name:lower() ~= "content-type" and line or nil
    end
  end
  return paged
end

-- The iterator takes the path apart from the other members.
local function each_page(client, request)
  local options = tables.copy(request)
  options.path = nil
  return client:pages(request.path, options)
end

local function collect(client, request, progress)
  local items, pages = {}, 0
  for _, response in each_page(client, request) do
    local page = M.page_items(response.body)
    if not page then
      return nil, ("%s %s: the response contains no list; leave out "
        .. "--all-pages"):format(request.method, request.path:match "^[^?]*")
    end
    for _, item in ipairs(page) do
      items[#items + 1] = item
    end
    pages = pages + 1
    progress:show(("%d pages, %d items"):format(pages, #items))
  end
  return items
end

--- Reads all pages.
---@param client equinix.Client
---@param request equinix.PagedRequest
---@return string[]|nil items their JSON texts
---@return equinix.Error|string|nil
function M.items(client, request)
  local progress = output.progress()
  local ran, items, err = pcall(collect, client, request, progress)
  progress:clear()
  if ran then
    return items, err
  elseif type(items) == "table" then
    return nil, items -- iterators raise an equinix.Error
  end
  error(items, 0)
end

--- Writes them as one array, one item on each line.
---@param items string[]
---@param write fun(text: string)
function M.write(items, write)
  for i, item in ipairs(items) do
    write((i == 1 and "[\n" or ",\n") .. item)
  end
  write(#items == 0 and "[]\n" or "\n]\n")
end

return M
