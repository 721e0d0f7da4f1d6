-- side: contenders side by side.
--
-- Law of this file: a machine may be twice as fast a second later, so only
-- what ran right after each other is compared. Contenders take turns of a few
-- milliseconds; each round gives a ratio, and their median is the result. And
-- where a program's memory happens to lie is worth some percent, too: so they
-- are started anew every few rounds.
-- A contender is a program that reads numbers, a line each, does that many and
-- answers each with "CPU-SECONDS WALL-SECONDS", and more if it likes.
local M = {}

local SITTING = 10 -- rounds until all are started anew

--- A local nginx that answers one request with the same bytes each time. What
--- did not come by the protocol it was meant for is a failure.
local CONFIG = [[
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 256; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ssl_certificate server.pem;
  ssl_certificate_key server.key;
  %(more)s
  limit_req_zone $server_port zone=slow:64k rate=500r/s;
  map $server_port $meant {
    %(http)d HTTP/1.1;
    %(https)d HTTP/1.1;
    %(http2)d HTTP/2.0;
  }
  server {
    listen 127.0.0.1:%(http)d;
    listen 127.0.0.1:%(https)d ssl;
    listen 127.0.0.1:%(http2)d ssl http2;
    default_type application/json;
    location = /oauth2/v1/token {
      return 200 '{"access_token":"qwErtY8zyW1abcdefGHI",
"token_timeout":"3600","user_name":"bench","token_type":"Bearer"}';
    }
    # One after the other: all that asks at once needs connections of its own.
    location = /slow {
      root .;
      limit_req zone=slow burst=200;
    }
    location / {
      if ($server_protocol != $meant) {
        return 505;
      }
      return 200 '{"pagination":{"offset":0,"limit":20,"total":1},
"data":[{"uuid":"c4d9350e-77c5-7c5d-1ce0-306a5c00a600","name":"port-1"}]}';
    }
  }
}
]]

-- Signed by itself, so that it is its own authority; thrown away afterwards.
local CERTIFICATE = "cd %s && openssl req -x509 -newkey ec "
  .. "-pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key "
  .. "-out server.pem -days 2 -subj /CN=bench "
  .. "-addext subjectAltName=IP:127.0.0.1 2>&1"

