--- objects: what was created at the emulator: its ids, and how it is found.
--
-- Law of this file: an object is stored under its path, for a day, so that one
-- function answers for everything that was created. A new id is never given
-- twice; the ids of objects that exist in every run never change.

local errors = require "equinix.emulator.errors"

local M = {}

local LIFETIME = 24 * 3600 -- seconds

--- Stores an object under its path.
---@param world table
---@param path string "/colocations/v2/orders/1-19000001"
---@param object table it is stored as JSON
function M.store(world, path, object)
  world.dict:set("object " .. path, world.encode(object), LIFETIME)
end

--- The call that answers for a path with {id}.
function M.get(world, _, request)
  local json = world.dict:get("object " .. request.path)
  if not json then
    return errors.of_status(404, {
      details = "no object was created with this path",
    })
  end
  return { status = 200, body = json }
end

local FIRST_ORDER = 190000000 -- order numbers go on from here

--- The number of a new order, as Equinix writes them.
---@return string "1-190000001"
function M.order_number(world)
  return ("1-%d"):format(world.dict:incr("orders", 1, FIRST_ORDER))
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

--- The id of an object that exists in every run: always the same.
---@param kind string 8 hex digits, one for each kind of object
---@param i integer from 0
---@return string
function M.fixed_uuid(kind, i)
  return ("%s-77c5-4c5d-8ce0-%012x"):format(kind, i + 1)
end

return M
