--- slices: JSON taken apart without being read.
--
-- Law of this file: a slice is the very bytes that came. Numbers too long for
-- Lua, the order of members and the difference between [] and {} stay as the
-- server sent them. The text has been read by a real parser before: what is
-- no JSON is not noticed here, it only must not hang.

local M = {}

-- The closing quote of the string that begins at `at`.
local function string_end(text, at)
  local i = at + 1
  while true do
    local found = text:find('["\\]', i)
    if not found then
      return #text
    elseif text:byte(found) == 34 then -- a quote
      return found
    end
    i = found + 2
  end
end

-- The last byte of the value that begins at `at`.
local function value_end(text, at)
  local first = text:sub(at, at)
  if first == '"' then
    return string_end(text, at)
  elseif first ~= "[" and first ~= "{" then
    return (text:find("[,%]}%s]", at) or #text + 1) - 1
  end
  local depth, i = 0, at
  while true do
    local found = text:find('["%[%]{}]', i)
    local byte = found and text:sub(found, found)
    if not found then
      return #text
    elseif byte == '"' then
      found = string_end(text, found)
    elseif byte == "[" or byte == "{" then
      depth = depth + 1
    else
      depth = depth - 1
    end
    if depth == 0 then
      return found
    end
    i = found + 1
  end
end

-- Where the next value or name begins; nil behind the last one.
local function next_start(text, at)
  local found = text:find("[^%s,:]", at)
  return found and not text:find("^[%]}]", found) and found or nil
end

--- The members of an array, or of an object by name.
---@param text string
---@return table<integer|string, string> slices
local function members(text)
  local found = {}
  local is_object = text:find "^%s*{"
  local at = next_start(text, text:find "[%[{]" + 1)
  while at do
    local name = #found + 1
    if is_object then
      local last = string_end(text, at)
      name = text:sub(at + 1, last - 1)
      at = next_start(text, last + 1)
    end
    local last = at and value_end(text, at)
    if not last then
      break
    end
    found[name] = text:sub(at, last)
    at = next_start(text, last + 1)
  end
  return found
end

local function is_array(text)
  return text and text:find "^%s*%[" ~= nil
end

--- The items of a page, of any of the shapes in pages.lua.
---@param text string the answer's body
---@return string[]|nil items nil: it holds no list
function M.items(text)
  if is_array(text) then
    return members(text)
  elseif not text:find "^%s*{" then
    return nil
  end
  local page = members(text)
  for _, name in ipairs { "data", "content", "payLoad" } do
    local value = page[name]
    if is_array(value) then
      return members(value)
    elseif value and value:find "^{" then
      local inner = members(value).data
      return is_array(inner) and members(inner) or { value }
    end
  end
end

--- JSON text to a value, empty arrays known as such.
---@param text string
---@param decode fun(text: string): any, string|nil
---@param empty_array table stands for each
---@return any value nil on failure
---@return string|nil message
function M.decode(text, decode, empty_array)
  local value, message = decode(text)
  if type(value) ~= "table" then
    return value, message
  end
  local is_object = text:find "^%s*{"
  local slices = members(text)
  if not is_object and #slices == 0 then
    return empty_array
  end
  for name, member in pairs(value) do
    -- A name that is written with escapes is not found: it stays as it is.
    local slice = type(member) == "table" and slices[name]
    if slice then
      value[name] = M.decode(slice, decode, empty_array)
    end
  end
  return value
end

return M
