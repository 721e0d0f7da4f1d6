-- http_parent: opens a connection before the fork; see
-- core/http/multi_spec.lua.
--
-- Law of this file: it is a module, for host.c's --preload, so that the
-- children go on with the handle of their parent.
local core = require "equinix.core"

local M = { http = core.http(), url = os.getenv "SERVER_URL" }

function M.get()
  return assert(M.http:send({ method = "GET", url = M.url, may_resend = true },
    10))
end

M.first = M.get().body

return M
