--- handlers: the service inside nginx.
--
-- Law of this file: I/O only. A request is read, the adapter says what the
-- answer is, the answer is sent; what a caller must not be told goes to the
-- log, a line of JSON each. nginx's own error log is not used for that, since
-- it quotes requests.

local has_core, why = pcall(require, "equinix.core")
if not has_core then
  error("nginx runs LuaJIT, and equinix.core is not there for it: run make "
    .. "where LuaJIT's headers are, or luarocks --lua-version=5.1 make ("
    .. tostring(why):match "^[^\n]*" .. ")", 0)
end

local batch = require "equinix.serve.counters"
local door = require "equinix.service.access"
local equinix = require "equinix"
local json = require "equinix.base.json"
local mcp = require "equinix.service.mcp"
local metrics = require "equinix.service.metrics"
local problem = require "equinix.http.problem"
local rest = require "equinix.service.rest"
local service = require "equinix.service.token_service"

local M = {}

local ngx = ngx -- the one global, given by ngx_lua
local var = ngx.var

local RETRY_AFTER = "1" -- seconds, for who met a limit of nginx's
local MAX_KNOWN = 64 -- requests that are kept

local prefix -- the private directory
local faces -- face -> adapter
local counters
local paths = { rest = {}, mcp = { ["/mcp"] = true, ["/"] = true } }

-- The log --------------------------------------------------------------------

local log_file -- opened in each worker

local function log(level, fields)
  if not log_file then
    log_file = io.open(prefix .. "log", "a")
    if not log_file then
      return
    end
    log_file:setvbuf "no" -- a line is one write, and stays whole
  end
  fields.time = os.date "!%Y-%m-%dT%H:%M:%SZ"
  fields.level = level
  log_file:write((json.encode(fields) or "{}"), "\n")
end

local LEVELS = {
  token_failed = "error",
  latched = "error",
  store_failed = "warn",
  refresh_failed = "warn",
  lifetime_assumed = "warn",
  grant_deprecated = "warn",
}

-- The client's events hold no secrets.
local function on_event(name, fields)
  counters:event(name, fields)
  if LEVELS[name] then
    local line = { event = name }
    for key, value in pairs(fields) do
      line[key] = value
    end
    log(LEVELS[name], line)
  end
end

local function log_refusal(face, reason)
  counters:failure(reason)
  log("error", {
    event = "refused",
    face = face,
    kind = reason.kind,
    code = reason.code,
    message = reason.message,
  })
end

-- The start ------------------------------------------------------------------

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function new_client(settings)
  local options = settings.client
  options.on_event = on_event
  options.store = settings.store and equinix.store.file {} or nil
  options.user_agent = "equinix-auth"
  local client, reason = equinix.new(options)
  if not client then
    error(reason.message, 0)
  end
  -- The token's place is found before the workers are forked: finding it takes
  -- the secret, and a file that holds it may be gone when they need a token
  -- that is there. Who can't find it now keeps nginx from starting.
  if client.tokens.renews then
    local slot, problem_found = client.tokens:slot()
    if not slot then
      error(problem_found.message, 0)
    end
  end
  return client
end

--- Reads what the command left in the private directory and makes the
--- adapters. Before the workers are forked, so that they share the token;
--- again at a reload, so that the token of the door may change.
---@param directory string with a slash at its end
function M.init(directory)
  prefix = directory
  local settings = assert(json.decode(read_file(directory .. "serve.json")))
  counters = metrics.new(batch.new(ngx.shared.equinix))
  local client = new_client(settings)
  local options = {
    service = service.new(client, ngx.time),
    client = client,
    allowed_hosts = settings.allowed_hosts,
    exposure = settings.exposure,
    allow = settings.allow,
    metrics = counters,
    dictionary = ngx.shared.equinix,
    now = ngx.now,
    log = function(words)
      log("error", { event = "refused", face = "mcp", message = words })
    end,
  }
  if settings.auth_token_file then
    local token, reason = door.read_token(settings.auth_token_file)
    if not token then
      error(reason, 0)
    end
    options.auth_token = token
  end
  for _, path in ipairs(rest.paths()) do
    paths.rest[path] = true
  end
  faces = {
    rest = rest.new(options),
    mcp = mcp.new(options),
  }
end

-- Requests -------------------------------------------------------------------

-- A header's variable. nginx's are spelled with underscores.
local variables = setmetatable({}, {
  __index = function(self, name)
    self[name] = "http_" .. name:gsub("%-", "_")
    return self[name]
  end,
})

-- A field that comes twice is joined (RFC 9110, section 5.2); Host and Origin
-- are none then, and are refused.
local function all_headers(headers)
  for name, value in pairs(ngx.req.get_headers(0)) do
    rawset(headers, name, type(value) == "table"
      and table.concat(value, ", ") or value)
  end
  setmetatable(headers, nil)
end

-- Most of what is asked for is not there: that is seen without all the others.
local Headers = {
  __index = function(headers, name)
    if not var[variables[name]] then
      return nil
    end
    all_headers(headers)
    return headers[name]
  end,
}

-- The headers of whoever asks now, for a table that many requests share.
local Anybodys = {
  __index = function(_, name)
    return setmetatable({}, Headers)[name]
  end,
}

-- nginx keeps a body in memory as far as the buffer goes, which is as far as
-- a body may go; what is in a file all the same is read from there.
local function body()
  if not var.content_length and not var.http_transfer_encoding then
    return ""
  end
  ngx.req.read_body()
  local text = ngx.req.get_body_data()
  local path = not text and ngx.req.get_body_file()
  return text or (path and read_file(path)) or ""
