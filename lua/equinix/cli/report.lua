--- report: items as `--output` and `--fields` say: JSON, a table, or lines
--- with tabs.
--
-- Law of this file: items come as JSON text and leave with the digits that the
-- server wrote. A table is for people; JSON and tsv are the same on a terminal
-- and in a pipe.

local all_pages = require "equinix.cli.all_pages"
local cell = require "equinix.cli.cell"
local fields_of = require "equinix.cli.fields"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local list_page = require "equinix.http.list_page"
local tables = require "equinix.cli.table"

local M = {}

---@class equinix.cli.Report
---@field format "json"|"table"|"tsv"
---@field fields? equinix.cli.Field[] without it: all (JSON), or a choice
---@field width? integer of the terminal
---@field single? boolean the one item is no list

--- The items of a response: those of the list in it, or the whole of it.
---@param response equinix.Response
---@return string[]|nil items JSON
---@return boolean|string single or a message
function M.items(response)
  local body = json.without_bom(response.body)
  local page, message = json.decode(body, true)
  if page == nil then
    return nil, ("the answer is not JSON (%s); leave --output and --fields "
      .. "out to see it"):format(message)
  elseif list_page.find(page, body) then
    return all_pages.page_items(page, body), false
  end
  return { body:match "^%s*(.-)%s*$" }, true
end

local function rows_of(picked, fields, exact)
  local rows = {}
  for n, texts in ipairs(picked) do
    rows[n] = {}
    for i = 1, #fields do
      rows[n][i] = cell.text(texts[i], exact)
    end
  end
  return rows
end

local function names_of(fields)
  local names = {}
  for i, field in ipairs(fields) do
    names[i] = cell.text(json_text.value(field.name))
  end
  return names
end

local WRITERS = {}

function WRITERS.json(report, fields, picked, write)
  local objects = {}
  for n, texts in ipairs(picked) do
    local parts = {}
    for i, field in ipairs(fields) do
      parts[i] = json_text.value(field.name) .. ":" .. (texts[i] or "null")
    end
    objects[n] = "{" .. table.concat(parts, ",") .. "}"
  end
  if report.single then
    return write(objects[1] .. "\n")
  end
  all_pages.write(objects, write)
end

function WRITERS.tsv(_, fields, picked, write)
  for _, row in ipairs(rows_of(picked, fields, true)) do
    write(table.concat(row, "\t") .. "\n")
  end
end

function WRITERS.table(report, fields, picked, write)
  local header = names_of(fields)
  local rows = rows_of(picked, fields, false)
  if report.width and not report.fields then
    for i = #header, tables.fitting(header, rows, report.width) + 1, -1 do
      header[i] = nil
    end
  end
  for _, line in ipairs(tables.lines(header, rows, report.width)) do
    write(line .. "\n")
  end
end

--- Writes items.
---@param items string[] JSON
---@param report equinix.cli.Report
---@param write fun(text: string)
---@param say fun(text: string) gets what is worth a word on stderr
function M.write(items, report, write, say)
  local fields = report.fields
    or report.format ~= "json" and tables.columns(items)
  if not fields then
    return all_pages.write(items, write)
  elseif #items == 0 and not report.fields and report.format == "table" then
    return -- no item, so no column
  end
  local picked = {}
  for n, item in ipairs(items) do
    picked[n] = fields_of.pick(item, fields)
  end
  for _, message in ipairs(fields_of.missing(report.fields or {}, picked,
    items)) do
    say(message)
  end
  WRITERS[report.format](report, fields, picked, write)
end

return M
