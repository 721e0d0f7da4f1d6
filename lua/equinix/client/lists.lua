--- lists: iterators over the pages of a list, and over its items.
--
-- Law of this file: a page is one call like any other. `nil, err` would end a
-- loop as if the list were over, so the iterators raise the error, or go into
-- the loop once more with `false, err` where that is asked for. Inside nginx,
-- which writes "unknown reason" for an error that is a table, they raise its
-- text. The last result is for the loop of Lua 5.4, which closes it however
-- the loop ends.

local errors = require "equinix.base.error"
local list_page = require "equinix.http.list_page"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local read_ahead = require "equinix.client.read_ahead"

local M = {}

local ngx = rawget(_G, "ngx")
local inside_nginx = ngx and ngx.get_phase

-- The iterator as the caller and its host want it: what it does with an error.
local function careful(step, raise)
  if raise and not inside_nginx then
    return step
  end
  local failed = false
  return function()
    if failed then
      return nil
    end
    local ok, value, more = pcall(step)
    if ok then
      return value, more
    elseif memory.is(value) then
      value = memory.error()
    elseif not errors.is(value) then
      error(value, 0) -- what the caller's on_progress raised
    end
    if raise then
      error(tostring(value), 2)
    end
    failed = true
    return false, value
  end
end

local function items(reader)
  local list, i = {}, 0
  return function()
    i = i + 1
    while list[i] == nil do
      local page, response = reader:next()
      if page == nil then
        return nil
      end
      list, i = list_page.items(page, response.body), 1
    end
    return list[i]
  end
end

---@class equinix.PagingOptions
---@field raise? boolean false: an error is not raised, but comes as
---  `false, err`
---@field ahead? integer pages that may be asked for ahead; 8
---@field on_progress? fun(done: integer, total?: integer) is called after each
---  page; without a total where the list does not say it

--- Iterates over pages.
---@param client equinix.Client
---@param first equinix.Request of the first page, checked
---@param opts equinix.PagingOptions checked
---@return fun(): any, equinix.Response|equinix.Error|nil next the page, or
---  false; nil after the last one
---@return nil
---@return nil
---@return equinix.ReadAhead reader its method `close` ends what is under way
function M.pages(client, first, opts)
  local reader = read_ahead.new(client, first, opts)
  return careful(function()
    return reader:next()
  end, opts.raise ~= false), nil, nil, reader
end

--- Iterates over the items of all pages.
---@param client equinix.Client
---@param first equinix.Request of the first page, checked
---@param opts equinix.PagingOptions checked
---@return fun(): any, equinix.Error|nil next an item, or false; nil after the
---  last one
---@return nil
---@return nil
---@return equinix.ReadAhead reader its method `close` ends what is under way
function M.items(client, first, opts)
  local reader = read_ahead.new(client, first, opts)
  return careful(items(reader), opts.raise ~= false), nil, nil, reader
end

return M
