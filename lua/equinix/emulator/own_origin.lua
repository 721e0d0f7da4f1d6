--- own_origin: which requests below /_emulator/ may come from a browser.
--
-- Law of this file: a page of another origin reads nothing and changes
-- nothing. A browser always sends the Host that it believes to talk to, so a
-- name that was made to lead here (DNS rebinding) is refused; it sends Origin
-- with what a page of another origin posts, and Sec-Fetch-Site (Fetch
-- Metadata) with all the rest. Programs send neither. A link from another
-- page to the console may be followed: nothing is read or changed by that.

local M = {}

local LOOPBACK = { ["127.0.0.1"] = true, localhost = true, ["[::1]"] = true }

local function is_loopback(host)
  return LOOPBACK[host:lower():gsub(":%d*$", "")] == true
end

-- A link that was followed in a window of its own.
local function is_link(request)
  local headers = request.headers
  return request.method == "GET" and request.path == "/_emulator/"
    and headers["sec-fetch-mode"] == "navigate"
    and headers["sec-fetch-dest"] == "document"
end

--- Why a request is refused; nil when it is not.
---@param request table
---@return string|nil message
function M.refusal(request)
  local host, origin = request.headers.host, request.headers.origin
  local site = request.headers["sec-fetch-site"] or "none"
  if host and not is_loopback(host) then
    return "below /_emulator/ the Host must be 127.0.0.1, localhost or [::1]"
  elseif origin and origin ~= request.base_url
    or site ~= "none" and site ~= "same-origin" and not is_link(request) then
    return "a page of another origin can't use /_emulator/; open "
      .. "/_emulator/ of this emulator in a window of its own"
  end
end

return M
