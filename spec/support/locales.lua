-- locales: locales made for a spec, in a folder of its own.
--
--   local l, reason = locales.make()   -- nil: what is missing
--   l.dir       for LOCPATH
--   l:remove()
local process = require "spec.support.process"

local M = {}
local Locales = {}
Locales.__index = Locales

--- Their names: a comma as decimal point, in UTF-8 and in 8 bits; a Turkish
--- I, in both; a decimal point of several bytes.
M.COMMA = { "de_DE.UTF-8", "de_DE.ISO-8859-1" }
M.TURKISH = { "tr_TR.UTF-8", "tr_TR.ISO-8859-9" }
M.WIDE = "ps_AF.UTF-8"
M.ALL = { M.COMMA[1], M.COMMA[2], M.TURKISH[1], M.TURKISH[2], M.WIDE }

--- Makes all of them.
---@return table|nil
---@return string|nil reason
function M.make()
  local _, missing = process.capture "command -v localedef"
  if missing ~= 0 then
    return nil, "localedef is missing (Debian's package locales)"
  end
  local self = setmetatable({ dir = process.tempdir() }, Locales)
  for _, name in ipairs(M.ALL) do
    local source, charset = name:match "^([^.]+)%.(.+)$"
    -- Some have warnings, and 1 as exit code.
    process.capture(("localedef --no-archive -i %s -f %s %s/%s 2>/dev/null")
      :format(source, charset, self.dir, name))
    local _, code = process.capture(("test -f %s/%s/LC_NUMERIC"):format(
      self.dir, name))
    if code ~= 0 then
      self:remove()
      return nil, "localedef can't make " .. name
    end
  end
  return self
end

function Locales:remove()
  process.remove(self.dir)
end

return M
