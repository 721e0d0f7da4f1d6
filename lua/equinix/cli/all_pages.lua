--- all_pages: all pages of a list as one JSON array.
--
-- Law of this file: the whole list or nothing. Items come in the order and
-- with the bytes that the server sent, and none is given out before the last
-- page is there: half a list never passes for a whole one.

local json = require "equinix.base.json"
local output = require "equinix.cli.output"
local slices = require "equinix.cli.slices"

local M = {}

local PAGED = { GET = true, POST = true }

--- A request for pages: a search's paging is part of its body, so that has to
--- be JSON.
---@param request equinix.Request as arguments.lua made it
---@return equinix.PagedRequest|nil
---@return string|nil mistake
function M.request(request)
  if not PAGED[request.method] then
    return nil, "--all-pages reads lists: with GET, or a search with POST"
  end
  local paged = {}
  for name, value in pairs(request) do
    paged[name] = value
  end
  if request.body then
    local value, where = slices.decode(request.body, json.decode,
      json.empty_array)
    if type(value) ~= "table" then
      return nil, "--all-pages: the body of a search is a JSON object"
        .. (where and " (" .. where .. ")" or "")
    end
    paged.json, paged.body = value, nil
    paged.headers = {}
    for name, line in pairs(request.headers) do
      -- The client says that of JSON by itself.
      paged.headers[name] = name:lower() ~= "content-type" and line or nil
    end
  end
  return paged
end

-- The iterator takes the path apart from the other fields.
local function each_page(client, request)
  local fields = {}
  for name, value in pairs(request) do
    fields[name] = value
  end
  fields.path = nil
  return client:pages(request.path, fields)
end

local function collect(client, request, progress)
  local items, pages = {}, 0
  for _, response in each_page(client, request) do
    local page = slices.items(response.body)
    if not page then
      return nil, ("%s %s: the answer holds no list; leave out --all-pages")
        :format(request.method, request.path:match "^[^?]*")
    end
    for _, item in ipairs(page) do
      items[#items + 1] = item
    end
    pages = pages + 1
    progress:tell(("%d pages, %d items"):format(pages, #items))
  end
  return items
end

--- Reads all pages.
---@param client equinix.Client
---@param request equinix.PagedRequest
---@return string[]|nil items JSON texts
---@return equinix.Error|string|nil
function M.items(client, request)
  local progress = output.progress()
  local ran, items, problem = pcall(collect, client, request, progress)
  progress:done()
  if ran then
    return items, problem
  elseif type(items) == "table" then
    return nil, items -- how iterators tell of an equinix.Error
  end
  error(items, 0)
end

--- Writes them as one array, an item a line.
---@param items string[]
---@param write fun(text: string)
function M.write(items, write)
  for i, item in ipairs(items) do
    write((i == 1 and "[\n" or ",\n") .. item)
  end
  write(#items == 0 and "[]\n" or "\n]\n")
end

return M
