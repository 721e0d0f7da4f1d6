--- smartview: SmartView's readings of what is drawn now.
--
-- Law of this file: success comes in SmartView's envelope, on one page, and
-- every number in it is a text.

local errors = require "equinix.emulator.errors"
local lists = require "equinix.emulator.pagination"

local M = {}

M.refuse = errors.of_status

-- Which cabinets are read is asked for by the query; what is not asked for
-- has a default, since nothing of it is known to be needed.
local function current(world, knobs, request)
  local ibx = request.query.ibx or "AM1"
  return lists.envelope(world, knobs, {
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

---@type equinix.emulator.Row[]
M.rows = {
  { method = "GET", path = "/power/v1/current", call = current },
}

return M
