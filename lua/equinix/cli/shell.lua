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
