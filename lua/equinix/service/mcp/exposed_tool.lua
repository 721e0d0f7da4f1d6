--- exposed_tool: an operation of a capability as a tool.
--
-- Law of this file: the arguments are checked by the schema that was promised;
-- what Equinix answers is the text of the result, byte for byte or as the
-- capability maps it, and an object is there as an object, too; of an empty
-- one, where it says that what was made is. Whatever is no success is a text
-- that helps.

local error_text = require "equinix.service.mcp.error_text"
local exposed = require "equinix.service.exposed"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local output = require "equinix.service.exposed.output"
local schema = require "equinix.service.mcp.schema"

local M = {}

local MAX_RESPONSE = 1024 * 1024 -- bytes; an agent can't use more

local TOO_LONG = "The response has %d bytes, more than 1 MiB: request less "
  .. "(limit, offset)."

local NOT_JSON = "Equinix's response (%d) is not JSON. Try again later."

local REDIRECT = "Equinix responded with a redirect, and it was not followed: "
  .. "only GET and HEAD follow one, within its host and to a safe path."

-- Only an object, and only one that every parser reads alike.
local function object_in(text)
  return text and json_text.kind(text) == "object" and text or nil
end

local function mapped(map, status, body)
  local text = json_text.read(json.without_bom(body))
  if not text then
    return nil, NOT_JSON:format(status)
  end
  text = output.map(map, text)
  return { text = text, object = object_in(text) }
end

-- Of what was made without a word: where it is.
local function location_in(response)
  local location = exposed.location(response)
  local object = location and json_text.object {
    location = json_text.value(location),
  }
  return { text = object, object = object }
end

local function answer_of(planned, response)
  local body = response.body
  if body == "" then
    return location_in(response)
  elseif #body > MAX_RESPONSE then
    return nil, TOO_LONG:format(#body)
  elseif planned.output then
    return mapped(planned.output, response.status, body)
  end
  local plain = json.without_bom(body)
  local text = json_text.read(plain)
  if not text and not json.is_valid(plain) then
    return nil, NOT_JSON:format(response.status)
  end
  return { text = body, object = object_in(text) }
end

local function fields_of(inputs)
  local required = {}
  for _, input in ipairs(inputs) do
    required[#required + 1] = input.required and input.name or nil
  end
  return schema.new(inputs, { required = required, closed = true })
end

--- The tool.
---@param planned table a tool of a plan
---@param calls equinix.service.Exposed
---@return equinix.mcp.Tool
function M.new(planned, calls)
  local operation = calls.operations[planned.operation]
  local constants = exposed.constants(planned.constants)
  local labels = exposed.labels(planned.inputs)
  return {
    name = planned.name,
    title = planned.title,
    description = planned.description,
    input = fields_of(planned.inputs),
    hints = planned.hints,
    run = function(_, members, context)
      local response, err, message = calls:call(operation,
        exposed.values(planned.inputs, members, constants), labels,
        context.traceparent)
      if message then
        return nil, ("%s: %s."):format(planned.name, message)
      elseif err then
        return nil, err.code == "redirect" and REDIRECT
          or error_text.of_error(err)
      end
      return answer_of(planned, response)
    end,
  }
end

return M
