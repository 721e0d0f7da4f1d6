-- redis_sentinel: a real Redis with a replica and three sentinels, on free
-- loopback ports.
--
--   local group = redis_sentinel.start()
--   group.name                    "main", what the sentinels call the master
--   group:addresses()             of the sentinels: { "127.0.0.1:4711", ... }
--   group:master()                the server that the sentinels name
--   group.servers  group.sentinels   servers of support.redis; the first of
--                                 the servers starts as the master
--   group:pause(server)  server:kill()
--   group:heal()                  all run again, with a master and a replica
--   group:stop()
--
-- Law of this file: the sentinels know each other and the replica from their
-- first moment, by a file that is written here, since they have to wait
-- seconds to find out; and they ask the servers twice a second, not only every
-- ten seconds. They count a master as down after `down_after` ms, 500.
-- `tls` and `mutual` are those of support.redis, and `password` ("secret") is
-- that of the sentinels; words are for the servers.
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local M = {}
local Group = {}
Group.__index = Group

local PATIENT = 60
local NAME = "main"

local function id_of(i)
  return ("%040d"):format(i)
end

-- The file of sentinel `me`. ports: master, replica, three sentinels.
local function conf(me, ports, options)
  local lines = {
    "sentinel myid " .. id_of(me),
    ("sentinel monitor %s 127.0.0.1 %d 2"):format(NAME, ports[1]),
    ("sentinel down-after-milliseconds %s %d"):format(NAME,
      options.down_after or 500),
    ("sentinel failover-timeout %s 3000"):format(NAME),
    ("sentinel known-replica %s 127.0.0.1 %d"):format(NAME, ports[2]),
  }
  for i = 1, 3 do
    if i ~= me then
      lines[#lines + 1] = ("sentinel known-sentinel %s 127.0.0.1 %d %s")
        :format(NAME, ports[i + 2], id_of(i))
    end
  end
  if options.tls then
    lines[#lines + 1] = "tls-replication yes"
  end
  for _, word in ipairs(options) do
    if word == "--requirepass" then
      lines[#lines + 1] = ("sentinel auth-pass %s secret"):format(NAME)
    end
  end
  if options.password then
    lines[#lines + 1] = "requirepass secret"
  end
  return table.concat(lines, "\n") .. "\n"
end

local function with_tls(options, port)
  return { port = port, tls = options.tls, name = options.name,
    mutual = options.mutual }
end

local function new_server(options, ports, i)
  local o = with_tls(options, ports[i])
  for _, word in ipairs(options) do
    o[#o + 1] = word
  end
  if options.tls then
    o[#o + 1], o[#o + 2] = "--tls-replication", "yes"
  end
  for _, word in ipairs { "--repl-diskless-sync-delay", 0 } do
    o[#o + 1] = word
  end
  if i == 2 then
    for _, word in ipairs { "--replicaof", "127.0.0.1", ports[1] } do
      o[#o + 1] = word
    end
  end
  return redis.new(o)
end

local function new_sentinel(options, ports, i)
  local o = with_tls(options, ports[i + 2])
  o.files = { ["sentinel.conf"] = conf(i, ports, options) }
  o.sentinel = true
  local self = redis.new(o)
  self.password = options.password and "secret" or nil
  return self
end

-- What a sentinel says of the master: { ip =, port =, flags =, ... } or nil.
local function view(sentinel)
  local list = sentinel:try("SENTINEL", "MASTER", NAME)
  local fields = list and {}
  for i = 1, list and #list or 0, 2 do
    fields[list[i]] = list[i + 1]
  end
  return fields
end

local function by_port(self, port)
  for _, server in ipairs(self.servers) do
    if server.port == port then
      return server
    end
  end
end

--- The server that most sentinels name; nil while they differ.
function Group:master()
  local votes = {}
  for _, sentinel in ipairs(self.sentinels) do
    local address = sentinel:try("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
    local port = address and tonumber(address[2])
    if port then
      votes[port] = (votes[port] or 0) + 1
      if votes[port] == 2 then
        return by_port(self, port)
      end
    end
  end
end

-- They forget it when they are started again.
local function hurry(sentinel)
  if not sentinel.hurried then
    sentinel.hurried = sentinel:try("SENTINEL", "DEBUG", "INFO-PERIOD", 500,
      "PUBLISH-PERIOD", 500, "PING-PERIOD", 200, "ASK-PERIOD", 200) == "OK"
  end
end

-- Every sentinel sees a master without a fault, a replica and two others.
local function is_whole(self)
  for _, sentinel in ipairs(self.sentinels) do
    hurry(sentinel)
    local seen = view(sentinel)
    if not seen or seen.flags ~= "master" or seen["num-slaves"] ~= "1"
      or seen["num-other-sentinels"] ~= "2" then
      return false
    end
  end
  local master = self:master()
  for _, server in ipairs(self.servers) do
    local role = server:info "role"
    if server == master and role ~= "master" or server ~= master
      and (role ~= "slave" or server:info "master_link_status" ~= "up") then
      return false
    end
  end
  return master ~= nil
end

local function all_of(self)
  local all = {}
  for _, list in ipairs { self.servers, self.sentinels } do
    for _, server in ipairs(list) do
      all[#all + 1] = server
    end
  end
  return all
end

local function wait(self)
  return process.eventually(function()
    for _, server in ipairs(all_of(self)) do
      if not server:alive() then
        return "ended"
      end
    end
    return is_whole(self) and "whole"
  end, PATIENT) == "whole"
end

local function try(options)
  local ports = redis.free_ports(5)
  local self = setmetatable({ name = NAME, servers = {}, sentinels = {} },
    Group)
  for i = 1, 2 do
    self.servers[i] = new_server(options, ports, i)
  end
  for i = 1, 3 do
    self.sentinels[i] = new_sentinel(options, ports, i)
  end
  for _, server in ipairs(all_of(self)) do
    server:launch()
  end
  if wait(self) then
    return self
  end
  local said = {}
  for i, server in ipairs(all_of(self)) do
    said[i] = (server.process:stdout() or ""):sub(-500)
  end
  self:stop()
  return nil, table.concat(said, "\n")
end

--- Starts them and waits until the sentinels are content.
---@param options? table see above
function M.start(options)
  local self, said
  for _ = 1, 3 do -- another program may take a free port first
    self, said = try(options or {})
    if self then
      return self
    end
  end
  error("the sentinels did not start: " .. said, 2)
end

--- Addresses of the sentinels.
---@return string[]
function Group:addresses()
  local list = {}
  for i, sentinel in ipairs(self.sentinels) do
    list[i] = "127.0.0.1:" .. sentinel.port
  end
  return list
end

--- Stops a server by signal as a hanging machine would; heal continues it.
function Group:pause(server)
  server.paused = true
  server:signal "STOP"
end

--- Has all of them run again and waits until there is a master and a replica.
function Group:heal()
  for _, server in ipairs(all_of(self)) do
    if server.paused then
      server:disconnect()
      server:signal "CONT"
      server.paused = nil
    end
    if not server:alive() then
      server.hurried = nil
      server:launch()
    end
  end
  assert(wait(self), "the sentinels did not find a whole group again")
end

function Group:stop()
  for _, server in ipairs(all_of(self)) do
    if server.process then
      server:signal "CONT"
      server:signal "KILL" -- nothing of it is needed, so at once
    end
  end
  for _, server in ipairs(all_of(self)) do
    server:stop()
  end
end

return M
