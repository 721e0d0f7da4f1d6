--- foreground: the supervisor of nginx as a command line, and as what this
--- process becomes.
--
-- Law of this file: the supervisor is a shell script (supervisor/script), and
-- what it runs beside nginx is the Lua that runs this, with the same modules.

local core = require "equinix.core"
local nginx = require "equinix.supervisor.nginx"
local quote = require("equinix.base.shell").quote
local script = require "equinix.supervisor.script"

local M = {}

---@class equinix.supervisor.Run
---@field directory equinix.supervisor.nginx.Directory
---@field nginx equinix.Nginx
---@field name string of the command, for its messages
---@field stop? string the signal that stops nginx: TERM (default) or QUIT
---@field ready_file? string written when nginx listens, removed at the end
---@field until_eof? boolean it also ends when standard input does
---@field reload? boolean HUP makes nginx reload; else HUP ends it, too
---@field environment? boolean nginx gets the environment and the working
---  directory of this process; else none
---@field log? boolean what is written to the pipe `log` there goes to stderr
---@field json? boolean all that goes to stderr is JSON, and so is the banner
---  (banner.json), unless a terminal shows it; nginx's error log is the pipe
---  `errors` there

-- The flags of the script.
local function flags(run)
  local set = {}
  for name, flag in pairs { until_eof = "eof", reload = "reload",
    environment = "environment", log = "log", json = "json" } do
    set[#set + 1] = run[name] and flag or nil
  end
  return table.concat(set, " ")
end

-- The Lua that runs this, as a command.
local function interpreter()
  local first = 0
  while arg[first - 1] do
    first = first - 1
  end
  local name = arg[first]
  return name:find "/" and nginx.absolute(name) or name
end

-- A script that becomes a Lua with this one's modules.
local function lua_script(code)
  local entries = {}
  for entry in package.cpath:gmatch "[^;]+" do
    entries[#entries + 1] = nginx.absolute(entry)
  end
  local library = nginx.library()
  code = ("package.path = %q .. package.path package.cpath = %q %s"):format(
    library .. "/?.lua;" .. library .. "/?/init.lua;",
    table.concat(entries, ";"), code)
  return "exec " .. quote(interpreter()) .. " -e " .. quote(code) .. "\n"
end

-- These are Lua, since no POSIX program writes without waiting for its reader,
-- and none writes JSON.
local COPIER = "require('equinix.core').copy_log()"
local LINES = "require('equinix.supervisor.log_lines').run()"

--- The supervisor of nginx as a command line. The directory must have
--- nginx.conf, banner and ready.json; it gets the supervisor's own files.
---@param run equinix.supervisor.Run
---@return string[]|nil argv
---@return string|nil message
function M.command_line(run)
  local dir = run.directory.path
  if run.ready_file and nginx.is_foreign(nginx.absolute(run.ready_file)) then
    return nil, ("the ready file '%s' would be made below a folder of another "
      .. "user; choose a folder of your own"):format(run.ready_file)
  end
  for _, name in ipairs { "life", "log", "errors" } do
    local made, code = core.make_private_pipe(dir .. "/" .. name)
    if not made then
      return nil, ("%s/%s can't be made: %s"):format(dir, name, code)
    end
  end
  local written, message = nginx.write_files(dir, {
    ["supervise.sh"] = script,
    ["copier.sh"] = run.log and lua_script(COPIER) or nil,
    ["lines.sh"] = run.json and lua_script(LINES) or nil,
  })
  if not written then
    return nil, message
  end
  local argv = {
    "/bin/sh", dir .. "/supervise.sh", dir, run.stop or "TERM", run.name,
    run.ready_file and nginx.absolute(run.ready_file) or "",
    flags(run),
    run.nginx.binary, "-p", dir, "-c", dir .. "/nginx.conf",
  }
  if run.nginx.version >= 1019005 then
    argv[#argv + 1] = "-e"
    argv[#argv + 1] = dir .. "/error.log"
  end
  return argv
end

--- The directory is the supervisor's from now on, which removes it.
---@param directory equinix.supervisor.nginx.Directory
function M.hand_over(directory)
  directory.cleaner:write "taken over\n"
  directory.cleaner:close()
end

--- Becomes the supervisor of nginx: this process is replaced, so that a
--- signal to it reaches the supervisor.
---@param run equinix.supervisor.Run
---@return string message what failed; after a success it does not return
function M.run(run)
  local argv, message = M.command_line(run)
  if not argv then
    return message
  end
  io.stdout:flush()
  M.hand_over(run.directory)
  return select(2, core.exec(argv))
end

return M
