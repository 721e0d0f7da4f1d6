-- folder: what the specs of the file store share: a folder of their own,
-- other processes that use it, and checks for features a system may lack.
--
--   local child = folder.child(dir, [[
--     local lease = assert(store:lock("k", 60))
--     print "locked"
--   ]])
--   child:says "locked"; child:signal "KILL"; child:stop()
local lfs = require "lfs"
local process = require "spec.support.process"

local M = {}

-- What a child can use: the store in that folder, the core, a way to wait.
local PREAMBLE = [[
package.path, package.cpath = %q, %q
local core = require "equinix.core"
local dir = %q
local store = require "equinix.store.file" { dir = dir }
local function await(path) -- until that file exists
  while not io.open(path) do core.sleep(0.01) end
end
io.stdout:setvbuf "line"
]]

local Child = {}
Child.__index = setmetatable(Child, {
  __index = function(_, name)
    return function(self, ...)
      return self.process[name](self.process, ...)
    end
  end,
})

--- Waits until the child has printed this text.
function Child:says(words)
  assert(process.eventually(function()
    return (self.process:stdout() or ""):find(words, 1, true)
  end), "the child did not print " .. words)
end

--- A shell command that runs this Lua code with the preamble.
---@param dir string
---@param text string Lua code
---@param before? string a command and ";", or one that runs its arguments
function M.command(dir, text, before)
  local preamble = PREAMBLE:format(package.path, package.cpath, dir)
  before = before or ""
  before = before:find ";$" and before .. " exec " or "exec " .. before
  return ("%s %s -e %s"):format(before, process.interpreter(),
    process.quote(preamble .. text))
end

--- Another process that uses the folder.
---@param before? string
---@param options? table of process.start
function M.child(dir, text, before, options)
  return setmetatable({
    process = process.start({ "sh", "-c", M.command(dir, text, before) },
      options),
  }, Child)
end

--- The output of a process that uses the folder, and its exit code.
function M.run(dir, text, before)
  -- A shell's message about a killed child is output, too.
  return process.capture("exec 2>&1; (" .. M.command(dir, text, before)
    .. "); exit $?")
end

--- The names in a folder, sorted, as one string; "" if it does not exist.
function M.names(dir)
  return (process.capture("ls -A " .. process.quote(dir) .. " 2>/dev/null"
    .. " | sort | tr '\\n' ' ' | sed 's/ $//'"))
end

function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

function M.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  assert(os.execute("chmod 600 " .. process.quote(path)))
end

--- Runs a shell command that must not fail.
function M.sh(command, ...)
  local output, code = process.capture(command:format(...) .. " 2>&1")
  assert(code == 0, command .. ": " .. output)
  return output
end

--- "rw-------" and the like.
function M.mode(path)
  return lfs.attributes(path, "permissions")
end

function M.is_root()
  return process.capture "id -u" == "0"
end

--- Whether a shell command works here; its output is dropped.
function M.can(command)
  local _, code = process.capture("(" .. command .. ") >/dev/null 2>&1")
  return code == 0
end

--- A shell command that runs its arguments with mounts of their own, which no
--- other process sees; nil where that is not permitted.
function M.own_mounts()
  for _, words in ipairs { "unshare -m", "unshare -rm" } do
    if M.can(words .. " mount -t tmpfs -o size=64k none /mnt") then
      return words
    end
  end
end

return M
