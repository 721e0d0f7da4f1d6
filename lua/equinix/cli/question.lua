--- question: questions to the person at the terminal.
--
-- Law of this file: what is typed as a secret is shown by no terminal, and the
-- terminal is as before whatever ends the question. A shell does it, since Lua
-- can't change a terminal; the answer comes over a pipe, and is no argument.

local shell = require "equinix.base.shell"
local terminal = require "equinix.cli.terminal"

local M = {}

-- The mark says that there was an answer, be it empty.
local ASK = [[
exec 3</dev/tty 4>/dev/tty || exit 1
old=$(stty -g <&3) || exit 1
trap '' TSTP
trap 'stty "$old" <&3' EXIT
trap 'exit 1' INT TERM HUP
%s
printf '%%s' %s >&4
IFS= read -r line <&3 || exit 1
%s
printf '=%%s' "$line"]]

--- Whether there is a person to ask.
---@return boolean
function M.is_there()
  return terminal.is_open(0)
end

--- Asks for one line.
---@param question string
---@param secret? boolean it is not shown
---@return string|nil answer nil: the person gave up
function M.ask(question, secret)
  local script = ASK:format(secret and "stty -echo <&3" or "",
    shell.quote(question), secret and "echo >&4" or "")
  local pipe = io.popen("sh -c " .. shell.quote(script), "r")
  local text = pipe and pipe:read "*a" or ""
  if pipe then
    pipe:close()
  end
  return text:match "^=(.*)$"
end

return M
