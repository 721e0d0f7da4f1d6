--- request_tool: the tool equinix_request, a call of the API with a token that
-- the agent never sees.
--
-- Law of this file: the token goes to Equinix and nowhere else. The handle is
-- checked before anything is sent, the path by rules.lua, also that of each
-- redirect, and the token is taken out of every answer.

local failure = require "equinix.service.mcp.error_text"
local form = require "equinix.http.form"
local handle = require "equinix.service.token_handle"
local rules = require "equinix.service.mcp.allowlist"
local scan = require "equinix.base.json_text"
local schema = require "equinix.service.mcp.schema"
local scrub = require "equinix.service.mcp.redact"
local write = require "equinix.base.json_write"

local M = {}

local MAX_ANSWER = 1024 * 1024 -- bytes; more is no use to an agent
local MAX_URL = 8000 -- bytes; nginx takes a request line of 8 KiB

local FIELDS = {
  {
    name = "method",
    type = "string",
    description = "GET, unless this server allows more.",
  },
  {
    name = "path",
    type = "string",
    description = "Such as /fabric/v4/ports; without the query.",
  },
  {
    name = "query",
    type = "object",
    description = "Parameters of the query: strings, numbers, booleans, or "
      .. "lists of them.",
  },
  {
    name = "body",
    type = { "object", "array" },
    description = "Sent as JSON, where the method has a body.",
  },
  {
    name = "token_handle",
    type = "string",
    description = "As getoauth2accesstoken gave it.",
  },
}

local ANSWER = {
  { name = "status", type = "integer", description = "HTTP status." },
  { name = "body", description = "The answer: JSON, or a text." },
}

local STALE = "token_handle is not one of the current token: call "
  .. "getoauth2accesstoken for a new one."

local REDIRECT = "Equinix answers with a redirect, and it was not followed: "
  .. "that is done for GET and HEAD, within its host and to an allowed path."

local TOO_LONG = "path and query have more than 8000 bytes: ask for less at a "
  .. "time."

-- One value as it was written: a number keeps all its digits. Else nil.
local function plain(text)
  local kind = scan.kind(text)
  return kind == "string" and scan.string(text)
    or (kind == "number" or kind == "boolean") and text or nil
end

-- The query as a URL has it. What is too long is not even read: a long name
-- of a long list would be repeated for each of its values.
local function query_of(text)
  if #text > MAX_URL then
    return nil, TOO_LONG
  end
  local query = {}
  for name, value in pairs(scan.members(text)) do
    local list = {}
    local items = scan.kind(value) == "array" and scan.items(value)
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

-- Equinix's answer as the tool's.
local function object_of(response, tokens)
  if #response.body > MAX_ANSWER then
    return nil, ("The answer has %d bytes, more than 1 MiB: ask for less "
      .. "(limit, offset)."):format(#response.body)
  end
  local text = scrub.text(response.body, tokens)
  local body = scan.read(text)
  if not body then
    local ok, quoted = pcall(write.value, text)
    body = ok and scan.read(quoted)
      or write.value "(an answer that is neither JSON nor a text)"
  end
  return write.object {
    status = write.value(response.status),
    body = body,
  }
end

-- The token that the handle stands for.
local function token_of(client, text, opts)
  local token, problem = client:token(opts)
  if not token then
    return nil, failure.of_error(problem)
  elseif not handle.fits(text, token.access_token) then
    return nil, STALE
  end
  return token.access_token
end

local function path_of(url)
  return url:match "^%a+://[^/?#]*(/[^?#]*)" or "/"
end

-- A renewal may have come between: what was sent is this one or that one.
local function tokens_now(client, token)
  local header = client:authorization()
  local now = type(header) == "string" and header:match "^%S+ (.+)$"
  return { token, now ~= token and now or nil }
end

local function send(options, call, token, context)
  local client = options.client
  local response, problem = client:request {
    method = call.method,
    path = call.path,
    query = call.query,
    body = call.body,
    headers = {
      ["Content-Type"] = call.body and "application/json",
      traceparent = context.traceparent,
    },
    follow = function(url)
      return rules.allow(options.rules, call.method, path_of(url))
    end,
  }
  local tokens = tokens_now(client, token)
  if response then
    return object_of(response, tokens)
  elseif problem.code == "redirect" then
    return nil, REDIRECT
  end
  return nil, scrub.text(failure.of_error(problem), tokens)
end

-- What the arguments ask for, or what is wrong with them.
local function read(options, members)
  local call = {
    method = scan.string(members.method),
    path = scan.string(members.path),
    body = members.body ~= "null" and members.body or nil,
  }
  if not rules.allow(options.rules, call.method, call.path) then
    return nil, "That call is not allowed. This server allows: "
      .. options.allowed .. ". A path is written plainly, without its query."
  elseif call.body and call.method == "GET" then
    return nil, "GET has no body: use query."
  elseif members.query and members.query ~= "null" then
    local words
    call.query, words = query_of(members.query)
    if not call.query then
      return nil, words
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
  local reads = true
  for _, rule in ipairs(options.rules) do
    reads = reads and (rule.method == "GET" or rule.method == "HEAD")
  end
  return {
    name = "equinix_request",
    title = "Call the Equinix API",
    description = "Makes a call of the Equinix API with the token that the "
      .. "handle stands for. Allowed: " .. options.allowed .. ".",
    input = schema.new(FIELDS, {
      required = { "method", "path", "token_handle" },
      closed = true,
    }),
    output = schema.new(ANSWER, { required = { "status", "body" } }),
    hints = { readOnly = reads, destructive = not reads, idempotent = reads },
    run = function(_, members, context)
      local call, words = read(options, members)
      if not call then
        return nil, words
      end
      local token
      token, words = token_of(options.client, scan.string(
        members.token_handle), { traceparent = context.traceparent })
      if not token then
        return nil, words
      end
      return send(options, call, token, context)
    end,
  }
end

return M
