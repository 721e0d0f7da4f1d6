--- openapi: the REST face of the capability as an OpenAPI 3.1 document.
--
-- Law of this file: it is made of the capability and repeats nothing of it;
-- what it adds is HTTP's: statuses, headers, media types, and the paths by
-- which the service itself is watched.

local json = require "equinix.base.json"

local M = {}

local LICENSE = { name = "MIT", identifier = "MIT" }

-- What each operation may answer beside 200; default says what is left.
local FAILURES = {
  ["400"] = "The body can't be used, or Equinix refused it.",
  ["401"] = "Credentials were refused: this service's token is missing from "
    .. "Authorization, or Equinix refused those it was asked with.",
  ["403"] = "The Host or Origin is not one of this service's, or Equinix "
    .. "refused the account.",
  ["413"] = "The body is larger than 1 MiB.",
  ["415"] = "The body is not JSON.",
  ["429"] = "Too many requests, or credentials that were refused before; "
    .. "Retry-After says when to try again.",
  ["502"] = "Equinix could not be reached, or its answer was no JSON "
    .. "(upstream_status is its status).",
  ["503"] = "Equinix or this service is not available.",
  ["504"] = "Equinix did not answer in time.",
}

local PROBLEM = {
  type = "object",
  description = "RFC 9457.",
  properties = {
    type = { type = "string", format = "uri-reference" },
    title = { type = "string" },
    status = { type = "integer" },
    detail = { type = "string" },
    code = { type = "string", description = "Equinix's code, or a word." },
    errors = {
      type = "array",
      description = "What Equinix's answer complained about.",
      items = {
        type = "object",
        properties = {
          code = { type = "string" },
          message = { type = "string" },
          property = { type = "string" },
          reason = { type = "string" },
          details = { type = "string" },
        },
      },
    },
    correlation_id = { type = "string" },
    upstream_status = {
      type = "integer",
      description = "Equinix's status, where it can't be this answer's.",
    },
  },
  required = { "type", "title", "status", "detail" },
}

local RETRY_AFTER = {
  description = "When to try again (RFC 9110, section 10.2.3).",
  schema = { type = "string" },
}

local AGE = {
  description = "Seconds since the token was issued.",
  schema = { type = "integer", minimum = 0 },
}

local function ref(kind, name)
  return { ["$ref"] = ("#/components/%s/%s"):format(kind, name) }
end

-- One member of a body as a JSON Schema.
local function property(field)
  return {
    type = field.type,
    enum = field.enum,
    description = field.description,
    format = field.secret and "password" or nil,
  }
end

--- A JSON Schema of the capability's fields.
---@param fields equinix.operations.Field[]
---@param required? string[]
---@return table
function M.object(fields, required)
  local properties = {}
  for _, field in ipairs(fields) do
    properties[field.name] = property(field)
  end
  return { type = "object", properties = properties, required = required }
end

-- What Equinix says it says in several shapes; what we say is a problem.
local function failure(description)
  return {
    description = description,
    headers = { ["Retry-After"] = RETRY_AFTER },
    content = {
      ["application/problem+json"] = { schema = ref("schemas", "Problem") },
      ["application/json"] = {
        schema = {
          type = { "object", "array" },
          description = "Equinix's own words.",
        },
      },
    },
  }
end

local function of_operation(capability, operation)
  local responses = {
    ["200"] = {
      description = "A token.",
      headers = { Age = AGE },
      content = {
        ["application/json"] = { schema = ref("schemas", "Token") },
      },
    },
    default = ref("responses", "Failure"),
  }
  for status in pairs(FAILURES) do
    responses[status] = ref("responses", "Failure" .. status)
  end
  return {
    operationId = operation.name,
    summary = operation.title,
    description = operation.description,
    tags = { capability.namespaces.rest },
    requestBody = {
      required = false,
      content = {
        ["application/json"] = {
          schema = M.object(operation.fields),
        },
      },
    },
    responses = responses,
  }
end

-- name, summary, media type, whether it may say that it is not so now
local WATCH = {
  ["/healthz"] = { "healthz", "Whether the service runs",
    "application/json" },
  ["/readyz"] = { "readyz", "Whether it can give a token",
    "application/json", true },
  ["/metrics"] = { "metrics", "Counters, for Prometheus", "text/plain" },
  ["/openapi.json"] = { "openapi", "This document", "application/json" },
}

local function of_watching(words)
  return {
    operationId = words[1],
    summary = words[2],
    tags = { "watching" },
    responses = {
      ["200"] = {
        description = words[2] .. ".",
        content = {
          [words[3]] = {
            schema = { type = words[3] == "text/plain" and "string"
              or "object" },
          },
        },
      },
      ["403"] = ref("responses", "Failure403"),
      ["503"] = words[4] and ref("responses", "Failure503") or nil,
    },
  }
end

local function paths(capability)
  local all = {}
  for _, operation in ipairs(capability.operations) do
    all[operation.path] = {
      [operation.method:lower()] = of_operation(capability, operation),
    }
  end
  for path, words in pairs(WATCH) do
    all[path] = { get = of_watching(words) }
  end
  return all
end

local function components(capability, guarded)
  local responses = {
    Failure = failure "Anything else that went wrong.",
  }
  for status, description in pairs(FAILURES) do
    responses["Failure" .. status] = failure(description)
  end
  return {
    schemas = {
      Token = M.object(capability.answer, capability.required),
      Problem = PROBLEM,
    },
    responses = responses,
    securitySchemes = guarded and {
      token = { type = "http", scheme = "bearer" },
    } or nil,
  }
end

--- The document.
---@param capability table
---@param version string of this software
---@param guarded boolean a token is asked for
---@return table
function M.document(capability, version, guarded)
  return {
    openapi = "3.1.0",
    info = {
      title = capability.title,
      description = capability.description,
      version = version,
      license = LICENSE,
    },
    servers = { { url = "/" } },
    tags = {
      { name = capability.namespaces.rest,
        description = capability.description },
      { name = "watching", description = "The service itself." },
    },
    security = guarded and { { token = json.empty_array } }
      or json.empty_array,
    paths = paths(capability),
    components = components(capability, guarded),
  }
end

return M
