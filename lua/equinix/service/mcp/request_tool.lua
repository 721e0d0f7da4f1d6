--- request_tool: the tool equinix_request, a call of the API with a token that
--- the agent never sees.
--
-- Law of this file: the token goes to Equinix and nowhere else. The token
-- handle is checked before anything is sent, the path (also that of each
-- redirect) by allowlist.lua; the response by echo_guard.lua.

local allowlist = require "equinix.service.mcp.allowlist"
local echo_guard = require "equinix.service.echo_guard"
local error_text = require "equinix.service.mcp.error_text"
local form = require "equinix.http.form"
local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local safe_path = require "equinix.http.safe_path"
local schema = require "equinix.service.mcp.schema"
local tables = require "equinix.base.table"
local token_handle = require "equinix.service.token_handle"

local M = {}

local MAX_RESPONSE = 1024 * 1024 -- bytes; an agent can't use more
local MAX_URL = 8000 -- bytes; nginx accepts a request line of 8 KiB

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
}

local HANDLE = "As returned by %s."

-- With the name of the tool that returns handles.
local function fields_of(issue)
  local fields = tables.copy(FIELDS)
  fields[#fields + 1] = {
    name = "token_handle",
    type = "string",
    description = HANDLE:format(issue),
  }
  return fields
end

local OUTPUT = {
  { name = "status", type = "integer", description = "HTTP status." },
  { name = "body", description = "The response: JSON, or a text." },
}

local STALE = "token_handle does not belong to the current token: call "
  .. "%s for a new one."

local REDIRECT = "Equinix responded with a redirect, and it was not followed: "
  .. "only GET and HEAD follow one, within its host and to an allowed path."

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
    local ok, quoted = memory.pcall(json_text.value, text)
    body = ok and json_text.read(quoted)
      or json_text.value "(a response that is neither JSON nor a text)"
  end
  return json_text.object {
    status = json_text.value(response.status),
    body = body,
  }
end

-- The token that the handle stands for.
local function token_of(options, text, opts)
  local token, err = options.client:token(opts)
  if not token then
    return nil, error_text.of_error(err)
  elseif not token_handle.fits(text, token.access_token) then
    return nil, STALE:format(options.issue)
  end
  return token.access_token
end

local function send(options, call, token, context)
  local client, guard = options.client, options.guard
  if guard:knows(call.path) then
    return nil, echo_guard.MESSAGE
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
      return allowlist.allow(options.rules, call.method, safe_path.of_url(url))
    end,
  }
  local message = err and error_text.of_error(err) or ""
  local body = (response or err.response or {}).body or ""
  local shown = #body <= MAX_RESPONSE and body .. "\n" .. message or message
  if guard:sees(call.path, token, shown) then
    return nil, echo_guard.MESSAGE
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
---@param options {client: equinix.Client, rules: table[], allowed: string,
---  issue: string} issue: name of the tool that returns handles
---@return equinix.mcp.Tool
function M.tool(options)
  options.guard = echo_guard.new(options.client)
  local reads = true
  for _, rule in ipairs(options.rules) do
    reads = reads and (rule.method == "GET" or rule.method == "HEAD")
  end
  return {
    name = "equinix_request",
    title = "Call the Equinix API",
    description = "Calls the Equinix API with the token that the handle "
      .. "stands for. Allowed: " .. options.allowed .. ".",
    input = schema.new(fields_of(options.issue), {
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
      token, message = token_of(options, json_text.string(
        members.token_handle), { traceparent = context.traceparent })
      if not token then
        return nil, message
      end
      return send(options, call, token, context)
    end,
  }
end

return M
