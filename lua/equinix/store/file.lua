--- file: the second level of the cache in a folder; one token for all
-- processes of a user on this machine.
--
-- Law of this file: what a record's file says and where the folder is. How
-- files are kept from others, from being torn and from being saved over is
-- src/files/record_dir.c's. A file that says something else than we wrote is
-- put aside and counts as missing.

local check = require "equinix.base.check"
local core = require "equinix.core"
local error_of = require "equinix.base.error"

local M = {}

local OPTIONS = { dir = "string" }

local MAX_KEY = 128
local MAX_RECORD = 64 * 1024

-- A file is one line and the record: the form's name, the digest of all
-- behind it, when the record's life ends (by the wall clock, which outlives a
-- boot) and how long it was; both in milliseconds, since whole numbers look
-- the same in every locale.
local FORM = "equinix-record-1"
local HEAD = "^(%S+) (%x+) ((%d+) (%d+)\n.*)$"
local MAX_FILE = MAX_RECORD + 256

local TORN = "a record was cut or changed; it counts as missing and was put "
  .. "aside as .eq-corrupt"

-- Longer lives end here, 31 years from now.
local MAX_SECONDS = 1e9

---@class equinix.store.File
---@field folder equinix.folder
local File = {}
File.__index = File

-- All are called by methods that the user calls: his line is two above.
local function check_key(key)
  if type(key) ~= "string" or #key > MAX_KEY
    or not key:find "^[%w_][%w_.%-]*$" then
    check.raise(3, "a key must be 1 to %d of A-Z a-z 0-9 _ . -, with "
      .. "neither '.' nor '-' in front", MAX_KEY)
  end
end

local function check_seconds(seconds)
  if type(seconds) ~= "number" or not check.positive(seconds) then
    check.raise(3, "a time to live must be a number of seconds above 0")
  end
  return math.min(seconds, MAX_SECONDS)
end

local function check_lease(lease)
  if getmetatable(lease) ~= "equinix.lease" then
    check.raise(3, "a lease must be what this store's lock returned")
  end
end

local function write(record, ttl, now)
  -- Not by %s: Lua 5.1's would end a short record at a NUL.
  local rest = ("%.0f %.0f\n"):format(math.floor((now + ttl) * 1000),
    math.floor(ttl * 1000)) .. record
  return FORM .. " " .. core.sha256(rest) .. " " .. rest
end

-- The record and what is left of its life; nil where somebody else wrote
-- that, or not all of it is there.
local function read(bytes, now)
  local form, digest, rest, ends, ttl = bytes:match(HEAD)
  if form ~= FORM or #bytes > MAX_FILE or core.sha256(rest) ~= digest then
    return nil
  end
  local record = rest:sub(#ends + #ttl + 3)
  -- Where the clock was set back since, more would seem to be left than was
  -- given.
  return record, math.min(tonumber(ends) / 1000 - now, tonumber(ttl) / 1000)
end

--- Reads a record; takes no lock.
---@param key string 1 to 128 of A-Z a-z 0-9 _ . -
---@return string|nil record nil: there is none, or reason says why not
---@return number|string|nil ttl seconds left, or the reason
---@return string|nil note what to tell of a miss
function File:load(key)
  check_key(key)
  local bytes, reason = self.folder:read(key, MAX_FILE + 1)
  if not bytes then
    return nil, reason
  end
  local record, ttl = read(bytes, core.time())
  if not record then
    local _
    _, reason = self.folder:aside(key, bytes, MAX_FILE + 1)
    return nil, reason, not reason and TORN or nil
  elseif ttl <= 0 then
    return nil
  end
  return record, ttl
end

--- Replaces a record, as a whole or not at all.
---@param key string
---@param record string 1 byte to 64 KiB
---@param ttl number seconds
---@param lease equinix.lease of lock, for the same key
---@return true|nil
---@return string|nil reason "stale": the lease is over, nothing was written
function File:save(key, record, ttl, lease)
  check_key(key)
  ttl = check_seconds(ttl)
  check_lease(lease)
  if type(record) ~= "string" or record == "" or #record > MAX_RECORD then
    check.raise(2, "a record must be a string of 1 to %d bytes", MAX_RECORD)
  end
  local now = core.time()
  return self.folder:save(key, write(record, ttl, now), now + ttl, lease)
end

--- Takes the lock of a key if nobody has it. It is over when it is unlocked,
--- when this process ends, and after `ttl`.
---@param key string
---@param ttl number seconds
---@return equinix.lease|nil lease
---@return string|nil reason "busy": another one has it
function File:lock(key, ttl)
  check_key(key)
  ttl = check_seconds(ttl)
  return self.folder:lock(key, ttl)
end

--- Gives a lock back; one that is over already is no error.
---@param lease equinix.lease
---@return true
function File:unlock(lease)
  check_lease(lease)
  lease:close()
  return true
end

--- Removes a record, not its lock.
---@param key string
---@return true|nil
---@return string|nil reason
function File:delete(key)
  check_key(key)
  return self.folder:remove(key)
end

-- An absolute path out of the environment; relative ones are ignored (XDG
-- Base Directory Specification).
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
    return error_of.fail("config", "store.file: there is no folder to use: "
      .. "set HOME or XDG_RUNTIME_DIR to an absolute path, or option dir")
  elseif not dir:find "^/" or dir:find("\0", 1, true) then
    return error_of.fail("config",
      "store.file: option dir must be an absolute path")
  end
  -- A slash at the end would make a link there be followed.
  dir = dir:match "^(.-)/*$"
  return setmetatable({ folder = core.folder(dir ~= "" and dir or "/") }, File)
end

--- A store in a folder; `equinix.store.file{...}` is the same. Touches
--- nothing yet: the folder is made, for its owner only, with the first lock.
---@param opts? {dir?: string} dir: absolute; $XDG_RUNTIME_DIR/equinix, else
---  $XDG_CACHE_HOME/equinix or $HOME/.cache/equinix
---@return equinix.store.File|nil store
---@return equinix.Error|nil err kind "config"
function M.new(opts)
  local store, err = open(opts, 2)
  return store, err -- no tail call: a mistake is raised at the caller's line
end

return setmetatable(M, {
  __call = function(_, opts)
    local store, err = open(opts, 2)
    return store, err
  end,
})
