-- side: contenders side by side. Each is a program that prints its CPU and
-- wall seconds; they take turns, so that a slow minute of the machine hits
-- them all, and what is compared is the median of the rounds.
local M = {}

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

local function prepare(dir, ports)
  local process = require "spec.support.process"
  local words, code = process.capture(CERTIFICATE:format(process.quote(dir)))
  if code ~= 0 then
    error("no certificate: " .. words, 0)
  end
  for name, text in pairs {
    ["nginx.conf"] = CONFIG:gsub("%%%((%w+)%)d", ports),
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
function M.with_nginx(body)
  local process = require "spec.support.process"
  local ports, dir = free_ports(), process.tempdir()
  prepare(dir, ports)
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

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

local function median(values)
  table.sort(values)
  local middle = math.floor(#values / 2) + 1
  if #values % 2 == 1 then
    return values[middle]
  end
  return (values[middle - 1] + values[middle]) / 2
end

--- Runs the contenders in turns. The first is what the others are held
--- against.
---@param contenders {name: string, command: string}[]
---@param rounds integer
---@return table[] for each, in order: name; median seconds `cpu` and `wall`;
---  median of the rounds' ratios to the first, `cpu_ratio` and `wall_ratio`
function M.rounds(contenders, rounds)
  local runs = {}
  for round = 1, rounds do
    for turn = 1, #contenders do
      -- Every other round backwards: to come first is no advantage.
      local i = round % 2 == 1 and turn or #contenders + 1 - turn
      local contender = contenders[i]
      local text = output_of(contender.command)
      local cpu, wall = text:match "^(%S+) (%S+)%s*$"
      if not cpu then
        error(contender.name .. " failed: " .. text, 0)
      end
      runs[i] = runs[i] or { cpu = {}, wall = {} }
      runs[i].cpu[round], runs[i].wall[round] = tonumber(cpu), tonumber(wall)
    end
  end
  local results = {}
  for i, contender in ipairs(contenders) do
    local result = { name = contender.name }
    for _, what in ipairs { "cpu", "wall" } do
      local ratios = {}
      for round = 1, rounds do
        ratios[round] = runs[i][what][round] / runs[1][what][round]
      end
      result[what .. "_ratio"] = median(ratios)
    end
    result.cpu, result.wall = median(runs[i].cpu), median(runs[i].wall)
    results[i] = result
  end
  return results
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
  print(("  %s: %.2fx of C, the bar is %s %.2fx: %s"):format(what, ratio,
    at_least and "at least" or "at most", bar, within and "met" or "MISSED"))
end

--- User-space instructions of one more request, counted by callgrind: the
--- difference of two runs, so that start-up is not in it.
---@param command fun(count: integer): string
---@return number|nil instructions nil where there is no valgrind
function M.instructions(command)
  local function collected(count)
    local text = output_of("valgrind --tool=callgrind "
      .. "--callgrind-out-file=/dev/null " .. command(count) .. " 2>&1")
    return tonumber(text:match "Collected : (%d+)")
  end
  local few, many = collected(100), collected(400)
  return few and many and (many - few) / 300
end

return M
