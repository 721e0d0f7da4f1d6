-- receiver: takes POSTs and is their judge.
--
-- Law of this file: it counts an id when it does the work, before it answers,
-- so an id that comes twice was done twice. What it breaks off it has done;
-- what it turns down (429, 503 with Retry-After) it has not.
local json = require "equinix.base.json"
local nginx = require "spec.support.nginx"

local M = {}
local Receiver = {}
Receiver.__index = Receiver

-- One POST in so many is answered that way.
local SERVER = [[
  location = /orders {
    client_max_body_size 8k;
    content_by_lua_block {
      local done, dice = ngx.shared.done, math.random(100)
      ngx.header["Content-Type"] = "application/json"
      if dice <= 3 then
        ngx.header["Retry-After"] = "1"
        ngx.status = dice == 1 and 429 or 503
        return ngx.say '{"errorCode": "BUSY"}'
      end
      ngx.req.read_body()
      local id = ngx.req.get_body_data():match '"id": *"([%w-]+)"'
      if not done:add(id, "once") then
        done:set(id, "twice")
      end
      if dice <= 5 then
        ngx.shared.broken:set(id, true)
        return ngx.exit(444)
      end
      ngx.status = 201
      ngx.say('{"id": "' .. id .. '"}')
    }
  }
  location = /judge {
    content_by_lua_block {
      local done, twice, count = ngx.shared.done, 0, 0
      for _, id in ipairs(done:get_keys(0)) do
        count = count + 1
        if done:get(id) == "twice" then
          twice = twice + 1
          ngx.log(ngx.ERR, "twice: ", id)
        end
      end
      local broken = {}
      for _, id in ipairs(ngx.shared.broken:get_keys(0)) do
        broken[id] = true
      end
      ngx.say(require("cjson").encode { count = count, twice = twice,
        broken = broken })
    }
  }
]]

function M.start()
  local self = setmetatable({}, Receiver)
  self.nginx = nginx.start {
    workers = 1, server = SERVER, http = [[
      lua_shared_dict done 512m;
      lua_shared_dict broken 32m;
      init_worker_by_lua_block { math.randomseed(ngx.now() * 1000) }
    ]],
  }
  self.url = self.nginx.url
  return self
end

---@return {count: integer, twice: integer, broken: table<string, true>}
function Receiver:judge()
  return assert(json.decode(self.nginx:ok "/judge"))
end

function Receiver:stop()
  self.nginx:stop()
end

return M
