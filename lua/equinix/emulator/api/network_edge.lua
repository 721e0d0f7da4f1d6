--- network_edge: Network Edge, devices and ACL templates.
--
-- Law of this file: errors have Network Edge's own shape, an object for one
-- and an array for several.

local errors = require "equinix.emulator.errors"
local objects = require "equinix.emulator.objects"
local pagination = require "equinix.emulator.pagination"
local request_body = require "equinix.emulator.request_body"

local M = {}

M.error_response = errors.network_edge

local function devices(world, knobs, request)
  return pagination.by_offset(world, knobs, request, {
    total = knobs.entries,
    error_response = M.error_response,
    entry = function(i)
      return {
        uuid = objects.fixed_uuid("8f09b2d4", i),
        name = ("device-%04d"):format(i + 1),
        deviceTypeCode = "CSR1000V",
        status = "PROVISIONED",
        metroCode = "SV",
      }
    end,
  })
end

local TEMPLATE = {
  { "name", "must be a name", request_body.is_filled },
  { "description", "must be a text", request_body.is_filled },
  { "inboundRules", "must be a list of at least one", function(value)
    return request_body.is_list(value, 1)
  end },
}

-- The new id is only in Location.
local function create_template(world, _, request)
  local template, response = request_body.read(world, request,
    M.error_response, TEMPLATE)
  if not template then
    return response
  end
  local uuid = objects.uuid(world)
  local path = "/ne/v1/aclTemplates/" .. uuid
  objects.store(world, path, {
    uuid = uuid,
    name = template.name,
    description = template.description,
    inboundRules = template.inboundRules,
  })
  return { status = 201, headers = { Location = path }, body = "" }
end

-- The older list of templates, which has numbered pages.
local function templates(world, knobs, request)
  return pagination.by_count(world, knobs, request, {
    total = knobs.entries,
    error_response = M.error_response,
    entry = function(i)
      return {
        uuid = objects.fixed_uuid("be7ef79e", i),
        name = ("template-%04d"):format(i + 1),
      }
    end,
  })
end

---@type equinix.emulator.Route[]
M.routes = {
  { method = "GET", path = "/ne/v1/devices", call = devices },
  { method = "POST", path = "/ne/v1/aclTemplates", call = create_template },
  { method = "GET", path = "/ne/v1/aclTemplates/{id}", call = objects.get },
  { method = "GET", path = "/ne/v1/device/acl-template", call = templates },
}

return M
