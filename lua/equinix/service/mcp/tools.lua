--- tools: the list of the tools, and one call.
--
-- Law of this file: names, words and hints are the capability's. A call that
-- can't be done is a result with `isError` and words that help whoever reads
-- them to do better; a secret is in none of them.

local rate = require "equinix.service.mcp.rate_limit"
local scan = require "equinix.base.json_text"
local write = require "equinix.base.json_write"

local M = {}

---@class equinix.mcp.Tool
---@field name string
---@field title string
---@field description string
---@field input equinix.mcp.Schema
---@field output equinix.mcp.Schema
---@field hints {readOnly: boolean, destructive: boolean, idempotent: boolean}
---@field run fun(text: string, members: table<string, string>,
---  context: {traceparent?: string}): string|nil, string|nil
---  the arguments; returns an object as JSON, or nil and what went wrong

---@class equinix.mcp.Tools
---@field text string JSON, as tools/list has it
---@field by_name table<string, equinix.mcp.Tool>
local Tools = {}
Tools.__index = Tools

local function describe(tool)
  return write.object {
    name = write.value(tool.name),
    title = write.value(tool.title),
    description = write.value(tool.description),
    inputSchema = tool.input.text,
    outputSchema = tool.output.text,
    annotations = write.object {
      readOnlyHint = write.value(tool.hints.readOnly),
      destructiveHint = write.value(tool.hints.destructive),
      idempotentHint = write.value(tool.hints.idempotent),
    },
  }
end

local function content(text)
  return write.array {
    write.object { type = '"text"', text = write.value(text) },
  }
end

-- Words may be Equinix's, in any encoding.
local function failed(words)
  return { content = content(scan.utf8(words)), isError = "true" }
end

local function succeeded(object)
  return { content = content(object), structuredContent = object }
end

--- Calls a tool.
---@param tool equinix.mcp.Tool
---@param text string the arguments, an object
---@param context {traceparent?: string}
---@return table<string, string> result
function Tools:call(tool, text, context)
  local wait = self.rate:enter(tool.name)
  if wait then
    return failed(("%s was called too often: 20 calls a second, 100 at once. "
      .. "Try again in %.0f s."):format(tool.name, math.ceil(wait)))
  end
  local members = scan.members(text)
  local complaint = tool.input:complaint(members)
  if complaint then
    return failed(tool.name .. ": " .. complaint)
  end
  local object, words = tool.run(text, members, context)
  if not object then
    return failed(words)
  end
  return succeeded(write.one_line(object))
end

--- Makes the list.
---@param list equinix.mcp.Tool[]
---@param now fun(): number seconds
---@param dictionary? table as ngx.shared has them, where workers share it
---@return equinix.mcp.Tools
function M.new(list, now, dictionary)
  local by_name, texts = {}, {}
  for i, tool in ipairs(list) do
    by_name[tool.name], texts[i] = tool, describe(tool)
  end
  return setmetatable({
    text = write.array(texts),
    by_name = by_name,
    rate = rate.new(now, dictionary),
  }, Tools)
end

return M
