--- shell: small programs that every system has, asked one thing.
--
-- Law of this file: what comes from outside is one quoted word of a command,
-- never a part of it; and no secret is ever a word.

local M = {}

--- One word of a shell command, whatever is in it.
---@param word string
---@return string
function M.quote(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

-- Where there is no `timeout`, a second process ends the first one. It holds
-- no end of the pipe that is read, and it takes its own nap along.
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

--- A command that is ended when it takes longer, as one of the shell's.
---@param command string one program and its words, without a pipe
---@param seconds number rounded up to whole ones
---@return string command with another exit code than 0 if it was ended
function M.limited(command, seconds)
  local values = { command = command, seconds = math.ceil(seconds) }
  return (LIMITED:gsub("%%%((%l+)%)", values))
end

--- What a command prints, stderr among it, without the last newlines; "" when
--- it can't be run.
---@param command string
---@return string
function M.output(command)
  local pipe = io.popen("{ " .. command .. "\n} 2>&1", "r")
  if not pipe then
    return ""
  end
  local text = pipe:read "*a" or ""
  pipe:close()
  return (text:gsub("\n+$", ""))
end

return M
