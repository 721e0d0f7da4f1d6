--- default: the transport of a client that was given none.
--
-- Law of this file: where a wait would hold up a whole server, the default is
-- the transport that does not block it. Anywhere else it is libcurl in this
-- thread.

local M = {}

---@return string name of a file beside this one
function M.name()
  local ngx, haproxy = rawget(_G, "ngx"), rawget(_G, "core")
  if type(ngx) == "table" and ngx.get_phase then
    return "nginx"
  elseif type(haproxy) == "table" and haproxy.register_task then
    return "haproxy"
  end
  return "curl"
end

---@return table port
function M.find()
  return require("equinix.transport." .. M.name())
end

return M
