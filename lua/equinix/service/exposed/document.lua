--- document: a route of a capability as a part of the OpenAPI document.
--
-- Law of this file: it says what the route takes, as it is checked; of what
-- Equinix answers it says only what the capability does.

local M = {}

-- The JSON Schema of an input.
local function schema_of(input)
  return {
    type = input.type or (input.place ~= "body" and "string") or nil,
    enum = input.enum,
    items = input.type == "array" and { type = input.items } or nil,
  }
end

-- The names of a path's variables, in their order.
local function variables(path)
  local names = {}
  for _, part in ipairs(path) do
    names[#names + 1] = type(part) == "table" and part.name or nil
  end
  return names
end

-- What a variable is called in a path that came first.
local function names_in(planned, path)
  local own, shown, names = variables(planned.path), variables(path), {}
  for i, name in ipairs(own) do
    names[name] = shown[i]
  end
  return names
end

local function parameters(planned, path)
  local list, names = {}, names_in(planned, path)
  for _, input in ipairs(planned.inputs) do
    if input.place ~= "body" then
      list[#list + 1] = {
        name = input.place == "path" and names[input.name] or input.name,
        ["in"] = input.place,
        required = input.place == "path" or input.required or false,
        description = input.description,
        schema = schema_of(input),
      }
    end
  end
  return #list > 0 and list or nil
end

local function body_of(planned)
  local properties, required, whole
  for _, input in ipairs(planned.inputs) do
    if input.whole then
      whole = input
    elseif input.place == "body" then
      properties = properties or {}
      properties[input.name] = schema_of(input)
      properties[input.name].description = input.description
      if input.required then
        required = required or {}
        required[#required + 1] = input.name
      end
    end
  end
  if not whole and not properties then
    return nil
  end
  return {
    required = whole and whole.required or required ~= nil,
    description = whole and whole.description or nil,
    content = {
      ["application/json"] = {
        schema = whole and { type = { "object", "array" } } or {
          type = "object",
          properties = properties,
          required = required,
          additionalProperties = false,
        },
      },
    },
  }
end

-- What is mapped, as far as the capability says its types.
local function output_of(output)
  if not output or output.const ~= nil then
    return {}
  end
  local schema = {}
  for _, property in ipairs(output.properties or {}) do
    schema.type = { "object", "null" }
    schema.properties = schema.properties or {}
    schema.properties[property.name] = output_of(property)
  end
  if output.items then
    schema.type, schema.items = { "array", "null" }, output_of(output.items)
  end
  return schema
end

--- The parameters, the body and the success of a route.
---@param planned table a route of a plan
---@param path table[] as the document shows it
---@return table
function M.operation(planned, path)
  local schema = output_of(planned.output)
  return {
    parameters = parameters(planned, path),
    requestBody = body_of(planned),
    responses = {
      ["2XX"] = {
        description = "Equinix's response; 204 has no body.",
        content = {
          ["application/json"] = next(schema) and { schema = schema } or {
            schema = { type = { "object", "array", "string", "number",
              "boolean", "null" } },
          },
        },
      },
    },
  }
end

return M
