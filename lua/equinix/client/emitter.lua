--- emitter: passes the events of a client on to its listener.
--
-- Law of this file: a mistake of the listener must not break a renewal.

local M = {}

---@param listen? fun(name: string, fields: table) the option on_event
---@return fun(name: string, fields: table) emit
function M.new(listen)
  return function(name, fields)
    if listen then
      pcall(listen, name, fields)
    end
  end
end

return M