end

-- A target may name its host itself, and that is what counts (RFC 9112,
-- section 3.2.2): nginx's $host is that, or else the name in Host. Where they
-- differ the request has a Host that nobody may have.
local function host()
  local header, name = var.http_host, var.host
  if header and header ~= name
    and header:lower():gsub(":%d*$", "") ~= name then
    return ""
  end
  return header
end

-- There are no versions here for a condition to be about (RFC 9110, section
-- 13.1). nginx would look at them all the same, also at empty ones, when we
-- send our answer, and put a page in its place. Without a loop, as in send().
local function drop_conditions()
  if var.http_if_match then
    ngx.req.clear_header "If-Match"
  end
  if var.http_if_unmodified_since then
    ngx.req.clear_header "If-Unmodified-Since"
  end
  if var.http_if_none_match then
    ngx.req.clear_header "If-None-Match"
  end
end

-- nginx sees to it that there is one Host.
local function request()
  local uri = var.request_uri
  local path, query = uri, nil
  if not paths.rest[uri] and not paths.mcp[uri] then
    path, query = uri:match "^([^?#]*)%??([^#]*)"
  end
  return {
    method = ngx.req.get_method(),
    path = path,
    query = query ~= "" and query or nil,
    headers = setmetatable({ host = host() }, Headers),
    body = body(),
  }
end

-- Requests of the REST API that were answered with the service's own token,
-- by the words they came in.
local known, free = {}, MAX_KNOWN

-- Most callers say the same words and are the same request then: all that is
-- read of a request without a body is in them, but for its further headers,
-- which are looked up when they are asked for.
local function remember(words, asked)
  -- Neither a length nor chunks; no query, since there is no end to those.
  if not asked.own or asked.query or known[words]
    or not words:find "\n0?\n$" then
    return
  elseif free == 0 then
    known, free = {}, MAX_KNOWN
  end
  asked.headers = setmetatable({ host = asked.headers.host }, Anybodys)
  known[words], free = asked, free - 1
end

local RARER = { "Allow", "Retry-After", "WWW-Authenticate", "Accept" }

local function send_rarer(header, headers)
  for i = 1, #RARER do
    local name = RARER[i]
    if headers[name] then
      header[name] = headers[name]
    end
  end
end

-- All that adapters send and conf.lua does not say for them, without a loop:
-- a loop in the middle of it would keep LuaJIT from compiling the rest.
local function send(response)
  local header, headers = ngx.header, response.headers
  if headers["Content-Type"] ~= "application/json" then
    header["Content-Type"] = headers["Content-Type"]
  end
  header["Content-Length"] = #response.body
  if headers.Age then
    header.Age = headers.Age
  end
  if response.status ~= 200 then
    ngx.status = response.status
    send_rarer(header, headers)
  end
  ngx.print(response.body)
end

local function refuse(status, detail, more)
  local response = {
    status = status,
    headers = more or {},
    body = assert(json.encode(problem.new(status, detail))) .. "\n",
  }
  response.headers["Content-Type"] = "application/problem+json"
  response.headers["Cache-Control"] = "no-store"
  return response
end

local function path_of(face, path)
  return paths[face][path] and path or "other"
end

-- A mistake of ours must not become a page of nginx's, nor its words anybody's
-- but ours.
local function answer(face, asked)
  local ok, response, reason = pcall(faces[face].handle, faces[face], asked)
  if not ok then
    log("error", { event = "mistake", face = face,
      message = tostring(response) })
    return refuse(500, "This service made a mistake; its log says which.")
  elseif reason then
    log_refusal(face, reason)
  end
  return response
end

local function finish(face, asked, response)
  counters:request(face, path_of(face, asked.path), response.status,
    ngx.now() - ngx.req.start_time())
  return send(response)
end

--- Answers a request of the REST API (content_by_lua). What is known is
--- answered outside of pcall, which LuaJIT compiles no way out of.
function M.rest()
  drop_conditions()
  local words = var.asked
  local asked = known[words]
  local response = asked and faces.rest:again(asked)
  if not response then
    asked = asked or request()
    response = answer("rest", asked)
    remember(words, asked)
  end
  return finish("rest", asked, response)
end

--- Answers a request of MCP (content_by_lua).
function M.mcp()
  drop_conditions()
  local asked = request()
  return finish("mcp", asked, answer("mcp", asked))
end

-- What nginx says no to by itself --------------------------------------------

local DETAILS = {
  [400] = "This request can't be read.",
  [405] = "There is no such method here.",
  [408] = "The request took too long to come.",
  [413] = "A body may have 1 MiB at most.",
  [414] = "The URL is too long.",
  [429] = "Too many requests; wait a little.",
  [431] = "The headers are too long.",
  [503] = "Too many connections; wait a little.",
}

-- nginx's own numbers for kinds of 400.
local function public(status)
  if status == 494 then
    return 431
  end
  return status >= 495 and status <= 499 and 400 or status
end

local function failed(face)
  local status = public(ngx.status)
  local more = {}
  if status == 405 then
    more.Allow = face == "mcp" and "POST" or "GET, HEAD, POST"
  elseif status == 429 or status == 503 then
    more["Retry-After"] = RETRY_AFTER
  end
  counters:request(face, "other", status, 0)
  return send(refuse(status, DETAILS[status] or problem.title(status) .. ".",
    more))
end

--- Answers in nginx's place, in words of JSON.
function M.rest_failed()
  return failed "rest"
end

--- The same for MCP.
function M.mcp_failed()
  return failed "mcp"
end

return M
