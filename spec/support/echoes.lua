-- echoes: a raw server that issues tokens and repeats what it gets, in every
-- way that its modes name.
--
--   local server = echoes.start(token, refresh_token)    of spec.support
--   server.url .. "/echo/base64"
local rawserver = require "spec.support.rawserver"

local M = {}

--- How /echo/MODE repeats the Authorization.
M.MODES = { "plain", "base64", "base64url", "hex", "percent", "json", "html",
  "pieces", "cut", "header", "headers", "cookie", "location", "redirect",
  "redirect_path", "late", "text", "xml", "control", "basic", "members",
  "failed", "retried", "secret", "form" }

local SCRIPT = [==[
local c = ...
local TOKEN, REFRESH = %q, %q
package.path = "./?.lua;" .. package.path
local base64 = require("spec.support.secret_scan").base64
local share = c.share

local function each(text, format)
  return (text:gsub(".", function(char)
    return format:format(char:byte())
  end))
end

local function json(text, headers)
  return c.ok(text, "Content-Type: application/json\r\n" .. (headers or ""))
end

local function quoted(text)
  return ('{"echo": "%%s"}'):format(text)
end

local modes = {}

function modes.plain(auth)
  return json(('{"headers": {"x-auth": "%%s"}, "note": "%%s"}'):format(auth,
    auth))
end

function modes.base64(auth)
  return json(quoted(base64("a" .. auth .. "bc")))
end

function modes.base64url(auth)
  return json(quoted((base64("ab" .. auth .. "b")
    :gsub("[+/]", { ["+"] = "-", ["/"] = "_" }))))
end

function modes.hex(auth)
  return json(quoted(each(auth, "%%02X")))
end

function modes.percent(auth)
  return c.ok("note=" .. each(auth, "%%%%%%02x"),
    "Content-Type: application/x-www-form-urlencoded\r\n")
end

function modes.json(auth)
  return json(quoted(each(auth, "\\u%%04x")))
end

function modes.html(auth)
  return c.ok("<p>" .. each(auth, "&#x%%x;"), "Content-Type: text/html\r\n")
end

function modes.pieces(auth)
  return json('["' .. auth:gsub(".....", '%%0", "') .. '"]')
end

function modes.cut(auth)
  return json(quoted(auth:sub(20, 29)))
end

function modes.header(auth)
  return json("{}", "X-Echo: " .. auth .. "\r\nX-Code: "
    .. base64(auth .. "ab") .. "\r\n")
end

function modes.headers(auth)
  local lines = {}
  for piece in auth:gmatch ".?.?.?.?.?.?." do
    lines[#lines + 1] = ("X-%%c: %%s\r\n"):format(65 + #lines %% 26, piece)
  end
  return json("{}", table.concat(lines))
end

function modes.cookie()
  return json("{}", "Set-Cookie: session=" .. TOKEN .. "\r\nWWW-Authenticate:"
    .. " Bearer realm=\"" .. TOKEN .. "\"\r\n")
end

function modes.location()
  return json("{}", "Location: https://u:" .. TOKEN .. "@h/?a="
    .. "one-time-secret-of-another\r\nLink: </x?c=one-time-secret-of-another>;"
    .. " rel=next\r\n")
end

function modes.redirect(auth)
  return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
    .. "/echo/text?note=" .. auth:gsub("^Bearer ", "")
    .. "&code=one-time-secret-of-another\r\n\r\n"
end

function modes.redirect_path(auth)
  return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /echo/text/"
    .. auth:gsub("^Bearer ", "") .. "\r\n\r\n"
end

function modes.late(auth)
  return json('{"a": "' .. ("x"):rep(220) .. " " .. auth .. '"}')
end

function modes.text(auth)
  return c.ok("you said " .. auth .. "\27[2J\r\n#1 < 200 forged line",
    "Content-Type: text/plain\r\n")
end

function modes.control()
  return c.ok("\27[2J\r\n#1 < 200 in a forged line\194\155",
    "Content-Type: text/plain\r\n")
end

function modes.xml()
  return c.ok("<a><Password>one-time-secret-of-another</Password></a>",
    "Content-Type: text/xml\r\n")
end

function modes.basic()
  return json(quoted("Basic " .. base64(share.id .. ":" .. share.secret
    .. "  ")))
end

function modes.members()
  return json '{"id": 1, "userPassword": "one-time-secret-of-another"}'
end

function modes.failed(auth)
  local body = '[{"errorCode": "E1", "errorMessage": "bad '
    .. auth:gsub("^Bearer ", "") .. '"}]'
  return ("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
    .. "Content-Length: %%d\r\n\r\n%%s"):format(#body, body)
end

function modes.retried(auth)
  return "HTTP/1.1 503 " .. auth .. "\r\nContent-Length: 0\r\nRetry-After: 0"
    .. "\r\nX-Why: " .. auth .. "\r\n\r\n"
end

function modes.secret()
  return json(quoted(share.secret .. " " .. share.id))
end

function modes.form()
  return c.ok("client_secret=" .. share.secret:gsub(" ", "+") .. "&token="
    .. TOKEN, "Content-Type: application/x-www-form-urlencoded\r\n")
end

function modes.list(auth)
  return json(('{"data": ["%%s"], "pagination": {"offset": 0, "limit": 1, '
    .. '"total": 1}}'):format(auth))
end

while true do
  local request = c:request()
  if not request then
    return
  end
  local mode = request.path:match "^/echo/([a-z0-9_]+)"
  if mode and modes[mode] then
    c:send(modes[mode](request.headers.authorization or ""))
  else
    local body = request.body or ""
    share.id = body:match '"client_id":"([^"]*)"' or share.id
    share.secret = body:match '"client_secret":"([^"]*)"' or share.secret
    c:send(json(('{"also": "one-time-secret-of-another", '
      .. '"access_token": "%%s", "token_timeout": "3600", '
      .. '"token_type": "Bearer", "refresh_token": "%%s", '
      .. '"refresh_token_timeout": "7200", "note": "%%s"}'):format(TOKEN,
      REFRESH, body:gsub('[\\"]', "")), "X-Debug: " .. body:gsub("[\r\n]", "")
      .. "\r\nX-Token: " .. TOKEN .. "\r\n"))
  end
end
]==]

--- Starts one.
---@param token string that it issues
---@param refresh_token string
function M.start(token, refresh_token)
  return rawserver.start(SCRIPT:format(token, refresh_token))
end

return M
