--- shell: runs small programs that every system has, and reads their output.
--
-- Law of this file: what comes from outside is one quoted word of a command
-- (base/shell), never a part of it; and no secret is ever a word.

local shell = require "equinix.base.shell"

local M = {}

-- Where there is no `timeout`, a second process stops the first one. It holds
-- no end of the pipe that is read, and it stops its own `sleep` too.
local LIMITED = [[
(
if command -v timeout >/dev/null 2>&1; then
  exec timeout %(seconds) %(command)
fi
%(command) &
it=$!
{
  trap 'kill $nap' TERM
  sleep %(seconds) &
  nap=$!
  wait $nap && kill $it
} >/dev/null 2>&1 &
dog=$!
wait $it 2>/dev/null
code=$?
kill $dog 2>/dev/null
exit $code
)]]

--- A shell command that stops another command when that takes too long.
---@param command string one program and its words, without a pipe
---@param seconds number rounded up to a whole number
---@return string command its exit code is not 0 if it was stopped
function M.limited(command, seconds)
  local values = { command = command, seconds = math.ceil(seconds) }
  return (LIMITED:gsub("%%%(([a-z]+)%)", values))
end

--- What a command prints on stdout and stderr, without the newlines at the
--- end; "" when it can't be run.
---@param command string
---@return string
function M.output(command)
  return shell.output("{ " .. command .. "\n} 2>&1")
end

return M
