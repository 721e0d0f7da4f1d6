--- list_page: where one page of a list has its items.
--
-- Law of this file: it decides for Lua and for the command alike, and guesses
-- nothing. null is a list without items, and an object in the place of a list
-- is its one item. A response without a list in a known place, or one that
-- reports an error, is no page.

local json = require "equinix.base.json"

local M = {}

-- The members that hold the items in Equinix's shapes (see pagination.lua).
local LISTS = { "data", "content", "payLoad" }

-- lua-cjson makes the same empty table of [] and {}.
local function is_list(value)
  return type(value) == "table" and (value[1] ~= nil or next(value) == nil)
end

local function says_something(value)
  if type(value) == "table" then
    return next(value) ~= nil
  end
  return value ~= nil and value ~= json.null and value ~= false
    and value ~= "" and value ~= 0
end

-- Some servers report an error with status 200. SmartView's envelope has a
-- status of its own: {payLoad, status = {type, statuscode, msg}}.
local function reports_error(page)
  local status = type(page.status) == "table" and page.status.statuscode
  return says_something(page.errors) or says_something(page.error)
    or says_something(page.fault)
    or tostring(status):find "^[013-9]%d%d$" ~= nil
end

local MAX_NAMES = 8
local MAX_NAME = 40 -- bytes

-- A name as it may stand in a message.
local function quoted(name)
  local short = #name > MAX_NAME and name:sub(1, MAX_NAME) .. "..." or name
  return '"' .. short:gsub('[%z\1-\31\127-\255"\\]', function(byte)
    return ("\\x%02X"):format(byte:byte())
  end) .. '"'
end

local function members_of(page)
  local names = {}
  for name in pairs(page) do
    names[#names + 1] = name
  end
  table.sort(names)
  local shown = {}
  for i = 1, math.min(#names, MAX_NAMES) do
    shown[i] = quoted(names[i])
  end
  if #names > MAX_NAMES then
    shown[#shown + 1] = ("%d more"):format(#names - MAX_NAMES)
  end
  return #names == 0 and "an object without members"
    or "an object with the members " .. table.concat(shown, ", ")
end

---@class equinix.ListPlace
---@field path string[] the members that lead there; none: the page itself
---@field kind "list"|"one"|"none" a list, its one item, null

---@return equinix.ListPlace
local function place(kind, ...)
  return { kind = kind, path = { ... } }
end

-- The place in a member that may hold the list; nil: it does not.
local function in_member(name, value)
  if is_list(value) then
    return place("list", name)
  elseif value == json.null then
    return place("none", name)
  elseif type(value) == "table" then
    if value.data == json.null then
      return place("none", name, "data")
    end
    return is_list(value.data) and place("list", name, "data")
      or place("one", name)
  end
end

--- Where the items are.
---@param page any the response's body, decoded
---@param text string the body itself, which tells [] from {}
---@return equinix.ListPlace|nil
---@return string|nil message what it is instead of a page of a list
function M.find(page, text)
  if page == json.null then
    return place "none"
  elseif type(page) ~= "table" then
    return nil, "a " .. type(page)
  elseif is_list(page) and (page[1] ~= nil or not text:find "^[^%[]*{") then
    return place "list"
  elseif reports_error(page) then
    return nil, members_of(page) .. ", and reports an error"
  end
  local found
  for _, name in ipairs(LISTS) do
    local here = in_member(name, page[name])
    if here and (not found or found.kind == "none") then
      found = here
    end
  end
  if not found then
    return nil, members_of(page)
  end
  return found
end

--- The items of a page.
---@param page any as for find
---@param text string
---@return any[]|nil
---@return string|nil message
function M.items(page, text)
  local found, message = M.find(page, text)
  if not found then
    return nil, message
  elseif found.kind == "none" then
    return {}
  end
  local value = page
  for _, name in ipairs(found.path) do
    value = value[name]
  end
  return found.kind == "one" and { value } or value
end

return M
