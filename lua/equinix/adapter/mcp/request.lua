--- request: the tool equinix_request, a call of the API with a token that the
-- agent never sees.
--
-- Law of this file: the token goes to Equinix and nowhere else. The handle is
-- checked before anything is sent, the path by rules.lua, also that of where
-- a redirect led, and the token is taken out of every answer.

local failure = require "equinix.adapter.mcp.failure"
local handle = require "equinix.handle"
local json = require "equinix.json"
local rules = require "equinix.adapter.mcp.rules"
local scan = require "equinix.adapter.mcp.scan"
local schema = require "equinix.adapter.mcp.schema"
local scrub = require "equinix.adapter.mcp.scrub"
local write = require "equinix.adapter.mcp.write"

local M = {}

local MAX_ANSWER = 1024 * 1024 -- bytes; more is no use to an agent

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

-- A query is of plain values; nil where it is not.
local function query_of(text)
  local query = json.decode(text)
  for name, value in pairs(query) do
    local list = type(value) == "table" and value or { value }
    for key, member in pairs(list) do
      if type(key) ~= "number" or type(member) == "table"
        or member == json.null then
        return nil, ("query: %s must be a string, a number, a boolean or a "
          .. "list of them."):format(#name <= 64 and name or "a parameter")
      end
    end
  end
  return query
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

-- The path of a URL that answered.
local function path_of(url)
  return url:match "^%a+://[^/?#]*(/[^?#]*)" or "/"
end

-- The URL where the API's answer came from; nil where there is none. That of
-- a token endpoint never shows one.
local function answered(response, problem)
  response = response or problem.response
  return response and response.url
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
  }
  local tokens = tokens_now(client, token)
  local from = answered(response, problem)
  if from and not rules.allow(options.rules, call.method, path_of(from)) then
    return nil, "The answer was a redirect to a path that is not allowed."
  elseif not response then
    return nil, scrub.text(failure.of_error(problem), tokens)
  end
  return object_of(response, tokens)
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
