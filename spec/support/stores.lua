-- stores: opens a store that is named by a string or by options which came as
-- JSON, for scripts in other processes.

local equinix = require "equinix"
local read_file = require("equinix.base.file").read

local M = {}

local PATIENT = 10 -- seconds

-- Today's password, for each connection anew.
local function from_file(path)
  return function()
    return (read_file(path):gsub("%s+$", ""))
  end
end

-- A store as a user may have written it: the five functions and no more.
local function plain(store)
  local self = {}
  for _, name in ipairs { "load", "save", "lock", "unlock", "delete" } do
    self[name] = function(_, ...)
      return store[name](store, ...)
    end
  end
  return self
end

--- Opens "file /folder", "redis 6379", "shared /file" or "plain /file" (the
--- same without `extend`), or a Redis with these options; beside those of the
--- store there may be
---   password_from  a file that holds the password now
---   five           true: a store without extend and other additions
---   hasty          true: its usual times for a step; else long ones, since
---                  the specs keep the machine busy
---@param what string|table
---@return table store
function M.open(what)
  if type(what) == "table" then
    local long = not what.hasty and PATIENT or nil
    local options = { timeout = long, connect_timeout = long }
    for name, value in pairs(what) do
      options[name] = value
    end
    options.five, options.password_from, options.hasty = nil, nil, nil
    if what.password_from then
      options.password = from_file(what.password_from)
    end
    local store = assert(equinix.store.redis(options))
    return what.five and plain(store) or store
  end
  local kind, address = what:match "^(%w+) (.+)$"
  if kind == "redis" then
    return assert(equinix.store.redis {
      port = tonumber(address), timeout = PATIENT,
    })
  elseif kind == "shared" or kind == "plain" then
    return require "spec.support.shared_store".open(address, kind == "plain")
  end
  return assert(require "equinix.store.file" { dir = address })
end

return M
