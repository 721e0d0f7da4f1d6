--- request_tool: the tool equinix_request, a call of the API with a token that
--- the agent never sees.
--
-- Law of this file: the token goes to Equinix and nowhere else. The token
-- handle is checked before anything is sent, the path (also that of each
-- redirect) by allowlist.lua. A response that repeats the headers of its
-- request (echo.lua) is not passed on, nothing of it; and its path is not
-- called again, since it might repeat them in another spelling then.

local allowlist = require "equinix.service.mcp.allowlist"
local echo = require "equinix.service.mcp.echo"
local error_text = require "equinix.service.mcp.error_text"
local form = require "equinix.http.form"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local schema = require "equinix.service.mcp.schema"
local token_handle = require "equinix.service.token_handle"

local M = {}

local MAX_RESPONSE = 1024 * 1024 -- bytes; an agent can't use more
local MAX_URL = 8000 -- bytes; nginx accepts a request line of 8 KiB
local MAX_ECHOES = 1000 -- paths that are remembered

local FIELDS = {
  {
    name = "method",
    type = "string",
    description = "GET, unless this server allows other methods.",
  },
  {
    name = "path",
    type = "string",
    description = "For example /fabric/v4/ports; without the query.",
  },
  {
    name = "query",
    type = "object",
    description = "Query parameters: strings, numbers, booleans, or lists of "
      .. "them.",
  },
  {
    name = "body",
    type = { "object", "array" },
    description = "Sent as JSON, if the method has a body.",
  },
  {
    name = "token_handle",
    type = "string",
    description = "As returned by getoauth2accesstoken.",
  },
}

local OUTPUT = {
  { name = "status", type = "integer", description = "HTTP status." },
  { name = "body", description = "The response: JSON, or a text." },
}

local STALE = "token_handle does not belong to the current token: call "
  .. "getoauth2accesstoken for a new one."

local REDIRECT = "Equinix responded with a redirect, and it was not followed: "
  .. "only GET and HEAD follow one, within its host and to an allowed path."

local ECHO = "The response is not passed on: this path repeats the headers of "
  .. "the request, and so the token. It is not called again."

local TOO_LONG = "path and query are longer than 8000 bytes: request less at "
  .. "a time."

-- One value as it was written: a number keeps all its digits. nil for any
-- other kind.
local function plain(text)
  local kind = json_text.kind(text)
  return kind == "string" and json_text.string(text)
    or (kind == "number" or kind == "boolean") and text or nil
end

-- The query as a URL has it. What is too long is not even read: the name of a
-- list is repeated for each of its values.
local function query_of(text)
  if #text > MAX_URL then
    return nil, TOO_LONG
  end
  local query = {}
  for name, value in pairs(json_text.members(text)) do
    local list = {}
    local items = json_text.kind(value) == "array" and json_text.items(value)
    for i, item in ipairs(items or { value }) do
      list[i] = plain(item)
      if not list[i] then
        return nil, ("query: %s must be a string, a number, a boolean or a "
          .. "list of them."):format(#name <= 64 and name or "a parameter")
      end
    end
    query[name] = list
  end
  return form.encode(query)
end

-- Equinix's response as the result of the tool.
local function object_of(response)
  if #response.body > MAX_RESPONSE then
    return nil, ("The response has %d bytes, more than 1 MiB: request less "
      .. "(limit, offset)."):format(#response.body)
  end
  local text = json.without_bom(response.body)
  local body = json_text.read(text)
  if not body then
    local ok, quoted = pcall(json_text.value, text)
    body = ok and json_text.read(quoted)
      or json_text.value "(a response that is neither JSON nor a text)"
  end
  return json_text.object {
    status = json_text.value(response.status),
    body = body,
  }
end

-- The token that the handle stands for.
local function token_of(client, text, opts)
  local token, err = client:token(opts)
  if not token then
    return nil, error_text.of_error(err)
  elseif not token_handle.fits(text, token.access_token) then
    return nil, STALE
  end
  return token.access_token
end

local function path_of(url)
  return url:match "^[A-Za-z]+://[^/?#]*(/[^?#]*)" or "/"
end

-- What sees a token; the last one is kept.
local function detector_of(state, token)
  if state.token ~= token then
    state.token, state.detector = token, echo.detector(token)
  end
  return state.detector
end

-- Whether a text repeats the token. There may have been a renewal meanwhile:
-- one of the two was sent.
local function is_echo(state, client, token, text)
  local header = client:authorization()
  local now = type(header) == "string" and header:match "^%S+ (.+)$" or token
  return detector_of(state, token)(text)
    or now ~= token and detector_of(state, now)(text)
end

local function remember(state, path)
  if state.count < MAX_ECHOES and not state.echoes[path] then
    state.echoes[path], state.count = true, state.count + 1
  end
end

local function send(options, call, token, context)
  local client, state = options.client, options.state
  if state.echoes[call.path] then
    return nil, ECHO
  end
  local response, err = client:request {
    method = call.method,
    path = call.path,
    query = call.query,
    body = call.body,
    headers = {
      ["Content-Type"] = call.body and "application/json",
      traceparent = context.traceparent,
    },
    follow = function(url)
      return allowlist.allow(options.rules, call.method, path_of(url))
    end,
  }
  local message = err and error_text.of_error(err) or ""
  local body = (response or err.response or {}).body or ""
  local shown = #body <= MAX_RESPONSE and body .. "\n" .. message or message
  if is_echo(state, client, token, shown) then
    remember(state, call.path)
    return nil, ECHO
  elseif response then
    return object_of(response)
  end
  return nil, err.code == "redirect" and REDIRECT or message
end

-- The call that the arguments describe, or what is wrong with them.
local function read(options, members)
  local call = {
    method = json_text.string(members.method),
    path = json_text.string(members.path),
    body = members.body ~= "null" and members.body or nil,
  }
  if not allowlist.allow(options.rules, call.method, call.path) then
    return nil, "This call is not allowed. This server allows: "
      .. options.allowed .. ". Write the path plainly, "
      .. "without its query."
  elseif call.body and call.method == "GET" then
    return nil, "GET has no body: use query."
  elseif members.query and members.query ~= "null" then
    local message
    call.query, message = query_of(members.query)
    if not call.query then
      return nil, message
    end
  end
  if #call.path + #(call.query or "") > MAX_URL then
    return nil, TOO_LONG
  end
  return call
end

--- The tool.
---@param options {client: equinix.Client, rules: table[], allowed: string}
---@return equinix.mcp.Tool
function M.tool(options)
  options.state = { echoes = {}, count = 0 }
  local reads = true
  for _, rule in ipairs(options.rules) do
    reads = reads and (rule.method == "GET" or rule.method == "HEAD")
  end
  return {
    name = "equinix_request",
    title = "Call the Equinix API",
    description = "Calls the Equinix API with the token that the handle "
      .. "stands for. Allowed: " .. options.allowed .. ".",
    input = schema.new(FIELDS, {
      required = { "method", "path", "token_handle" },
      closed = true,
    }),
    output = schema.new(OUTPUT, { required = { "status", "body" } }),
    hints = { readOnly = reads, destructive = not reads, idempotent = reads },
    run = function(_, members, context)
      local call, message = read(options, members)
      if not call then
        return nil, message
      end
      local token
      token, message = token_of(options.client, json_text.string(
        members.token_handle), { traceparent = context.traceparent })
      if not token then
        return nil, message
      end
      return send(options, call, token, context)
    end,
  }
end

return M
