-- terminal: a command on a terminal of its own, and a person who types.
--
--   local code, shown = terminal.run("exec bin/equinix-auth configure", {
--     { "Client id", "my-id\n" },     -- when that is shown, this is typed
--   }, { XDG_CONFIG_HOME = dir })
local process = require "spec.support.process"

local M = {}

-- The reader waits for what it is to see, a minute at most for each.
local TYPE = [[
n=0
until grep -qF -- %s %s 2>/dev/null || [ $n -gt 600 ]; do
  n=$((n + 1)); sleep 0.1
done
printf %s
]]

--- Why it can't run on this machine; nil when it can.
function M.missing()
  return process.capture "command -v script" == ""
    and "there is no program `script`" or nil
end

--- Runs it to its end. Its shell is always /bin/sh, whatever the user's own
--- is: shells differ in what Ctrl-C does to them while they wait.
---@param command string of a shell; `exec` makes it the only program there
---@param typed {[1]: string, [2]: string}[]
---@param env table<string, string|false>
---@return integer code
---@return string shown all that the terminal showed
function M.run(command, typed, env)
  local dir = process.tempdir()
  local log, lines = dir .. "/log", {}
  for i, step in ipairs(typed) do
    lines[i] = TYPE:format(process.quote(step[1]), log,
      process.quote((step[2]:gsub("[%%\\]", "%0%0"))))
  end
  local words = { "env" }
  words[#words + 1] = "SHELL=/bin/sh"
  for name, value in pairs(env) do
    table.insert(words, value and #words + 1 or 2, value
      and process.quote(name .. "=" .. value) or "-u " .. name)
  end
  local _, code = process.capture(("{ :; %s } | %s script -qfec %s %s"):format(
    table.concat(lines), table.concat(words, " "), process.quote(command), log)
    .. " >/dev/null 2>&1")
  local file = assert(io.open(log, "rb"))
  local shown = file:read "*a"
  file:close()
  process.remove(dir)
  return code, shown
end

return M
