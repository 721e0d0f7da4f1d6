--- fabric: ports, metros, connections, health.
--
-- Law of this file: paths, fields and statuses are those of the Fabric v4
-- API. Ports and connections that no request created are the same in every
-- run, with the same names and ids.

local errors = require "equinix.emulator.errors"
local objects = require "equinix.emulator.objects"
local pagination = require "equinix.emulator.pagination"
local request_body = require "equinix.emulator.request_body"

local M = {}

M.error_response = errors.of_status

-- Metros --------------------------------------------------------------------

local METROS = {
  { "AM", "Amsterdam", "EMEA" }, { "CH", "Chicago", "AMER" },
  { "DA", "Dallas", "AMER" }, { "DC", "Washington, DC", "AMER" },
  { "FR", "Frankfurt", "EMEA" }, { "HK", "Hong Kong", "APAC" },
  { "LD", "London", "EMEA" }, { "NY", "New York", "AMER" },
  { "PA", "Paris", "EMEA" }, { "SG", "Singapore", "APAC" },
  { "SV", "Silicon Valley", "AMER" }, { "SY", "Sydney", "APAC" },
  { "TY", "Tokyo", "APAC" },
}

local function metros(world, knobs, request)
  return pagination.by_offset(world, knobs, request, {
    total = #METROS,
    fixed = true,
    entry = function(i)
      local metro = METROS[i + 1]
      return {
        type = "METRO",
        href = request.base_url .. "/fabric/v4/metros/" .. metro[1],
        code = metro[1],
        name = metro[2],
        region = metro[3],
      }
    end,
  })
end

-- Ports ---------------------------------------------------------------------

local function port(request, i)
  local uuid = objects.fixed_uuid("c4d9350e", i)
  return {
    type = "XF_PORT",
    href = request.base_url .. "/fabric/v4/ports/" .. uuid,
    uuid = uuid,
    name = ("port-%04d"):format(i + 1),
    bandwidth = 10000,
    state = "ACTIVE",
    location = { metroCode = METROS[i % #METROS + 1][1] },
  }
end

local function ports(world, knobs, request)
  local name = request.query.name
  if name == nil then
    return pagination.by_offset(world, knobs, request, {
      total = knobs.ports,
      entry = function(i)
        return port(request, i)
      end,
    })
  end
  local number = tonumber(name:match "^port%-(%d%d%d%d+)$")
  local found = number and number >= 1 and number <= knobs.ports
  return pagination.by_offset(world, knobs, request, {
    total = found and 1 or 0,
    fixed = true,
    entry = function()
      return port(request, number - 1)
    end,
  })
end

-- Connections ---------------------------------------------------------------

local function connection(request, i)
  local uuid = objects.fixed_uuid("3736df8d", i)
  return {
    type = "EVPL_VC",
    href = request.base_url .. "/fabric/v4/connections/" .. uuid,
    uuid = uuid,
    name = ("connection-%04d"):format(i + 1),
    bandwidth = 50,
    state = "ACTIVE",
  }
end

-- The properties that the emulator can compare; Fabric has more.
local PROPERTIES = {
  ["/name"] = "name",
  ["/uuid"] = "uuid",
  ["/state"] = "state",
}

local test_of

-- All of the tests for `and`, one of them for `or`.
local function combined(expressions, all)
  local tests = {}
  for i, expression in ipairs(expressions) do
    tests[i] = test_of(expression)
    if not tests[i] then
      return nil
    end
  end
  return function(entry)
    for _, test in ipairs(tests) do
      if test(entry) ~= all then
        return not all
      end
    end
    return all
  end
end

-- One expression of a filter as a test; nil when the emulator can't do it:
-- an error is better than a wrong response.
function test_of(expression)
  if type(expression) ~= "table" then
    return nil
  elseif type(expression["and"]) == "table" then
    return combined(expression["and"], true)
  elseif type(expression["or"]) == "table" then
    return combined(expression["or"], false)
  end
  local field = PROPERTIES[expression.property]
  if not field or expression.operator ~= "="
    or not request_body.is_list(expression.values, 1) then
    return nil
  end
  return function(entry)
    for _, value in ipairs(expression.values) do
      if entry[field] == value then
        return true
      end
    end
    return false
  end
end

-- The connections that match a filter; nil when the emulator can't do it.
local function filtered(knobs, request, filter)
  local test = test_of(filter)
  if not test then
    return nil
  end
  local found = {}
  for i = 0, knobs.entries - 1 do
    local entry = connection(request, i)
    found[#found + 1] = test(entry) and entry or nil
  end
  return {
    total = #found,
    fixed = true,
    entry = function(i)
      return found[i + 1]
    end,
  }
end

local function search(world, knobs, request)
  local body, response = request_body.read(world, request,
    M.error_response)
  if not body then
    return response
  end
  local list = {
    total = knobs.entries,
    entry = function(i)
      return connection(request, i)
    end,
  }
  if type(body.filter) == "table" and next(body.filter) ~= nil then
    list = filtered(knobs, request, body.filter)
  end
  if not list then
    return M.error_response(400, { info = { { property = "filter",
      reason = "the emulator compares /name, /uuid and /state with =" } } })
  end
  return pagination.search(world, knobs, request, body, list)
end

local function is_table(value)
  return type(value) == "table"
end

local CONNECTION = {
  { "type", "must be the type of the connection", request_body.is_filled },
  { "name", "must be a name", request_body.is_filled },
  { "bandwidth", "must be a whole number, in Mbps", function(value)
    return request_body.is_whole(value, 0)
  end },
  { "notifications", "must be a list of at least one", function(value)
    return request_body.is_list(value, 1)
  end },
  { "aSide", "must be the A-side", is_table },
  { "zSide", "must be the Z-side", is_table },
}

-- With ?dryRun=true the order is checked and nothing is created.
local function connect(world, _, request)
  local order, response = request_body.read(world, request,
    M.error_response, CONNECTION)
  if not order then
    return response
  end
  local uuid = objects.uuid(world)
  local path = "/fabric/v4/connections/" .. uuid
  local dry = request.query.dryRun == "true"
  local created = {
    type = order.type,
    name = order.name,
    bandwidth = order.bandwidth,
    uuid = not dry and uuid or nil,
    href = not dry and request.base_url .. path or nil,
    state = not dry and "PROVISIONING" or nil,
  }
  if not dry then
    objects.store(world, path, created)
  end
  return { status = dry and 200 or 201, body = created }
end

-- Health --------------------------------------------------------------------

local function health()
  return {
    status = 200,
    body = {
      version = "v4",
      release = "emulator",
      state = "HEALTHY",
      apiServices = { { name = "fabric", state = "HEALTHY" } },
    },
  }
end

---@type equinix.emulator.Route[]
M.routes = {
  { method = "GET", path = "/fabric/v4/ports", call = ports },
  { method = "GET", path = "/fabric/v4/metros", call = metros },
  { method = "GET", path = "/fabric/v4/health", call = health },
  { method = "POST", path = "/fabric/v4/connections", call = connect },
  { method = "POST", path = "/fabric/v4/connections/search", call = search },
  { method = "GET", path = "/fabric/v4/connections/{id}", call = objects.get },
}

return M
