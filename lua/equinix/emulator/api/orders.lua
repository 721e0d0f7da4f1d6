--- orders: the first version of them, Smart Hands and the order history.
--
-- Law of this file: a refusal is a list of errors and a ticketId. A search's
-- page stands in its body, as {number, size}; the query is not looked at.

local bodies = require "equinix.emulator.request_body"
local errors = require "equinix.emulator.errors"
local kept = require "equinix.emulator.objects"
local lists = require "equinix.emulator.pagination"

local M = {}

M.refuse = errors.ticket

-- Smart Hands ---------------------------------------------------------------

local function is_boolean(value)
  return type(value) == "boolean"
end

local CLEANUP = {
  { "ibxLocation.ibx", "must be an IBX", bodies.is_filled },
  { "ibxLocation.cages", "must be a list of at least one", function(value)
    return bodies.is_list(value, 1)
  end },
  { "contacts", "must be the ordering, technical and notification contacts",
    function(value)
      return bodies.is_list(value, 3)
    end },
  { "serviceDetails.permissionToDiscardBoxes", "must be true or false",
    is_boolean },
  { "serviceDetails.dampMoistMopRequired", "must be true or false",
    is_boolean },
  { "serviceDetails.scopeOfWork", "must be a text", bodies.is_filled },
}

local function clean_cage(world, _, request)
  local order, refused = bodies.read(world, request, M.refuse, CLEANUP)
  if not order then
    return refused
  end
  return {
    status = 201,
    body = { orderNumber = kept.order_number(world) },
  }
end

-- History -------------------------------------------------------------------

local STATUSES = { "SUBMITTED", "IN_PROGRESS", "CLOSED" }

local function history(world, knobs, request)
  local body, refused = bodies.read(world, request, M.refuse)
  if not body then
    return refused
  end
  return lists.by_number(world, knobs, request, body, {
    total = knobs.entries,
    refuse = M.refuse,
    entry = function(i)
      return {
        orderNumber = ("1-%d"):format(180000001 + i),
        type = { "Smart Hands" },
        orderStatus = STATUSES[i % #STATUSES + 1],
        createdAt = "2026-01-02T10:00:00Z",
        ibx = { "AM1" },
      }
    end,
  })
end

---@type equinix.emulator.Row[]
M.rows = {
  { method = "POST", path = "/v1/orders/smarthands/cageCleanup",
    call = clean_cage },
  { method = "POST", path = "/v1/retrieve-orders", call = history },
}

return M
