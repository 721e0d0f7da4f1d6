-- locales: locales made for a spec, in a folder of its own.
--
-- Law of this file: each takes seconds to make, so it is made once for all
-- specs, in build/locales, and copied. There it has its name when it is whole.
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

-- $1: the name, $2: where it is kept, $3: the folder for the copy, $4 and $5:
-- its source and charset. Some have warnings, and 1 as exit code.
local COPY = [[
if [ ! -f "$2/$1/LC_NUMERIC" ]; then
  mkdir -p "$2" && new=$(mktemp -d "$2/new.XXXXXX") || exit 1
  chmod 755 "$new"
  localedef --no-archive -i "$4" -f "$5" "$new/$1" 2>/dev/null
  [ -e "$2/$1" ] || mv "$new/$1" "$2/$1"
  rm -rf "$new"
fi
cp -R "$2/$1" "$3" && [ -f "$3/$1/LC_NUMERIC" ]
]]

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
    local _, code = process.capture(("sh -c %s sh %s build/locales %s %s %s")
      :format(process.quote(COPY), name, self.dir, source, charset))
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
