--- shell: commands of a POSIX shell.
--
-- Law of this file: a quoted argument reaches the program byte for byte. What
-- comes from outside is always quoted, and a secret is never an argument.

local trim = require "equinix.base.trim"

local M = {}

--- Quotes one argument, whatever it contains.
---@param word any
---@return string
function M.quote(word)
  return "'" .. tostring(word):gsub("'", [['\'']]) .. "'"
end

local function read(command)
  local pipe = io.popen(command, "r")
  if not pipe then
    return ""
  end
  local text = pipe:read "*a" or ""
  pipe:close()
  return text
end

-- Commands that one shell is answering, and the answers that it gave.
local asked, answers = nil, {}

-- No answer has a line of this byte alone.
local MARK = "\n\1\n"

--- Starts commands in one shell beside this process, so that `output` has
--- their answers, each as often as it is asked, and what they say on stderr is
--- not seen. Only for what stays as it is while this process runs.
---@param commands string[]
function M.ask_ahead(commands)
  -- This process may have ended before the shell has: that is no news.
  local lines = { "exec 2>/dev/null" }
  for _, command in ipairs(commands) do
    lines[#lines + 1] = "(" .. command .. "\n); printf '\\n\\001\\n'"
  end
  local pipe = io.popen(table.concat(lines, "\n"), "r")
  asked = pipe and { commands = commands, pipe = pipe }
end

-- Waits for the answers to all that was asked.
local function take_answers()
  local commands, text = asked.commands, asked.pipe:read "*a" or ""
  asked.pipe:close()
  asked = nil
  local from = 1
  for _, command in ipairs(commands) do
    local till, last = text:find(MARK, from, true)
    if not till then -- the shell was ended
      return
    end
    answers[command], from = text:sub(from, till - 1), last + 1
  end
end

--- What a command prints, without the newlines at the end; "" when it can't be
--- run.
---@param command string
---@return string
function M.output(command)
  if asked then
    take_answers()
  end
  return trim.tail(answers[command] or read(command), "\n")
end

return M
