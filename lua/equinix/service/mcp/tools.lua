--- tools: the list of the tools, and one call.
--
-- Law of this file: names, descriptions and hints are the capability's. A call
-- that can't be carried out is a result with `isError` and a text that says
-- what to do; it never contains a secret.

local json_text = require "equinix.base.json_text"
local rate_limit = require "equinix.service.mcp.rate_limit"

local M = {}

---@class equinix.mcp.Context
---@field traceparent? string

---@class equinix.mcp.Tool
---@field name string
---@field title? string
---@field description string
---@field input equinix.mcp.Schema
---@field output? equinix.mcp.Schema
---@field hints? {readOnly?: boolean, destructive?: boolean,
---  idempotent?: boolean, openWorld?: boolean}
---@field run fun(text: string, members: table<string, string>,
---  context: equinix.mcp.Context): string|equinix.mcp.Answer|nil, string|nil
---  the arguments; returns an object as JSON, or an answer, or nil and what
---  went wrong

---@class equinix.mcp.Answer what a tool without an output schema returns
---@field text? string any text; nil: a success that says nothing
---@field object? string JSON, where the text is an object

---@class equinix.mcp.Tools
---@field private list equinix.mcp.Tool[]
---@field private written? string
---@field by_name table<string, equinix.mcp.Tool>
---@field private limit equinix.mcp.RateLimit
local Tools = {}
Tools.__index = Tools

local HINTS = { "readOnly", "destructive", "idempotent", "openWorld" }

-- Only those that the capability has.
local function annotations(hints)
  local members = {}
  for _, name in ipairs(HINTS) do
    if hints[name] ~= nil then
      members[name .. "Hint"] = json_text.value(hints[name])
    end
  end
  return json_text.object(members)
end

local function describe(tool)
  return json_text.object {
    name = json_text.value(tool.name),
    title = tool.title and json_text.value(tool.title),
    description = json_text.value(tool.description),
    inputSchema = tool.input:text(),
    outputSchema = tool.output and tool.output:text(),
    annotations = tool.hints and annotations(tool.hints),
  }
end

local function content(text)
  return json_text.array {
    json_text.object { type = '"text"', text = json_text.value(text) },
  }
end

-- The message may be Equinix's, in any encoding.
local function failed(message)
  return { content = content(json_text.utf8(message)), isError = "true" }
end

local function succeeded(object)
  return { content = content(object), structuredContent = object }
end

-- Bytes of Equinix, which need not be UTF-8.
local function passed_on(answer)
  return {
    content = answer.text and content(json_text.utf8(answer.text)) or "[]",
    structuredContent = answer.object and json_text.one_line(answer.object),
  }
end

--- All tools as tools/list has them: JSON, written when it is first asked
--- for, since 500 tools take a while.
---@return string
function Tools:text()
  if not self.written then
    local texts = {}
    for i, tool in ipairs(self.list) do
      texts[i] = describe(tool)
    end
    self.written = json_text.array(texts)
  end
  return self.written
end

--- Calls a tool.
---@param tool equinix.mcp.Tool
---@param text string the arguments, an object
---@param context equinix.mcp.Context
---@return table<string, string> result
function Tools:call(tool, text, context)
  local wait = self.limit:enter(tool.name)
  if wait then
    return failed(("%s: too many calls; the limit is 20 a second, 100 at "
      .. "once. Try again in %.0f s."):format(tool.name, math.ceil(wait)))
  end
  local members = json_text.members(text)
  local message = tool.input:complaint(members)
  if message then
    return failed(tool.name .. ": " .. message)
  end
  local answer
  answer, message = tool.run(text, members, context)
  if not answer then
    return failed(message)
  elseif type(answer) == "table" then
    return passed_on(answer)
  end
  return succeeded(json_text.one_line(answer))
end

--- Makes the list.
---@param list equinix.mcp.Tool[]
---@param now fun(): number seconds
---@param dictionary? table as ngx.shared has them, where workers share it
---@return equinix.mcp.Tools
function M.new(list, now, dictionary)
  local by_name = {}
  for _, tool in ipairs(list) do
    by_name[tool.name] = tool
  end
  return setmetatable({
    list = list,
    by_name = by_name,
    limit = rate_limit.new(now, dictionary),
  }, Tools)
end

return M
