--- network_edge: Network Edge, devices and ACL templates.
--
-- Law of this file: errors are Network Edge's own, one object where there is
-- one and an array where there are several.

local bodies = require "equinix.emulator.request_body"
local errors = require "equinix.emulator.errors"
local kept = require "equinix.emulator.objects"
local lists = require "equinix.emulator.pagination"

local M = {}

M.refuse = errors.edge

local function devices(world, knobs, request)
  return lists.by_offset(world, knobs, request, {
    total = knobs.entries,
    refuse = M.refuse,
    entry = function(i)
      return {
        uuid = kept.fixed_uuid("8f09b2d4", i),
        name = ("device-%04d"):format(i + 1),
        deviceTypeCode = "CSR1000V",
        status = "PROVISIONED",
        metroCode = "SV",
      }
    end,
  })
end

local TEMPLATE = {
  { "name", "must be a name", bodies.is_filled },
  { "description", "must be a text", bodies.is_filled },
  { "inboundRules", "must be a list of at least one", function(value)
    return bodies.is_list(value, 1)
  end },
}

-- The new id is in Location and nowhere else.
local function create_template(world, _, request)
  local template, refused = bodies.read(world, request, M.refuse, TEMPLATE)
  if not template then
    return refused
  end
  local uuid = kept.uuid(world)
  local path = "/ne/v1/aclTemplates/" .. uuid
  kept.keep(world, path, {
    uuid = uuid,
    name = template.name,
    description = template.description,
    inboundRules = template.inboundRules,
  })
  return { status = 201, headers = { Location = path }, body = "" }
end

-- The older list of templates: the one that is counted in pages.
local function templates(world, knobs, request)
  return lists.by_count(world, knobs, request, {
    total = knobs.entries,
    refuse = M.refuse,
    entry = function(i)
      return {
        uuid = kept.fixed_uuid("be7ef79e", i),
        name = ("template-%04d"):format(i + 1),
      }
    end,
  })
end

---@type equinix.emulator.Row[]
M.rows = {
  { method = "GET", path = "/ne/v1/devices", call = devices },
  { method = "POST", path = "/ne/v1/aclTemplates", call = create_template },
  { method = "GET", path = "/ne/v1/aclTemplates/{id}", call = kept.get },
  { method = "GET", path = "/ne/v1/device/acl-template", call = templates },
}

return M
