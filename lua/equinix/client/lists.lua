--- lists: iterators over the pages of a list, and over its items.
--
-- Law of this file: a page is one call like any other. `nil, err` would end a
-- loop as if the list were over, so the iterators raise the error, or go into
-- the loop once more with `false, err` where that is asked for. Inside nginx,
-- which writes "unknown reason" for an error that is a table, they raise its
-- text.

local call = require "equinix.client.call"
local errors = require "equinix.base.error"
local list_page = require "equinix.http.list_page"
local pagination = require "equinix.http.pagination"

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
    elseif raise or not errors.is(value) then
      error(tostring(value), 2)
    end
    failed = true
    return false, value
  end
end

local function pages(client, first)
  return pagination.each(function(opts)
    local response, err = call.run(client, opts)
    if not response then
      error(err, 0)
    end
    return response
  end, first)
end

local function items(client, first)
  local next_page, list, i = pages(client, first), {}, 0
  return function()
    i = i + 1
    while list[i] == nil do
      local page, response = next_page()
      if page == nil then
        return nil
      end
      list, i = list_page.items(page, response.body), 1
    end
    return list[i]
  end
end

--- Iterates over pages.
---@param client equinix.Client
---@param first equinix.Request of the first page, checked
---@param raise boolean whether an error is raised, or comes as `false, err`
---@return fun(): any, equinix.Response|equinix.Error|nil next the page, or
---  false; nil after the last one
function M.pages(client, first, raise)
  return careful(pages(client, first), raise)
end

--- Iterates over the items of all pages.
---@param client equinix.Client
---@param first equinix.Request of the first page, checked
---@param raise boolean whether an error is raised, or comes as `false, err`
---@return fun(): any, equinix.Error|nil next an item, or false; nil after the
---  last one
function M.items(client, first, raise)
  return careful(items(client, first), raise)
end

return M
