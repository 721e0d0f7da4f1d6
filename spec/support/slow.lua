-- slow: callers that send the beginning of a request and then, byte by byte,
-- more of its body, for as long as they are let.
--
--   local s = slow.start { port = 8080, count = 2100, head = "POST / ..." }
--   s:closed()      how many connections the other side has ended
--   s:stop()
--
-- With `trickle = false` they send nothing after the head.
local json = require "equinix.base.json"
local process = require "spec.support.process"
local socket = require "socket"

local M = {}
local Slow = {}
Slow.__index = Slow

local EACH = 350 -- connections of one process; luasocket's select ends at 1024

local CHILD = "dofile 'spec/support/init.lua' "
  .. "require('spec.support.slow').run(arg[1])"

local function connect(options)
  local one = assert(socket.tcp())
  if options.from then
    assert(one:bind(options.from, 0))
  end
  assert(one:connect("127.0.0.1", options.port))
  assert(one:send(options.head))
  one:settimeout(0)
  return one
end

-- Whether the other side has ended the connection.
local function is_over(one)
  local _, reason = one:receive(4096)
  while not reason do
    _, reason = one:receive(4096)
  end
  return reason ~= "timeout"
end

--- The work of a child.
function M.run(text)
  io.stdout:setvbuf "no"
  local options = assert(json.decode(text))
  local open, over = {}, 0
  for i = 1, options.count do
    open[i] = connect(options)
  end
  print "going"
  while true do
    for i = #open, 1, -1 do
      if is_over(open[i]) or options.trickle and not open[i]:send "x" then
        table.remove(open, i):close()
        over = over + 1
      end
    end
    print("over " .. over)
    socket.sleep(0.2)
  end
end

--- Starts them; all have sent their head when it returns.
---@param options {port: integer, count: integer, head: string,
---  trickle: boolean|nil, from: string|nil}
function M.start(options)
  local self, left = setmetatable({ children = {} }, Slow), options.count
  while left > 0 do
    local text = assert(json.encode { port = options.port, head = options.head,
      count = math.min(left, EACH), from = options.from,
      trickle = options.trickle ~= false })
    left = left - EACH
    self.children[#self.children + 1] = process.start { "sh", "-c", "exec "
      .. process.interpreter() .. ' -e "$0" - "$1"', CHILD, text }
  end
  for _, child in ipairs(self.children) do
    local going = process.eventually(function()
      return child:stdout():find "going" or not child:alive()
    end, 60)
    assert(going and child:alive(), child:stderr())
  end
  return self
end

function Slow:closed()
  local over = 0
  for _, child in ipairs(self.children) do
    over = over + (tonumber(child:stdout():match ".*over (%d+)\n") or 0)
  end
  return over
end

function Slow:stop()
  for _, child in ipairs(self.children) do
    child:stop()
  end
end

return M
