--- smartview: SmartView's readings of the power that is drawn now.
--
-- Law of this file: a success is SmartView's envelope, on one page, and every
-- number in it is a text.

local errors = require "equinix.emulator.errors"
local pagination = require "equinix.emulator.pagination"

local M = {}

M.error_response = errors.of_status

-- The query says which cabinets to read. Every parameter has a default, since
-- none is documented as required.
local function current(world, knobs, request)
  local ibx = request.query.ibx or "AM1"
  return pagination.envelope(world, knobs, {
    total = knobs.entries,
    entry = function(i)
      return {
        accountNumber = request.query.accountNumber or "10000001",
        ibx = ibx,
        levelType = "CABINET",
        levelValue = ("%s:01:000111:%04d"):format(ibx, i + 1),
        power = ("%.2f"):format(1 + i / 4),
        contractedPower = "8.00",
        unit = "kVA",
      }
    end,
  })
end

---@type equinix.emulator.Route[]
M.routes = {
  { method = "GET", path = "/power/v1/current", call = current },
}

return M
