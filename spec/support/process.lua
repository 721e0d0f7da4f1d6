-- process: other programs, started and ended by the specs.
--
-- Law of this file: nothing outlives the spec that started it. Each program
-- hangs on a pipe from this process; when the pipe closes, for whatever
-- reason (stop, a failed assertion, SIGKILL), a guard sends it a TERM.
--
--   local p = process.start({ "redis-server", "--port", "0" }, { env = {} })
--   p.pid, p:alive(), p:signal "HUP", p:wait(5), p:stdout(), p:stderr()
--   p:stop()                       -- TERM, then KILL; -> exit code
local sleep = require("socket").sleep

local M = {}
local Process = {}
Process.__index = Process

-- The guard is a `read` that returns at the end of the pipe. The program
-- itself stays in the foreground, since a shell makes what it puts in the
-- background deaf to SIGINT.
local GUARD = [[
{ read -r _ <&3; kill -TERM "$(cat %(dir)s/pid)"; } >/dev/null 2>&1 &
guard=$!
]]
local SCRIPT = [[
exec 3<&0
%(guard)s
sh -c 'echo $$ >%(dir)s/pid.new && mv %(dir)s/pid.new %(dir)s/pid &&
exec "$@"' sh %(command)s <%(stdin)s 3<&- >%(dir)s/stdout 2>%(dir)s/stderr
echo $? >%(dir)s/code.new && mv %(dir)s/code.new %(dir)s/code
[ -n "$guard" ] && kill $guard 2>/dev/null
]]

local function fill(template, values)
  return (template:gsub("%%%(([%w_]+)%)s", values))
end

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read "*a"
  file:close()
  return text
end

--- One word of a shell command, whatever is in it.
---@param word string|number
---@return string
function M.quote(word)
  return "'" .. tostring(word):gsub("'", [['\'']]) .. "'"
end

--- The output of a shell command without its last newline, and the status.
---@param command string
---@return string output, integer code
function M.capture(command)
  local pipe = assert(io.popen("(" .. command .. "\n)\necho \" $?\"", "r"))
  local text = pipe:read "*a"
  pipe:close()
  local output, code = text:match "^(.-)\n? (%d+)\n$"
  return output, tonumber(code)
end

--- The Lua that runs the specs, as a word of a shell command.
---@return string
function M.interpreter()
  local first = 0
  while arg[first - 1] do
    first = first - 1
  end
  return M.quote(arg[first])
end

--- A new directory for this spec alone, mode 0700. The caller removes it.
---@return string path
function M.tempdir()
  local path, code = M.capture "mktemp -d"
  assert(code == 0, "mktemp failed")
  return path
end

--- Removes a directory made by `tempdir`.
---@param path string
function M.remove(path)
  assert(#path > 4, "refusing to remove " .. path)
  os.execute("rm -rf " .. M.quote(path))
end

--- Asks until the answer is true, or the limit is over. The last answer is
--- returned, so `assert(process.eventually(...))` reads well.
---@param condition fun(): any
---@param seconds? number default 10
function M.eventually(condition, seconds)
  local give_up = os.time() + (seconds or 10) + 1
  while true do
    local answer = condition()
    if answer or os.time() >= give_up then
      return answer
    end
    sleep(0.01)
  end
end

--- Is there a process of that id (a zombie is none)?
---@param pid integer
---@return boolean
function M.alive(pid)
  local state = M.capture(("ps -o stat= -p %d"):format(pid))
  return state ~= "" and not state:find "^%s*Z"
end

--- Starts a program.
---@param argv string[] the program and its arguments
---@param options? {env: table<string, string|false>, stdin: string,
---  until_eof: boolean}
---  env: variables to set, or false to unset; stdin: a file (default none);
---  until_eof: standard input is the pipe itself, and the program ends by
---  itself when the pipe does
function M.start(argv, options)
  options = options or {}
  local words = { "env" }
  for name, value in pairs(options.env or {}) do
    if value == false then
      table.insert(words, 2, "-u " .. name)
    else
      words[#words + 1] = M.quote(name .. "=" .. value)
    end
  end
  for _, word in ipairs(argv) do
    words[#words + 1] = M.quote(word)
  end
  local dir = M.tempdir()
  local values = {
    dir = dir,
    command = table.concat(words, " "),
    guard = options.until_eof and "guard=" or fill(GUARD, { dir = dir }),
    stdin = options.until_eof and "&3"
      or M.quote(options.stdin or "/dev/null"),
  }
  local self = setmetatable({ dir = dir }, Process)
  self.until_eof = options.until_eof
  self.pipe = assert(io.popen(fill(SCRIPT, values), "w"))
  self.pid = tonumber(M.eventually(function()
    return read_file(dir .. "/pid")
  end))
  assert(self.pid, "the program did not start: " .. argv[1])
  return self
end

function Process:stdout()
  return read_file(self.dir .. "/stdout") or self.last_stdout
end

function Process:stderr()
  return read_file(self.dir .. "/stderr") or self.last_stderr
end

--- The exit code (128 + n after signal n), or nil while it runs.
---@return integer|nil
function Process:code()
  self.exit_code = self.exit_code or tonumber(read_file(self.dir .. "/code"))
  return self.exit_code
end

function Process:alive()
  return self:code() == nil
end

---@param name string such as "TERM"
function Process:signal(name)
  os.execute(("kill -%s %d 2>/dev/null"):format(name, self.pid))
end

--- Waits for the end of the program.
---@param seconds? number default 10
---@return integer|nil code nil when it still runs after that time
function Process:wait(seconds)
  return M.eventually(function()
    return self:code()
  end, seconds)
end

--- Ends the program and removes what was kept of it; a second call does
--- nothing.
---@param seconds? number how long it may take to end by itself, default 10
---@return integer code
function Process:stop(seconds)
  if self.pipe then
    if self.until_eof then
      self.pipe:close() -- waits for the program
      self:code()
    elseif self:alive() then
      self:signal "TERM"
      if not self:wait(seconds) then
        self:signal "KILL"
        self:wait()
      end
    end
    self.last_stdout, self.last_stderr = self:stdout(), self:stderr()
    if not self.until_eof then
      self.pipe:close()
    end
    self.pipe = nil
    M.remove(self.dir)
  end
  return self.exit_code
end

return M
