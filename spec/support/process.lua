-- process: other programs, started and ended by the specs.
--
-- Law of this file: nothing outlives the spec that started it. For each
-- program there is a pipe from this process; when the pipe closes, for any
-- reason (stop, a failed assertion, SIGKILL), the program gets a TERM.
--
--   local p = process.start({ "redis-server", "--port", "0" }, { env = {} })
--   p.pid, p:alive(), p:signal "HUP", p:wait(5), p:stdout(), p:stderr()
--   p:stop()                       -- TERM, then KILL; -> exit code
local fill = require("equinix.base.template").fill
local read_file = require("equinix.base.file").read
local sleep = require("socket").sleep

local M = {}
local Process = {}
Process.__index = Process

-- The `read` returns at the end of the pipe. The program itself stays in the
-- foreground, since a shell makes its background jobs ignore SIGINT.
local WATCHER = [[
{ read -r _ <&3; kill -TERM "$(cat %(dir)s/pid)"; } >/dev/null 2>&1 &
watcher=$!
]]
local SCRIPT = [[
exec 3<&0
%(watcher)s
sh -c 'echo $$ >%(dir)s/pid.new && mv %(dir)s/pid.new %(dir)s/pid &&
exec "$@"' sh %(command)s <%(stdin)s 3<&- >%(dir)s/stdout 2>%(dir)s/stderr
echo $? >%(dir)s/code.new && mv %(dir)s/code.new %(dir)s/code
[ -n "$watcher" ] && kill $watcher 2>/dev/null
]]

--- One word of a shell command, whatever is in it.
M.quote = require("equinix.base.shell").quote

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

--- The Lua that runs the specs, quoted for a shell.
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

--- Calls a function until it returns something true, or has been waited for
--- long enough; returns what it returned last. Only its pauses count, not the
--- clock: a machine that stood still meanwhile has not used the limit up.
---@param condition fun(): any
---@param seconds? number default 60
function M.eventually(condition, seconds)
  local left, pause = seconds or 60, 0.002
  while true do
    local value = condition()
    if value or left <= 0 then
      return value
    end
    sleep(pause)
    left, pause = left - pause, math.min(1.5 * pause, 0.05)
  end
end

--- Whether there is a process with that id (a zombie does not count).
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
---  env: variables to set, or false to unset; stdin: a file (default: empty);
---  until_eof: standard input is the pipe itself, at whose end the program
---  ends without a signal
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
    watcher = options.until_eof and "watcher="
      or fill(WATCHER, { dir = dir }),
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
  self.exit_code = self.exit_code
    or tonumber((read_file(self.dir .. "/code")))
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
---@param seconds? number default 60
---@return integer|nil code nil when it still runs after that time
function Process:wait(seconds)
  return M.eventually(function()
    return self:code()
  end, seconds)
end

--- Ends the program and removes its files; a second call does nothing.
---@param seconds? number from TERM to KILL, default 60
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
