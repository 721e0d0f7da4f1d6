--- orders: the orders API v1, Smart Hands and the order history.
--
-- Law of this file: an error response is a list of errors and a ticketId. The
-- page of a search is in its body, as {number, size}; the query is not read.

local errors = require "equinix.emulator.errors"
local objects = require "equinix.emulator.objects"
local pagination = require "equinix.emulator.pagination"
local request_body = require "equinix.emulator.request_body"

local M = {}

M.error_response = errors.orders

-- Smart Hands ---------------------------------------------------------------

local function is_boolean(value)
  return type(value) == "boolean"
end

local CLEANUP = {
  { "ibxLocation.ibx", "must be an IBX", request_body.is_filled },
  { "ibxLocation.cages", "must be a list of at least one", function(value)
    return request_body.is_list(value, 1)
  end },
  { "contacts", "must be the ordering, technical and notification contacts",
    function(value)
      return request_body.is_list(value, 3)
    end },
  { "serviceDetails.permissionToDiscardBoxes", "must be true or false",
    is_boolean },
  { "serviceDetails.dampMoistMopRequired", "must be true or false",
    is_boolean },
  { "serviceDetails.scopeOfWork", "must be a text", request_body.is_filled },
}

local function clean_cage(world, _, request)
  local order, response = request_body.read(world, request,
    M.error_response, CLEANUP)
  if not order then
    return response
  end
  return {
    status = 201,
    body = { orderNumber = objects.order_number(world) },
  }
end

-- History -------------------------------------------------------------------

local STATUSES = { "SUBMITTED", "IN_PROGRESS", "CLOSED" }

local function history(world, knobs, request)
  local body, response = request_body.read(world, request,
    M.error_response)
  if not body then
    return response
  end
  return pagination.by_number(world, knobs, request, body, {
    total = knobs.entries,
    error_response = M.error_response,
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

---@type equinix.emulator.Route[]
M.routes = {
  { method = "POST", path = "/v1/orders/smarthands/cageCleanup",
    call = clean_cage },
  { method = "POST", path = "/v1/retrieve-orders", call = history },
}

return M
