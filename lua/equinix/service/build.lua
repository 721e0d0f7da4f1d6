--- build: the versions of what answers, for those who watch it.
--
-- Law of this file: names and versions, nothing else about this machine.

local core = require "equinix.core"
local version = require "equinix.base.version"

local M = {}

-- 1022001 is nginx 1.22.1.
local function dotted(number)
  return ("%d.%d.%d"):format(math.floor(number / 1000000),
    math.floor(number / 1000) % 1000, number % 1000)
end

--- The versions by name.
---@param nginx_version? integer as ngx.config has it
---@return table<string, string>
function M.versions(nginx_version)
  local libraries = core.versions()
  return {
    version = version.VERSION,
    lua = jit and jit.version or _VERSION,
    libcurl = libraries.libcurl:match "^libcurl/(%S+)" or libraries.libcurl,
    libcrypto = libraries.libcrypto:match "^%S+ %S+" or libraries.libcrypto,
    nginx = nginx_version and dotted(nginx_version) or nil,
  }
end

return M
