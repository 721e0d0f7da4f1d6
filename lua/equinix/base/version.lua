--- version: of this library, and of the core beside it.
--
-- Law of this file: the two are of one version, or no function of the core is
-- called: what one of them does not have the other may need.

local M = {}

M.VERSION = "0.1.0"

--- Raises where the core is of another version. A worker that was reloaded
--- may still hold the core of an older one.
function M.check()
  local core = require "equinix.core"
  if core._VERSION ~= M.VERSION then
    error(("equinix %s found equinix.core %s: install both from the same "
      .. "version, and restart the program (in nginx: restart it; a reload "
      .. "keeps the old core)"):format(M.VERSION, tostring(core._VERSION)), 0)
  end
end

return M
