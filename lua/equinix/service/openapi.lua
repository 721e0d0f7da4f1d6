--- openapi: the REST API of the capability as an OpenAPI 3.1 document.
--
-- Law of this file: it is made from the capability's plan and repeats nothing
-- of it; what it adds is HTTP's: statuses, headers, media types, and the paths
-- for monitoring the service itself.

local exposed_document = require "equinix.service.exposed.document"
local json = require "equinix.base.json"
local lower = require("equinix.base.text").lower
local published = require "equinix.oauth.operations"
local template = require("equinix.service.paths").template

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

-- An operation with the responses that it has besides success.
local function operation_of(plan, planned, members)
  members.operationId = planned.name
  members.summary = planned.title
  members.description = planned.description
  members.tags = { plan.namespaces.rest }
  members.responses.default = ref("responses", "Failure")
  for status in pairs(FAILURES) do
    members.responses[status] = ref("responses", "Failure" .. status)
  end
  return members
end

-- One of the token's.
local function of_token(operation)
  return {
    requestBody = {
      required = false,
      content = {
        ["application/json"] = {
          schema = object(operation.fields),
        },
      },
    },
    responses = {
      ["200"] = {
        description = "A token.",
        headers = { Age = AGE },
        content = {
          ["application/json"] = { schema = ref("schemas", "Token") },
        },
      },
    },
  }
end

-- name, summary, media type, whether it is a probe: open to all, yes or no
local MONITORING = {
  ["/"] = { "status", "The status page, for a browser", "text/html" },
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
        schema = { type = entry[3] == "application/json" and "object"
          or "string" },
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

-- Paths that differ only in the names of their variables are one path, with
-- the names that came first.
local function add_route(plan, planned, all, shapes)
  local shape = template(planned.path):gsub("{[^}]*}", "{}")
  shapes[shape] = shapes[shape] or planned.path
  local token = plan.operations[planned.operation].token
  local path = template(shapes[shape])
  all[path] = all[path] or {}
  all[path][lower(planned.method)] = operation_of(plan, planned,
    token and of_token(published.by_token[token])
      or exposed_document.operation(planned, shapes[shape]))
  return token ~= nil
end

local function paths(plan)
  local all, shapes, has_token = {}, {}, false
  for _, planned in ipairs(plan.routes) do
    has_token = add_route(plan, planned, all, shapes) or has_token
  end
  for path, entry in pairs(MONITORING) do
    all[path] = all[path] or {}
    all[path].get = all[path].get or of_monitoring(entry)
  end
  return all, has_token
end

local function components(has_token, guarded)
  local responses = {
    Failure = failure "Any other error.",
  }
  for status, description in pairs(FAILURES) do
    responses["Failure" .. status] = failure(description)
  end
  return {
    schemas = {
      Token = has_token and object(published.answer, published.required)
        or nil,
      Problem = PROBLEM,
    },
    responses = responses,
    securitySchemes = guarded and {
      token = { type = "http", scheme = "bearer" },
    } or nil,
  }
end

local function tags(plan)
  local list = { { name = "watching", description = "The service itself." } }
  if plan.namespaces.rest then
    table.insert(list, 1, { name = plan.namespaces.rest,
      description = plan.rest_description or plan.description })
  end
  return list
end

--- The document.
---@param plan table
---@param version string of this software
---@param guarded boolean the service requires an auth token
---@return table
function M.document(plan, version, guarded)
  local all, has_token = paths(plan)
  return {
    openapi = "3.1.0",
    info = {
      title = plan.title,
      description = plan.description,
      version = version,
      license = LICENSE,
    },
    servers = { { url = "/" } },
    tags = tags(plan),
    security = guarded and { { token = json.empty_array } }
      or json.empty_array,
    paths = all,
    components = components(has_token, guarded),
  }
end

return M
