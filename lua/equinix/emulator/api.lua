--- api: the product calls behind the bearer check, a family in a file.
--
-- To add a call, add a function and a row to its family. A function gets the
-- world, the knobs, the request and what stood for {id} in the path, and
-- returns a response; the bearer has been checked by then.

local colocation = require "equinix.emulator.api.colocation"
local edge = require "equinix.emulator.api.network_edge"
local fabric = require "equinix.emulator.api.fabric"
local orders = require "equinix.emulator.api.orders"
local power = require "equinix.emulator.api.smartview"

local M = {}

---@type equinix.emulator.Row[]
M.rows = {}
for _, family in ipairs { colocation, edge, fabric, orders, power } do
  for _, row in ipairs(family.rows) do
    row.bearer = true
    row.refuse = family.refuse
    M.rows[#M.rows + 1] = row
  end
end

return M
