--- lists: iterators over the pages of a list, and over its items.
--
-- Law of this file: a page is one call like any other. The iterators raise
-- its error: a loop has no place for `nil, err`.

local call = require "equinix.client.call"
local list_page = require "equinix.http.list_page"
local pagination = require "equinix.http.pagination"

local M = {}

--- Iterates over pages.
---@param client equinix.Client
---@param first equinix.Request of the first page, checked
---@return fun(): any, equinix.Response next the page, nil after the last one
function M.pages(client, first)
  return pagination.each(function(opts)
    local response, err = call.run(client, opts)
    if not response then
      error(err, 0)
    end
    return response
  end, first)
end

--- Iterates over the items of all pages.
---@param client equinix.Client
---@param first equinix.Request of the first page, checked
---@return fun(): any next an item, nil after the last one
function M.items(client, first)
  local next_page, list, i = M.pages(client, first), {}, 0
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

return M
