--- table: rows and columns for a reader.
--
-- Law of this file: values in, lines out; it neither reads nor prints. On a
-- terminal no line is wider than that, unless the columns are so many that
-- there is no room for a few letters of each.

local cell = require "equinix.cli.cell"
local json_text = require "equinix.base.json_text"

local M = {}

local GAP = "  "
local LEAST = 4 -- characters of a column that is cut

-- Default columns ------------------------------------------------------------

local SAMPLE = 20 -- items that decide about the columns
local FIRST = { "name", "uuid", "id", "state", "status", "type" }
local LAST = { href = true }
local MOST = 40 -- characters of a column that count for the choice

-- The names of members in the order in which they first come, and those whose
-- values are scalars everywhere; nil when an item is no object.
local function survey(items)
  local order, scalar = {}, {}
  for i = 1, math.min(#items, SAMPLE) do
    if json_text.kind(items[i]) ~= "object" then
      return nil
    end
    local names = {}
    local members = json_text.members(items[i], names)
    for _, name in ipairs(names) do
      if scalar[name] == nil then
        order[#order + 1] = name
        scalar[name] = true
      end
      local kind = json_text.kind(members[name])
      scalar[name] = scalar[name] and kind ~= "object" and kind ~= "array"
    end
  end
  return order, scalar
end

local function add(list, name)
  list[#list + 1] = { name = name, path = { name } }
end

-- The well-known names first, href last, the others as the server wrote them.
local function arranged(order, wanted)
  local fields, listed = {}, {}
  for _, name in ipairs(FIRST) do
    if wanted(name) then
      add(fields, name)
      listed[name] = true
    end
  end
  for _, last in ipairs { false, true } do
    for _, name in ipairs(order) do
      if wanted(name) and not listed[name] and (LAST[name] or false) == last
      then
        add(fields, name)
        listed[name] = true
      end
    end
  end
  return fields
end

--- The columns of a table for which none were named: the scalar members of the
--- first items, or all members where there is no scalar.
---@param items string[] JSON
---@return equinix.cli.Field[]
function M.columns(items)
  local order, scalar = survey(items)
  if not order then
    return { { name = "value", path = {} } }
  end
  local fields = arranged(order, function(name)
    return scalar[name]
  end)
  return #fields > 0 and fields or arranged(order, function(name)
    return scalar[name] ~= nil
  end)
end

-- Layout ---------------------------------------------------------------------

-- The widths of the columns, and which have only numbers in them.
local function measure(header, rows)
  local widths, numeric = {}, {}
  for i, name in ipairs(header) do
    widths[i], numeric[i] = cell.width(name), #rows > 0
    for _, row in ipairs(rows) do
      local text = row[i]
      widths[i] = math.max(widths[i], cell.width(text))
      numeric[i] = numeric[i]
        and (text == "" or text:find "^%-?%d[%d.eE+-]*$" ~= nil)
    end
  end
  return widths, numeric
end

local function total(widths, most)
  local sum = #GAP * (#widths - 1)
  for _, width in ipairs(widths) do
    sum = sum + math.min(width, most)
  end
  return sum
end

--- How many of the columns, from the first on, fit a terminal; at least one.
---@param header string[]
---@param rows string[][] cells
---@param width integer
---@return integer
function M.fitting(header, rows, width)
  local used = 0
  for i, wide in ipairs((measure(header, rows))) do
    used = used + math.min(wide, MOST) + (i > 1 and #GAP or 0)
    if used > width and i > 1 then
      return i - 1
    end
  end
  return #header
end

local function line_of(cells, widths, numeric)
  local parts = {}
  for i, width in ipairs(widths) do
    local text = cell.cut(cells[i], width)
    local space = (" "):rep(width - cell.width(text))
    parts[i] = numeric[i] and space .. text or text .. space
  end
  return (table.concat(parts, GAP):gsub(" +$", ""))
end

--- The lines of a table, its header first.
---@param header string[]
---@param rows string[][] cells
---@param width integer|nil of the terminal; nil: nothing is cut
---@return string[]
function M.lines(header, rows, width)
  local widths, numeric = measure(header, rows)
  local most = width or math.huge
  while most > LEAST and total(widths, most) > (width or math.huge) do
    most = most - 1
  end
  for i = 1, #widths do
    widths[i] = math.min(widths[i], math.max(most, LEAST))
  end
  local lines = { line_of(header, widths, numeric) }
  for i, row in ipairs(rows) do
    lines[i + 1] = line_of(row, widths, numeric)
  end
  return lines
end

return M
