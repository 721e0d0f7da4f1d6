--- openapi: the REST API of the capability as an OpenAPI 3.1 document.
--
-- Law of this file: it is made from the capability and repeats nothing of it;
-- what it adds is HTTP's: statuses, headers, media types, and the paths for
-- monitoring the service itself.

local json = require "equinix.base.json"
local lower = require("equinix.base.text").lower

local M = {}

local LICENSE = { name = "MIT", identifier = "MIT" }

-- The responses of each operation besides 200; the rest is the default one.
local FAILURES = {
  ["400"] = "The request has something that is not understood, or "
    .. "Equinix refused it.",
  ["401"] = "The auth token of this service is missing or wrong, or "
    .. "Equinix refused the credentials.",
  ["403"] = "The Host or Origin is not allowed, or Equinix refused the "
    .. "account.",
  ["408"] = "The body did not arrive within 10 seconds.",
  ["413"] = "The body is larger than 1 MiB.",
  ["415"] = "The body is not JSON.",
  ["429"] = "Too many requests, or the credentials are held back; "
    .. "Retry-After says when to try again.",
  ["502"] = "Equinix could not be reached, or its response was not JSON "
    .. "(upstream_status is its status).",
  ["503"] = "Equinix or this service is not available.",
  ["504"] = "Equinix did not respond in time.",
}

local PROBLEM = {
  type = "object",
  description = "Problem details (RFC 9457).",
  properties = {
    type = { type = "string", format = "uri-reference" },
    title = { type = "string" },
    status = { type = "integer" },
    detail = { type = "string" },
    code = {
      type = "string",
      description = "Equinix's error code, or a symbolic name.",
    },
    errors = {
      type = "array",
      description = "The errors in Equinix's response.",
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
      description = "Equinix's status, where it is not the status of this "
        .. "response.",
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

-- A JSON Schema of the capability's fields.
local function object(fields, required)
  local properties = {}
  for _, field in ipairs(fields) do
    properties[field.name] = property(field)
  end
  return { type = "object", properties = properties, required = required }
end

-- Errors of Equinix have several shapes; errors of this service are problems.
local function failure(description)
  return {
    description = description,
    headers = { ["Retry-After"] = RETRY_AFTER },
    content = {
      ["application/problem+json"] = { schema = ref("schemas", "Problem") },
      ["application/json"] = {
        schema = {
          type = { "object", "array" },
          description = "Equinix's own response.",
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
          schema = object(operation.fields),
        },
      },
    },
    responses = responses,
  }
end

-- name, summary, media type, whether it is a probe: open to all, yes or no
local MONITORING = {
  ["/healthz"] = { "healthz", "Whether the service runs",
    "application/json", true },
  ["/readyz"] = { "readyz", "Whether the service can give a token",
    "application/json", true },
  ["/metrics"] = { "metrics", "Counters, for Prometheus", "text/plain" },
  ["/openapi.json"] = { "openapi", "This document", "application/json" },
}

local function answer_of(entry, description)
  return {
    description = description,
    content = {
      [entry[3]] = {
        schema = { type = entry[3] == "text/plain" and "string"
          or "object" },
      },
    },
  }
end

local function of_monitoring(entry)
  local is_probe = entry[4]
  return {
    operationId = entry[1],
    summary = entry[2],
    tags = { "watching" },
    security = is_probe and json.empty_array or nil,
    responses = {
      ["200"] = answer_of(entry, entry[2] .. "."),
      ["403"] = not is_probe and ref("responses", "Failure403") or nil,
      ["503"] = is_probe and answer_of(entry, "Not so.") or nil,
    },
  }
end

local function paths(capability)
  local all = {}
  for _, operation in ipairs(capability.operations) do
    all[operation.path] = {
      [lower(operation.method)] = of_operation(capability, operation),
    }
  end
  for path, entry in pairs(MONITORING) do
    all[path] = { get = of_monitoring(entry) }
  end
  return all
end

local function components(capability, guarded)
  local responses = {
    Failure = failure "Any other error.",
  }
  for status, description in pairs(FAILURES) do
    responses["Failure" .. status] = failure(description)
  end
  return {
    schemas = {
      Token = object(capability.answer, capability.required),
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
---@param guarded boolean the service requires an auth token
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
