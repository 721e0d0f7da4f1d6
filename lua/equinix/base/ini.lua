--- ini: a text of sections with `name = value`, read and changed.
--
-- Law of this file: it knows the line of everything, since a message about a
-- file has to say where; and it changes nothing but what it is asked to, so
-- comments and other sections stay. (The libraries for it, such as Debian's
-- lua-inifile, know no lines and drop the comments.) A comment is a line of
-- its own: in a value `#` and `;` are text. No message quotes a line, which
-- may be a secret.

local trim = require "equinix.base.trim"

local M = {}

local BLANK = "[ \t\r]"

---@class equinix.ini.Section
---@field name string
---@field line integer
---@field last integer the line of its last entry, or its own
---@field values table<string, {text: string, line: integer}>

-- -> "blank" | "section", name | "entry", name, value | nil, what is wrong
local function parse(line)
  line = trim.both(line, BLANK)
  if line == "" or line:find "^[#;]" then
    return "blank"
  elseif line:sub(1, 1) == "[" then
    local name = line:match "^%[([^%[%]]+)%]$"
    if not name then
      return nil, "a section is written as [name]"
    end
    return "section", trim.both(name, BLANK)
  end
  local at = line:find("=", 1, true)
  if not at or at == 1 then
    return nil, "this is neither [name] nor name = value"
  end
  return "entry", trim.tail(line:sub(1, at - 1), BLANK),
    trim.both(line:sub(at + 1), BLANK)
end

local function lines_of(text)
  local lines = {}
  text = text:gsub("^\239\187\191", "") -- a byte order mark
  for line in (text:find "[^\n]$" and text .. "\n" or text)
    :gmatch "([^\n]*)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

-- Puts one line into the list; returns what is wrong with it.
local function add(sections, number, kind, name, value)
  local current = sections[#sections]
  if kind == "section" then
    if sections.by_name[name] then
      return ("the section [%s] is there already, in line %d"):format(name,
        sections.by_name[name].line)
    end
    current = { name = name, line = number, last = number, values = {} }
    sections.by_name[name], sections[#sections + 1] = current, current
  elseif kind == "entry" and not current then
    return "this is in no section: write [default] above it"
  elseif kind == "entry" then
    if current.values[name] then
      return ("%s is set already, in line %d"):format(name,
        current.values[name].line)
    end
    current.values[name] = { text = value, line = number }
    current.last = number
  end
end

--- The sections in their order, and by their names in `by_name`.
---@param text string
---@return equinix.ini.Section[]|nil
---@return integer|nil line that is wrong
---@return string|nil message what is wrong with it
function M.read(text)
  local sections = { by_name = {} }
  for number, line in ipairs(lines_of(text)) do
    local kind, name, value = parse(line)
    local wrong = not kind and name
      or add(sections, number, kind, name, value)
    if wrong then
      return nil, number, wrong
    end
  end
  return sections
end

--- The text with other values in one section; all else stays as it is.
---@param text string that can be read
---@param name string of the section, which is made at the end if it is missing
---@param values {[1]: string, [2]: string|false}[] name and value; false: none
---@return string
function M.change(text, name, values)
  local lines = lines_of(text)
  local section = M.read(text).by_name[name]
  if not section then
    lines[#lines + 1] = #lines > 0 and "" or nil
    lines[#lines + 1] = "[" .. name .. "]"
    section = { values = {}, last = #lines }
  end
  local new = {}
  for _, entry in ipairs(values) do
    local old = section.values[entry[1]]
    local line = entry[2] and entry[1] .. " = " .. entry[2]
    if old then
      lines[old.line] = line
    elseif line then
      new[#new + 1] = line
    end
  end
  local all = {}
  for number = 1, #lines do
    all[#all + 1] = lines[number] or nil
    if number == section.last then
      all[#all + 1] = new[1] and table.concat(new, "\n") or nil
    end
  end
  return table.concat(all, "\n") .. "\n"
end

return M
