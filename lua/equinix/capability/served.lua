--- served: a plan as a table for people.
--
-- Law of this file: one line for each route and each tool, with what it calls;
-- what may change something says so. A name of a file is printed with escapes.

local printable = require("equinix.base.printable").text

local M = {}

local READING = { GET = true, HEAD = true }

local function path_text(parts)
  local texts = {}
  for i, part in ipairs(parts) do
    texts[i] = type(part) == "string" and part or "{" .. part.name .. "}"
  end
  return table.concat(texts)
end

local function upstream(plan, entry)
  local operation = plan.operations[entry.operation]
  return operation.method, path_text(operation.path), operation.token
end

-- Columns of one width each, except for the last.
local function columns(rows)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i = 1, #row - 1 do
      widths[i] = math.max(widths[i] or 0, #row[i])
    end
  end
  for n, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      cells[i] = i < #row and cell .. (" "):rep(widths[i] - #cell) or cell
    end
    lines[n] = "  " .. table.concat(cells, "  "):gsub("%s+$", "")
  end
  return lines
end

local function notes_of(method, exposed, token)
  local note = READING[method] and (not exposed or READING[exposed]) and ""
    or "not GET"
  return token and "not GET, token" or note
end

local function rows_of(plan, list, first)
  local rows, writing = {}, 0
  for i, entry in ipairs(list) do
    local method, path, token = upstream(plan, entry)
    local note = notes_of(method, entry.method, token)
    writing = writing + (note ~= "" and 1 or 0)
    rows[i] = { first(entry), method .. " " .. path, note }
  end
  return rows, writing
end

local function add_face(out, title, rows, writing)
  out[#out + 1] = title
  for _, line in ipairs(columns(rows)) do
    out[#out + 1] = line
  end
  out[#out + 1] = ("  %d in all, %d of them not GET"):format(#rows, writing)
end

local function port_of(plan, face, default)
  return face == "mcp" and plan.transport == "stdio" and "stdio"
    or "port " .. (plan.ports[face] or default)
end

--- The table.
---@param plan table
---@return string
function M.text(plan)
  local out = { printable(plan.title) }
  if plan.namespaces.rest then
    add_face(out, ("REST %s, %s"):format(printable(plan.namespaces.rest),
      port_of(plan, "rest", 8080)),
      rows_of(plan, plan.routes, function(route)
        return route.method .. " " .. path_text(route.path)
      end))
  end
  if plan.namespaces.mcp then
    add_face(out, ("MCP %s, %s"):format(printable(plan.namespaces.mcp),
      port_of(plan, "mcp", 9090)),
      rows_of(plan, plan.tools, function(tool)
        return tool.name
      end))
  end
  return table.concat(out, "\n") .. "\n"
end

return M
