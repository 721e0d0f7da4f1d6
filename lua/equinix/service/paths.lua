--- paths: the paths of REST, as nginx's configuration and documents need them.
--
-- Law of this file: it needs nothing of what answers requests, since the
-- command that writes the configuration answers none.

local builtin = require("equinix.base.lazy") "equinix.capability.builtin"
local text_of = require "equinix.base.text"

local M = {}

--- That of the status page.
M.STATUS = "/"

--- The paths that any caller may ask: Kubernetes, a load balancer.
M.PROBES = { ["/healthz"] = true, ["/readyz"] = true }

local FIXED = { "/", "/healthz", "/metrics", "/openapi.json", "/readyz" }

--- A route's path as documents and metrics show it: "/ports/{port_id}".
---@param path (string|{name: string})[]
---@return string
function M.template(path)
  local parts = {}
  for i, part in ipairs(path) do
    parts[i] = type(part) == "string" and part or "{" .. part.name .. "}"
  end
  return table.concat(parts)
end

--- The paths of the token.
---@param plan? table
---@return table<string, true>
function M.of_token(plan)
  local paths = {}
  plan = plan or builtin.plan()
  for _, planned in ipairs(plan.routes) do
    if plan.operations[planned.operation].token then
      paths[M.template(planned.path)] = true
    end
  end
  return paths
end

--- The paths that are answered fastest and have a log format of their own:
--- those of the token, and for monitoring.
---@param plan? table
---@return string[]
function M.logged(plan)
  local paths, of_token = {}, M.of_token(plan)
  for i, path in ipairs(FIXED) do
    paths[i], of_token[path] = path, nil
  end
  for path in pairs(of_token) do
    paths[#paths + 1] = path
  end
  table.sort(paths, text_of.before)
  return paths
end

return M
