--- media_type: what a Content-Type says about a body.
--
-- Law of this file: parameters and the case of letters do not count (RFC 9110,
-- section 8.3.1).

local lower = require("equinix.base.text").lower

local M = {}

--- Whether a body is JSON: application/json, or a type of application that
--- ends in "+json" (RFC 6839, section 3.1).
---@param content_type string|nil
---@return boolean
function M.is_json(content_type)
  local media = (content_type or ""):match "^%s*([^;%s]+)"
  media = media and lower(media) or ""
  return media == "application/json"
    or media:find "^application/[a-z0-9.%-]+%+json$" ~= nil
end

--- Whether a body is a web page.
---@param content_type string|nil
---@return boolean
function M.is_html(content_type)
  return (content_type or ""):find "^%s*[Tt][Ee][Xx][Tt]/[Hh][Tt][Mm][Ll]"
    ~= nil
end

return M