-- Three at once: none is given twice.
local function free_ports()
  local sockets, ports = {}, {}
  for _, name in ipairs { "http", "https", "http2" } do
    local socket = assert(require("socket").bind("127.0.0.1", 0))
    local _, port = socket:getsockname()
    sockets[#sockets + 1], ports[name] = socket, port
  end
  for _, socket in ipairs(sockets) do
    socket:close()
  end
  return ports
end

local function prepare(dir, ports, more)
  local process = require "spec.support.process"
  local words, code = process.capture(CERTIFICATE:format(process.quote(dir)))
  if code ~= 0 then
    error("no certificate: " .. words, 0)
  end
  for name, text in pairs {
    ["nginx.conf"] = CONFIG:gsub("%%%((%w+)%)d", ports)
      :gsub("%%%(more%)s", more or ""),
    slow = "{}\n",
  } do
    local file = assert(io.open(dir .. "/" .. name, "w"))
    assert(file:write(text))
    file:close()
  end
  -- Its worker may be another user, who is to read that file.
  assert(os.execute("chmod 755 " .. process.quote(dir)))
end

--- Runs a function with such an nginx. It ends with the function, or with
--- this program, however that ends.
---@param body fun(nginx: {http: string, https: string, http2: string,
---  ca_file: string}) the URLs by their protocols
---@param more? string a line of its configuration
function M.with_nginx(body, more)
  local process = require "spec.support.process"
  local ports, dir = free_ports(), process.tempdir()
  prepare(dir, ports, more)
  local nginx = process.start({
    "sh", "-c", 'PATH=$PATH:/usr/sbin exec nginx -p "$0" -c nginx.conf', dir,
  })
  local done, problem = pcall(function()
    local ready = process.eventually(function()
      local connection = require("socket").connect("127.0.0.1", ports.http)
      return connection and connection:close() or not nginx:alive()
    end)
    if not ready or not nginx:alive() then
      error("nginx did not start: " .. tostring(nginx:stderr()), 0)
    end
    body {
      http = "http://127.0.0.1:" .. ports.http,
      https = "https://127.0.0.1:" .. ports.https,
      http2 = "https://127.0.0.1:" .. ports.http2,
      ca_file = dir .. "/server.pem",
    }
  end)
  nginx:stop()
  process.remove(dir)
  if not done then
    error(problem, 0)
  end
end

--- The median; sorts the list.
---@param values number[]
---@return number
function M.median(values)
  table.sort(values)
  local middle = math.floor(#values / 2) + 1
  if #values % 2 == 1 then
    return values[middle]
  end
  return (values[middle - 1] + values[middle]) / 2
end

-- Starts a program at the other end of two pipes. It ends with its input.
local function start(contender, dir, name)
  local process = require "spec.support.process"
  local path = process.quote(dir .. "/" .. name)
  assert(process.capture("mkfifo " .. path) == "", "no fifo")
  local orders = assert(io.popen(contender.command .. " >" .. path, "w"))
  -- Opens when the other end is opened, too.
  local answers = assert(io.open(dir .. "/" .. name, "r"))
  return { name = contender.name, orders = orders, answers = answers }
end

-- -> seconds of CPU, seconds
local function turn(program, count)
  program.orders:write(count, "\n")
  program.orders:flush()
  local text = program.answers:read "*l" or "it ended"
  local cpu, wall, more = text:match "^(%S+) (%S+) ?(.*)$"
  if not cpu then
    error(program.name .. " failed: " .. text, 0)
  end
  return { cpu = tonumber(cpu), wall = tonumber(wall), more = more }
end

--- Every other round backwards: to come first is no advantage.
---@param round integer
---@param n integer
---@return fun(): integer|nil next from 1 to n or from n to 1
function M.order(round, n)
  local i = 0
  return function()
    i = i + 1
    if i <= n then
      return round % 2 == 1 and i or n + 1 - i
    end
  end
end

-- Some rounds of all contenders, which are started for them and ended;
-- runs[contender][round] = {cpu=, wall=}.
local function sit(contenders, dir, first, last, count, runs)
  local programs = {}
  local done, problem = pcall(function()
    for i, contender in ipairs(contenders) do
      programs[i] = start(contender, dir, ("%d.%d"):format(first, i))
    end
    for round = first, last do
      for i in M.order(round, #programs) do
        runs[i][round] = turn(programs[i], count)
      end
    end
  end)
  for _, program in ipairs(programs) do
    program.orders:close()
    program.answers:close()
  end
  if not done then
    error(problem, 0)
  end
end

-- What `rounds` returns of the i-th contender.
local function sum_up(runs, i, name)
  local result = { name = name, more = {} }
  for _, what in ipairs { "cpu", "wall" } do
    local values, ratios = {}, {}
    for round, seconds in ipairs(runs[i]) do
      result.more[round] = seconds.more
      values[round] = seconds[what]
      ratios[round] = seconds[what] / runs[1][round][what]
    end
    result[what], result[what .. "_ratio"] = M.median(values),
      M.median(ratios)
  end
  return result
end

--- Runs the contenders in turns. The first is what the others are held
--- against.
---@param contenders {name: string, command: string}[]
---@param rounds integer
---@param count integer how many in a turn
---@return table[] for each, in order: name; what it said besides in each
---  round, `more`; median seconds `cpu` and `wall`;
---  median of the rounds' ratios to the first, `cpu_ratio` and `wall_ratio`
function M.rounds(contenders, rounds, count)
  local process = require "spec.support.process"
  local dir, runs = process.tempdir(), {}
  for i = 1, #contenders do
    runs[i] = {}
  end
  local done, problem = pcall(function()
    for first = 1, rounds, SITTING do
      local last = math.min(first + SITTING - 1, rounds)
      sit(contenders, dir, first, last, count, runs)
    end
  end)
  process.remove(dir)
  if not done then
    error(problem, 0)
  end
  local results = {}
  for i, contender in ipairs(contenders) do
    results[i] = sum_up(runs, i, contender.name)
  end
  return results
end

--- The Lua side of it: does what it is told until there is no more to do.
---@param body fun(count: integer) what is measured
---@param now fun(): number
function M.serve(body, now)
  -- CPU is os.clock(): user and system time of the process, as in loop.h.
  for line in io.lines() do
    local count = tonumber(line)
    local cpu, wall = os.clock(), now()
    body(count)
    print(("%.6f %.6f"):format(os.clock() - cpu, now() - wall))
    io.stdout:flush()
  end
end

--- Prints a line for each contender.
---@param results table[] what `rounds` returned
---@param count integer requests in a run
function M.show(results, count)
  for _, r in ipairs(results) do
    print(("  %-16s CPU %6.1f us %5.2fx   wall %6.1f us %5.2fx"):format(
      r.name, r.cpu / count * 1e6, r.cpu_ratio, r.wall / count * 1e6,
      r.wall_ratio))
  end
end

--- Whether any bar was missed, for the exit code.
M.missed = false

--- Prints a ratio with its bar.
---@param what string
---@param ratio number
---@param bar number
---@param at_least? boolean the bar is a lower bound; default: an upper one
function M.judge(what, ratio, bar, at_least)
  local within = ratio <= bar
  if at_least then
    within = ratio >= bar
  end
  M.missed = M.missed or not within
  print(("  %s: %.2fx of C, the bar is %s %.2fx: %s"):format(what, ratio,
    at_least and "at least" or "at most", bar, within and "met" or "MISSED"))
end

--- User-space instructions of one more request, counted by callgrind: the
--- difference of two runs, so that start-up is not in it.
---@param command string of a contender
---@return number|nil instructions nil where there is no valgrind
function M.instructions(command)
  local function collected(count)
    local pipe = assert(io.popen(("echo %d | valgrind --tool=callgrind "
      .. "--callgrind-out-file=/dev/null %s 2>&1"):format(count, command)))
    local text = pipe:read "*a"
    pipe:close()
    return tonumber(text:match "Collected : (%d+)")
  end
  local few, many = collected(100), collected(400)
  return few and many and (many - few) / 300
end

return M
