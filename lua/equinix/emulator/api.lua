--- api: the product calls behind the bearer check, one row each.
--
-- To add a call, add a function and a row. A function gets the world, the
-- knobs, the request and what stood for {id} in the path, and returns a
-- response; the bearer has been checked by then.

local errors = require "equinix.emulator.errors"

local M = {}

-- Lists ---------------------------------------------------------------------

local function whole(text, default)
  if text == nil then
    return default
  end
  return tonumber(text:match "^%d+$")
end

local LINK_PREFIX = {
  relative = function()
    return ""
  end,
  absolute = function(request)
    return request.base_url
  end,
  -- A link no client may follow with its token.
  foreign = function()
    return "https://elsewhere.invalid"
  end,
}

local function link(knobs, request, offset, limit)
  local prefix = LINK_PREFIX[knobs.next_links]
  return prefix and ("%s%s?offset=%d&limit=%d"):format(prefix(request),
    request.path, offset, limit) or nil
end

-- A page of `total` entries; entry(i) makes the one at index i (from 0).
local function page(world, knobs, request, total, entry)
  local offset = whole(request.query.offset, 0)
  local limit = whole(request.query.limit, 20)
  if not offset or not limit or limit < 1 then
    local name = offset and "limit" or "offset"
    return errors.of_status(400, {
      info = { { property = name, reason = "must be a whole number" } },
    })
  end
  limit = math.min(limit, knobs.max_limit)
  local data = {}
  for i = offset, math.min(offset + limit, total) - 1 do
    data[#data + 1] = entry(i)
  end
  local before = math.max(0, offset - limit)
  local pagination = {
    offset = offset,
    limit = limit,
    total = total,
    next = offset + limit < total
      and link(knobs, request, offset + limit, limit) or nil,
    previous = offset > 0 and link(knobs, request, before, limit) or nil,
  }
  -- Written by hand, since an empty Lua table would become {}.
  return {
    status = 200,
    body = ('{"pagination":%s,"data":%s}'):format(world.encode(pagination),
      #data > 0 and world.encode(data) or "[]"),
  }
end

-- Fabric --------------------------------------------------------------------

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
  return page(world, knobs, request, #METROS, function(i)
    local row = METROS[i + 1]
    return {
      type = "METRO",
      href = request.base_url .. "/fabric/v4/metros/" .. row[1],
      code = row[1],
      name = row[2],
      region = row[3],
    }
  end)
end

-- The same port has the same name and id in every run.
local function port(request, i)
  local uuid = ("c4d9350e-77c5-7c5d-1ce0-%012x"):format(i + 1)
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
    return page(world, knobs, request, knobs.ports, function(i)
      return port(request, i)
    end)
  end
  local number = tonumber(name:match "^port%-(%d%d%d%d+)$")
  local found = number and number >= 1 and number <= knobs.ports
  return page(world, knobs, request, found and 1 or 0, function()
    return port(request, number - 1)
  end)
end

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

-- Colocation orders ---------------------------------------------------------

local function filled(value)
  return type(value) == "string" and value:find "%S" ~= nil
end

local SHIPMENT = {
  { "type", "must be INBOUND or OUTBOUND", function(order)
    return order.type == "INBOUND" or order.type == "OUTBOUND"
  end },
  { "requestedDateTime", "must be an ISO 8601 time", function(order)
    return filled(order.requestedDateTime) and order.requestedDateTime:find
      "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d" ~= nil
  end },
  { "cageId", "must be the id of a cage", function(order)
    return filled(order.cageId)
  end },
  { "details.carrier", "must name the carrier", function(order)
    return type(order.details) == "table" and filled(order.details.carrier)
  end },
  { "details.numberOfBoxes", "must be a whole number from 1 on",
    function(order)
      local n = type(order.details) == "table" and order.details.numberOfBoxes
      return type(n) == "number" and n >= 1 and n % 1 == 0
    end },
}

local function complaints(order)
  local info = {}
  for _, rule in ipairs(SHIPMENT) do
    if not rule[3](order) then
      info[#info + 1] = { property = rule[1], reason = rule[2] }
    end
  end
  return info
end

local ORDER_LIFE = 24 * 3600 -- seconds the emulator remembers an order

-- What a success carries is not documented: the place of the order, here.
local function book_shipment(world, _, request)
  local kind = request.headers["content-type"] or ""
  if not kind:lower():find "^application/json" then
    return errors.of_status(415)
  end
  local order = world.decode(request.body)
  if type(order) ~= "table" then
    return errors.of_status(400, { details = "the body is no JSON object" })
  end
  local info = complaints(order)
  if #info > 0 then
    return errors.of_status(400, { info = info })
  end
  local id = ("1-%d"):format(world.dict:incr("orders", 1, 190000000))
  world.dict:set("order " .. id, world.encode {
    orderId = id,
    status = "SUBMITTED",
    type = order.type,
    requestedDateTime = order.requestedDateTime,
    cageId = order.cageId,
    details = {
      carrier = order.details.carrier,
      numberOfBoxes = order.details.numberOfBoxes,
    },
  }, ORDER_LIFE)
  return {
    status = 202,
    headers = { Location = "/colocations/v2/orders/" .. id },
    body = "",
  }
end

local function order(world, _, _, id)
  local record = world.dict:get("order " .. id)
  if not record then
    return errors.of_status(404, { details = "there is no such order" })
  end
  return { status = 200, body = record }
end

---@type equinix.emulator.Row[]
M.rows = {
  { method = "GET", path = "/fabric/v4/ports", call = ports },
  { method = "GET", path = "/fabric/v4/metros", call = metros },
  { method = "GET", path = "/fabric/v4/health", call = health },
  { method = "POST", path = "/colocations/v2/orders/shipments",
    call = book_shipment },
  { method = "GET", path = "/colocations/v2/orders/{id}", call = order },
}
for _, row in ipairs(M.rows) do
  row.bearer = true
end

return M
