--- shapes: the keys that a capability file may have, and those it may not.
--
-- Law of this file: it is a table. What is read is here, what is refused by
-- name is here with its reason; any other key is unknown. A kind is one of
-- text, texts, boolean, port, data (any value, as it is), with (texts by
-- name); a shape's name; "shape*": a list of them, or a map keyed by name;
-- "shape+": the same, whose members need no name.

local M = {}

local AUTHENTICATION = "the service sends its own token: use "
  .. "--auth-token-file for the callers"

--- Keys that are refused in every place where they are not known.
M.REFUSED = {
  steps = "steps are not run: an operation calls one operation (call)",
  ref = "ref is not read: write the call here",
  aggregates = "aggregates are not read: write calls",
  mappings = "mappings are not read: use outputParameters",
  forward = "nothing is forwarded as it is: write operations with a call",
  import = "nothing is imported: write it into this file",
  from = "nothing is imported: write it into this file",
  script = "scripts are not run",
  control = "a control adapter is not served",
  tunnel = "tunnels are not used",
  responses = "responses are not described: use outputParameters",
  responseBinary = "a binary response is not served",
}

local WORDS = { label = "text", description = "text", tags = "texts" }

local function shape(keys, more)
  for name, kind in pairs(WORDS) do
    keys[name] = keys[name] or kind
  end
  more = more or {}
  more.keys = keys
  more.alias = more.alias or { display = "label" }
  return more
end

local INPUT = {
  name = "text", ["in"] = "text", type = "text", required = "boolean",
  items = "items", enum = "texts",
}

local CONSUMED_INPUT = { value = "data" }
for name, kind in pairs(INPUT) do
  CONSUMED_INPUT[name] = kind
end

--- The shapes by their names.
---@type table<string, {keys: table<string, string>,
---  alias: table<string, string>, refused?: table<string, string>,
---  required?: string[], passed?: table<string, true>, all?: boolean,
---  by_type?: table<string, string>, other?: string}>
---  passed, all: keys that are not looked at
M.SHAPES = {
  file = shape({
    naftiko = "text", ikanos = "text", info = "info", binds = "bind+",
    capability = "capability",
  }, {
    required = { "capability" },
    refused = {
      consumes = "consumes belongs under capability",
      exposes = "exposes belongs under capability",
    },
  }),
  info = shape({
    created = "text", modified = "text",
  }, { alias = { title = "label", display = "label" } }),
  bind = shape({
    namespace = "text", location = "text", keys = "with",
  }, { required = { "keys" } }),
  capability = shape({
    consumes = "consumes+", exposes = "exposes+", binds = "bind+",
  }, { required = { "consumes", "exposes" } }),
  consumes = shape({
    type = "text", namespace = "text", baseUri = "text",
    authentication = "authentication", inputParameters = "consumed_input*",
    resources = "consumed_resource+",
  }, { required = { "type", "namespace", "baseUri", "resources" } }),
  authentication = shape({ type = "text", token = "text" }, {
    required = { "type" },
    -- Of other types, which are refused as a whole.
    passed = { key = true, value = true, placement = true, username = true,
      password = true },
  }),
  consumed_input = shape(CONSUMED_INPUT),
  items = shape { type = "text" },
  consumed_resource = shape({
    name = "text", path = "text", inputParameters = "consumed_input*",
    operations = "consumed_operation*",
  }, { required = { "path", "operations" } }),
  consumed_operation = shape({
    name = "text", method = "text", inputParameters = "consumed_input*",
    body = "body", outputRawFormat = "text",
    outputParameters = "consumed_output+",
  }, { required = { "name", "method" } }),
  body = shape({ type = "text", data = "data" }, {
    required = { "type", "data" },
  }),
  consumed_output = shape { name = "text", type = "text", value = "text" },
  -- Which of these it is says the key `type`.
  exposes = shape({ type = "text" }, {
    by_type = { rest = "rest", mcp = "mcp" }, other = "adapter",
    required = { "type" },
  }),
  adapter = shape({ type = "text" }, { all = true }),
  rest = shape({
    type = "text", namespace = "text", port = "port", address = "text",
    resources = "exposed_resource+",
  }, {
    required = { "resources" },
    refused = { authentication = AUTHENTICATION },
  }),
  mcp = shape({
    type = "text", namespace = "text", port = "port", address = "text",
    transport = "text", tools = "tool*",
  }, {
    required = { "tools" },
    refused = {
      authentication = AUTHENTICATION,
      resources = "only tools are served over MCP",
      prompts = "only tools are served over MCP",
    },
  }),
  exposed_resource = shape({
    name = "text", path = "text", inputParameters = "exposed_input*",
    operations = "exposed_operation+",
  }, { required = { "path", "operations" } }),
  exposed_input = shape(INPUT),
  exposed_operation = shape({
    name = "text", method = "text", call = "text", with = "with",
    inputParameters = "exposed_input*", outputParameters = "output+",
  }, { required = { "method", "call" } }),
  tool = shape({
    name = "text", call = "text", with = "with", hints = "hints",
    inputParameters = "exposed_input*", outputParameters = "output+",
  }, { required = { "name", "call" } }),
  hints = {
    keys = { readOnly = "boolean", destructive = "boolean",
      idempotent = "boolean", openWorld = "boolean" },
    alias = {},
  },
  output = shape {
    name = "text", type = "text", mapping = "text", value = "data",
    const = "data", properties = "output*", items = "output",
  },
}

return M
