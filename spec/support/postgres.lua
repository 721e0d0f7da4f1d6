-- postgres: a real PostgreSQL for the specs, on a Unix socket of its own.
--
--   local missing = postgres.missing()       -- a reason to skip, or nil
--   local server = postgres.start()
--   server.where                             -- what psql and LuaSQL take
--   server:ask "select 1"                    -- by psql; raises its error
--   server:restart()                         -- the same data
--   server:halt()   server:continue()   server:stop()
--
-- Law of this file: it uses nothing that is under test, and writes nothing
-- outside a folder of its own. PostgreSQL refuses to run as root: there it
-- runs as nobody.
local process = require "spec.support.process"

local M = {}
local Server = {}
Server.__index = Server

-- Debian has the server's programs on no PATH.
local FIND = "for f in $(command -v %s) /usr/lib/postgresql/*/bin/%s; do "
  .. "[ -x \"$f\" ] && echo $f; done | tail -n 1"

local function find(name)
  local path = process.capture(FIND:format(name, name))
  return path ~= "" and path or nil
end

--- The reason why specs with PostgreSQL can't run here, or nil.
---@return string|nil
function M.missing()
  for _, name in ipairs { "initdb", "postgres", "psql" } do
    if not find(name) then
      return "needs PostgreSQL's " .. name
    end
  end
  if not pcall(require, "luasql.postgres") then
    return "needs LuaSQL for PostgreSQL (luasql.postgres)"
  end
end

local AS_NOBODY = { "setpriv", "--reuid", "65534", "--regid", "65534",
  "--clear-groups" }

-- The words of a command for the user that PostgreSQL runs as.
local function as_user(words)
  local argv = {}
  if process.capture "id -u" == "0" then
    for _, word in ipairs(AS_NOBODY) do
      argv[#argv + 1] = word
    end
  end
  for _, word in ipairs(words) do
    argv[#argv + 1] = word
  end
  return argv
end

local function run(words)
  local line = {}
  for i, word in ipairs(as_user(words)) do
    line[i] = process.quote(word)
  end
  local said, code = process.capture(table.concat(line, " ") .. " 2>&1")
  assert(code == 0, said)
  return said
end

--- Runs statements, as psql does; returns the rows, with | between columns.
---@param sql string
---@return string
function Server:ask(sql)
  return run { find "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c",
    "set statement_timeout = 60000; set default_transaction_read_only = off",
    "-c", sql, self.where }
end

--- Starts it again, with its data.
function Server:continue()
  self.process = process.start(as_user { find "postgres", "-D", self.data,
    "-c", "listen_addresses=", "-c", "unix_socket_directories=" .. self.dir,
    "-c", "fsync=off" }, { env = { LC_ALL = "C" } })
  local ready = process.eventually(function()
    return pcall(self.ask, self, "select 1") and "ready"
      or not self.process:alive() and "ended"
  end, 60)
  assert(ready == "ready", "PostgreSQL did not start: "
    .. self.process:stderr())
end

--- Ends it, and its sessions with it, so that it can be started again.
function Server:halt()
  self.process:signal "INT" -- TERM would wait for the sessions' end
  self.process:wait(60)
  self.process:stop()
end

function Server:restart()
  self:halt()
  self:continue()
end

--- Ends it for good; a second call does nothing.
function Server:stop()
  if self.dir then
    self:halt()
    process.remove(self.dir)
    self.dir = nil
  end
end

--- Makes an empty database and waits until the server answers.
function M.start()
  local dir = process.tempdir()
  local self = setmetatable({ dir = dir, data = dir .. "/data" }, Server)
  self.where = ("host=%s dbname=postgres user=app"):format(dir)
  if process.capture "id -u" == "0" then
    process.capture("chown 65534:65534 " .. process.quote(dir))
  end
  run { find "initdb", "-D", self.data, "-A", "trust", "-U", "app",
    "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C" }
  self:continue()
  return self
end

return M
