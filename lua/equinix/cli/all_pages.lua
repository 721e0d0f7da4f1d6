--- all_pages: all pages of a list as one JSON array.
--
-- Law of this file: the whole list or nothing. Items come in the order and
-- with the bytes that the server sent: numbers too long for Lua, the order of
-- members and the difference between [] and {} stay as they are. Nothing is
-- printed before the last page has arrived, so that half a list is never taken
-- for a whole one.

local core = require "equinix.core"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local list_page = require "equinix.http.list_page"
local output = require "equinix.cli.output"
local tables = require "equinix.base.table"
local text_of = require "equinix.base.text"

local M = {}

-- JSON as text --------------------------------------------------------------

-- json_text expects a text that begins with its value; that it is JSON was
-- checked by the parser before. A byte order mark may come first.
local function from_value(text)
  return text:gsub("^\239\187\191", ""):match "^[ \t\r\n]*(.*)"
end

--- The items of a page, cut out of its text.
---@param page any the body, decoded
---@param body string the same as JSON
---@return string[] items their texts
function M.page_items(page, body)
  local place = list_page.find(page, body)
  if place.kind == "none" then
    return {}
  end
  local text = from_value(body)
  for _, name in ipairs(place.path) do
    text = json_text.members(text)[name]
  end
  return place.kind == "one" and { text } or json_text.items(text)
end

-- Puts json.empty_array where the text has [].
local function mark_empty_arrays(value, text)
  if type(value) ~= "table" then
    return value
  end
  local texts
  if json_text.kind(text) == "array" then
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
  text = json.without_bom(text)
  local value, message = json.decode(text)
  if value == nil then
    return nil, message
  end
  return mark_empty_arrays(value, from_value(text))
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
      paged.headers[name] = text_of.lower(name) ~= "content-type" and line
        or nil
    end
  end
  return paged
end

-- The iterator takes the path apart from the other members.
local function each_page(client, request, on_progress)
  local options = tables.copy(request)
  options.path = nil
  options.on_progress = on_progress
  return client:pages(request.path, options)
end

-- "7:05 left" or "9 s left".
local function time_left(seconds)
  seconds = math.ceil(seconds)
  if seconds < 60 then
    return ("%d s left"):format(seconds)
  end
  return ("%d:%02d left"):format(math.floor(seconds / 60), seconds % 60)
end

--- How far it is, for a terminal.
---@param done integer pages
---@param total integer|nil pages, where the list says it
---@param items integer
---@param seconds number since the first request
---@return string "30 of 120 pages, 600 items, 4.2 pages/s, 22 s left"
function M.progress_text(done, total, items, seconds)
  local text = ("%d%s pages, %d items"):format(done,
    total and (" of %d"):format(total) or "", items)
  local rate = seconds > 0 and done / seconds or 0
  if done < 2 or rate == 0 then
    return text
  end
  text = text .. text_of.format(", %.1f pages/s", rate)
  return total and total > done
    and text .. ", " .. time_left((total - done) / rate) or text
end

local function collect(client, request, progress)
  local items, started = {}, core.now()
  local done, total
  local function count(...)
    done, total = ...
  end
  for page, response in each_page(client, request, count) do
    for _, item in ipairs(M.page_items(page, response.body)) do
      items[#items + 1] = item
    end
    progress:show(M.progress_text(done, total, #items, core.now() - started))
  end
  return items
end

--- Reads all pages.
---@param client equinix.Client
---@param request equinix.PagedRequest
---@return string[]|nil items their JSON texts
---@return equinix.Error|nil
function M.items(client, request)
  local progress = output.progress()
  local ran, items = pcall(collect, client, request, progress)
  progress:clear()
  if ran then
    return items
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
