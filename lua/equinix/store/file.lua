--- file: the second level of the cache in a folder: one token for all
--- processes of a user on this machine.
--
-- Law of this file: it decides the content of a record's file and the place of
-- the folder. src/files/record_dir.c protects the files from other users, from
-- being half written and from overwriting each other. A file whose content is
-- not what was written is put aside and counts as missing.

local arguments = require "equinix.store.arguments"
local check = require "equinix.base.check"
local core = require "equinix.core"
local errors = require("equinix.base.lazy") "equinix.base.error"
local trim = require "equinix.base.trim"

local M = {}

local OPTIONS = { dir = "string" }

-- A file is one line and the record. The line has the name of the format, the
-- digest of all that follows it, when the record expires (by the wall clock,
-- since others don't survive a boot) and its time to live; both in
-- milliseconds, since whole numbers look the same in every locale.
local FORMAT = "equinix-record-1"
local HEAD = "^(%S+) (%x+) ((%d+) (%d+)\n.*)$"
local MAX_FILE = arguments.MAX_RECORD + 256

local TORN = "a record was cut or changed; it counts as missing and was put "
  .. "aside as .eq-corrupt"

---@class equinix.store.File
---@field folder equinix.folder
---@field dir string its path
local File = {}
File.__index = File

local function is_lease(value)
  return getmetatable(value) == "equinix.lease"
end

local function write(record, ttl, now)
  -- Not by %s: that of Lua 5.1 would cut a short record at a NUL.
  local rest = ("%.0f %.0f\n"):format(math.floor((now + ttl) * 1000),
    math.floor(ttl * 1000)) .. record
  return FORMAT .. " " .. core.sha256(rest) .. " " .. rest
end

-- The record and the seconds it has left; nil where something else wrote the
-- file, or it is not complete.
local function read(bytes, now)
  local format, digest, rest, ends, ttl = bytes:match(HEAD)
  if format ~= FORMAT or #bytes > MAX_FILE or core.sha256(rest) ~= digest then
    return nil
  end
  local record = rest:sub(#ends + #ttl + 3)
  -- If the clock was set back since, more would seem to be left than it ever
  -- had.
  return record, math.min(tonumber(ends) / 1000 - now, tonumber(ttl) / 1000)
end

--- Reads a record; takes no lock.
---@param key string 1 to 128 of A-Z a-z 0-9 _ . -
---@param seconds? number left for the step, here and below
---@return string|nil record nil: there is none, or the second result says why
---@return number|string|nil ttl seconds left, or the reason
---@return string|nil note a remark about a miss
function File:load(key, seconds)
  arguments.key(key)
  seconds = arguments.left(seconds)
  local bytes, reason = self.folder:read(key, MAX_FILE + 1)
  if not bytes then
    return nil, reason
  end
  local record, ttl = read(bytes, core.time())
  if not record then
    local _
    _, reason = self.folder:aside(key, bytes, MAX_FILE + 1, seconds)
    return nil, reason, not reason and TORN or nil
  elseif ttl <= 0 then
    return nil
  end
  return record, ttl
end

--- Replaces a record, completely or not at all.
---@param key string
---@param record string 1 byte to 64 KiB
---@param ttl number seconds
---@param lease equinix.lease of lock, for the same key
---@return true|nil
---@return string|nil reason "stale": the lease is over, nothing was written
function File:save(key, record, ttl, lease, seconds)
  arguments.key(key)
  ttl = arguments.ttl(ttl)
  arguments.lease(is_lease(lease))
  arguments.record(record)
  seconds = arguments.left(seconds)
  local now = core.time()
  return self.folder:save(key, write(record, ttl, now), now + ttl, lease,
    seconds)
end

--- Takes the lock of a key if it is free. The lock ends when it is unlocked,
--- when this process ends, and after `ttl`.
---@param key string
---@param ttl number seconds
---@return equinix.lease|nil lease
---@return string|nil reason "busy": it is not free
function File:lock(key, ttl, seconds)
  arguments.key(key)
  ttl = arguments.ttl(ttl)
  seconds = arguments.left(seconds)
  return self.folder:lock(key, ttl, seconds)
end

--- Gives a lock more time: it ends after `ttl` from now on.
---@param lease equinix.lease
---@param ttl number seconds
---@return true|nil
---@return string|nil reason "stale": the lease is over, and stays so
function File:extend(lease, ttl, seconds)
  arguments.lease(is_lease(lease))
  ttl = arguments.ttl(ttl)
  seconds = arguments.left(seconds)
  return self.folder:extend(lease, ttl, seconds)
end

--- Releases a lock; one that has ended already is no error.
---@param lease equinix.lease
---@return true
function File:unlock(lease)
  arguments.lease(is_lease(lease))
  self.folder:unlock(lease)
  return true
end

--- Removes a record, not its lock.
---@param key string
---@return true|nil
---@return string|nil reason
function File:delete(key, seconds)
  arguments.key(key)
  seconds = arguments.left(seconds)
  return self.folder:remove(key, seconds)
end

-- An absolute path from the environment; relative ones are ignored (XDG Base
-- Directory Specification).
local function from_env(variable, rest)
  local path = os.getenv(variable)
  return path and path:find "^/" and path .. rest or nil
end

local function default_dir()
  return from_env("XDG_RUNTIME_DIR", "/equinix")
    or from_env("XDG_CACHE_HOME", "/equinix")
    or from_env("HOME", "/.cache/equinix")
end

local function open(opts, level)
  opts = opts or {}
  check.names(opts, OPTIONS, "option", level + 1)
  local dir = opts.dir or default_dir()
  if not dir then
    return errors.fail("config", "store.file: there is no folder to use: "
      .. "set HOME or XDG_RUNTIME_DIR to an absolute path, or option dir")
  elseif not dir:find "^/" or dir:find("\0", 1, true) then
    return errors.fail("config",
      "store.file: option dir must be an absolute path")
  end
  -- With a slash at the end, a link there would be followed.
  dir = trim.tail(dir, "/")
  dir = dir ~= "" and dir or "/"
  return setmetatable({ folder = core.folder(dir), dir = dir }, File)
end

--- Makes a store in a folder; `equinix.store.file{...}` is the same. Touches
--- nothing yet: the first lock makes the folder, for its owner only.
---@param opts? {dir?: string} dir: absolute; $XDG_RUNTIME_DIR/equinix, else
---  $XDG_CACHE_HOME/equinix or $HOME/.cache/equinix
---@return equinix.store.File|nil store
---@return equinix.Error|nil err kind "config"
function M.new(opts)
  local store, err = open(opts, 2)
  return store, err -- no tail call: mistakes raise at the caller's line
end

return setmetatable(M, {
  __call = function(_, opts)
    local store, err = open(opts, 2)
    return store, err
  end,
})
