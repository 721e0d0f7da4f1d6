-- nginx_run: runs the Lua that a spec sends (Nginx:run of nginx.lua) and
-- answers with a JSON object of what it returned.
local cjson = require("cjson").new()
cjson.encode_sparse_array(true)

local ngx = ngx -- luacheck: ignore 113 (given by ngx_lua)

local function pack(...)
  return { n = select("#", ...), ... }
end

return function()
  ngx.req.read_body()
  local code, wrong = loadstring(ngx.req.get_body_data(), "=spec")
  if not code then
    ngx.status = 500
    return ngx.print(wrong)
  end
  setfenv(code, setmetatable({}, {
    __index = function(_, name)
      return name == "demo" and require "demo" or _G[name]
    end,
  }))
  local results = pack(pcall(code))
  if not results[1] then
    ngx.status = 500
    return ngx.print(tostring(results[2]))
  end
  local answer = { n = results.n - 1 }
  for i = 1, answer.n do
    local value = results[i + 1]
    answer[tostring(i)] = value == nil and cjson.null or value
  end
  return ngx.print(cjson.encode(answer))
end
