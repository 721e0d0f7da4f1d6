--- objects: what was created: what it is called, and where it is found again.
--
-- Law of this file: a thing is kept under its path, for a day, so that one
-- function answers for everything that was ever created. New ids are never
-- given twice; those of the things that are there in every run never change.

local errors = require "equinix.emulator.errors"

local M = {}

local LIFE = 24 * 3600 -- seconds

--- Keeps a thing under its path.
---@param world table
---@param path string "/colocations/v2/orders/1-19000001"
---@param thing table it becomes JSON here
function M.keep(world, path, thing)
  world.dict:set("kept " .. path, world.encode(thing), LIFE)
end

--- The call that answers for a path with {id}.
function M.get(world, _, request)
  local record = world.dict:get("kept " .. request.path)
  if not record then
    return errors.of_status(404, { details = "it was never created" })
  end
  return { status = 200, body = record }
end

local ORDERS = 190000000 -- the numbers of orders go on from here

--- The number of a new order, as Equinix writes them.
---@return string "1-190000001"
function M.order_number(world)
  return ("1-%d"):format(world.dict:incr("orders", 1, ORDERS))
end

--- A new UUID (version 4).
---@return string
function M.uuid(world)
  local hex = world.random(16):gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
  return ("%s-%s-4%s-a%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12),
    hex:sub(14, 16), hex:sub(18, 20), hex:sub(21, 32))
end

--- The id of a thing that is there in every run: always the same.
---@param family string 8 hex digits
---@param i integer from 0
---@return string
function M.fixed_uuid(family, i)
  return ("%s-77c5-4c5d-8ce0-%012x"):format(family, i + 1)
end

return M
