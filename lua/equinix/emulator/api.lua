--- api: the product APIs behind the bearer check, one file for each.
--
-- To add a call, write a function and add a route to its API. The function
-- gets the world, the knobs, the request and what {id} in the path stands
-- for, and returns a response; the bearer token has been checked before.

local colocation = require "equinix.emulator.api.colocation"
local fabric = require "equinix.emulator.api.fabric"
local network_edge = require "equinix.emulator.api.network_edge"
local orders = require "equinix.emulator.api.orders"
local smartview = require "equinix.emulator.api.smartview"

local M = {}

---@type equinix.emulator.Route[]
M.routes = {}
for _, api in ipairs { colocation, network_edge, fabric, orders, smartview } do
  for _, route in ipairs(api.routes) do
    route.bearer = true
    route.error_response = api.error_response
    M.routes[#M.routes + 1] = route
  end
end

return M
