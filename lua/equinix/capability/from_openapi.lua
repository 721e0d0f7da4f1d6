--- from_openapi: operations of an OpenAPI 3 document as a capability.
--
-- Law of this file: what it writes passes our own check. What can't be served
-- (a body that is not JSON, a cookie, an endpoint that gives tokens out) is
-- left out and said; nothing is guessed. An operation is called what the
-- document calls it.

local lower = require("equinix.base.text").lower
local origin = require "equinix.capability.origin"
local parameters = require "equinix.capability.openapi_parameters"
local path_of = require "equinix.capability.path"
local upper = require("equinix.base.text").upper
local writer = require "equinix.capability.writer"

local M = {}

local MAX_OPERATIONS = 500
local EQUINIX = "https://api.equinix.com"

local METHODS = {
  get = true, head = true, post = true, put = true, patch = true,
  delete = true,
}

local map = writer.map
local text_at = parameters.text_at

-- Which operations -----------------------------------------------------------

-- "GET /fabric/v4/ports*" as a method and a pattern of Lua.
local function rule_of(only)
  local method, path = only:match "^([A-Za-z]+)%s+(/%S*)$"
  if not method then
    return nil
  end
  local pattern = path:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0")
    :gsub("%*", "[^/]*")
  return { method = lower(method), pattern = "^" .. pattern .. "$",
    text = only }
end

--- Reads the values of --only.
---@param list string[]
---@return table[]|nil rules
---@return string|nil message
function M.rules(list)
  local rules = {}
  for i, only in ipairs(list) do
    rules[i] = rule_of(only)
    if not rules[i] then
      return nil, ("--only: '%s' is not a method and a path, such as 'GET "
        .. "/fabric/v4/ports*'"):format(only)
    end
  end
  return rules
end

local function is_wanted(rules, method, paths)
  local wanted = #rules == 0
  for _, rule in ipairs(rules) do
    if rule.method == method and (paths[1]:find(rule.pattern)
      or paths[2]:find(rule.pattern)) then
      rule.used, wanted = true, true
    end
  end
  return wanted
end

-- Names ----------------------------------------------------------------------

local function slug(text, fallback)
  local made = text:gsub("[^A-Za-z0-9_.-]+", "-"):gsub("^-+", "")
    :gsub("-+$", ""):sub(1, 100)
  return made ~= "" and made or fallback
end

local function name_of(self, operation, method, path)
  local name = slug(text_at(operation, "operationId")
    or method .. path, method)
  if name == "equinix_request" then
    name = "request"
  end
  local made, i = name, 1
  while self.names[made] do
    i = i + 1
    made = name .. "-" .. i
  end
  self.names[made] = true
  return made
end

-- One operation --------------------------------------------------------------

local HINTS = {
  get = { true, false, true }, head = { true, false, true },
  post = { false, false, false }, put = { false, true, true },
  patch = { false, true, false }, delete = { false, true, true },
}

local function hints_of(method)
  local hints = HINTS[method]
  return map("readOnly", hints[1], "destructive", hints[2],
    "idempotent", hints[3])
end

-- Each variable of a route is a whole segment.
local function is_route(path)
  for segment in path:gmatch "[^/]+" do
    if segment:find "[{}]" and not segment:find "^{[^{}]+}$" then
      return false
    end
  end
  return true
end

local function skip(self, method, path, reason)
  self.notes[#self.notes + 1] = ("left out: %s %s: %s"):format(upper(method),
    path, reason)
end

local function add_operation(self, method, path, operation, item)
  local name = name_of(self, operation, method, path)
  local inputs, message, notes = parameters.read(self.root, item, operation,
    path)
  if not inputs then
    return skip(self, method, path, message)
  end
  for _, note in ipairs(notes) do
    self.notes[#self.notes + 1] = ("%s %s: %s"):format(upper(method), path,
      note)
  end
  local words = parameters.words(text_at(operation, "summary")
    or text_at(operation, "description") or name)
  local call = self.namespace .. "." .. name
  local resource = self.resources[path]
  if not resource then
    resource = { name = slug(path, "root"), path = path, operations = {},
      routes = {} }
    self.resources[path] = resource
    self.order[#self.order + 1] = resource
  end
  resource.operations[#resource.operations + 1] = map("name", name,
    "method", upper(method), "description", words,
    "inputParameters", inputs[1] and inputs or nil, "outputRawFormat", "json")
  if is_route(path) then
    resource.routes[#resource.routes + 1] = map("method", upper(method),
      "name", name, "description", words, "call", call)
  end
  self.tools[#self.tools + 1] = map("name", name, "description", words,
    "hints", hints_of(method), "call", call)
  self.count = self.count + 1
end

local function complaint(full)
  local parts, message = path_of.parse(full)
  if not parts then
    return "its path " .. message
  elseif path_of.gives_tokens(path_of.text(parts, "x")) then
    return "it gives tokens out"
  end
end

local function read_path(self, path, item)
  local full = self.prefix .. path
  for _, pair in ipairs(item.pairs or {}) do
    local method = pair.name
    if METHODS[method] and pair.kind == "map"
      and is_wanted(self.rules, method, { path, full }) then
      local message = complaint(full)
      if message then
        skip(self, method, path, message)
      else
        add_operation(self, method, path, pair, item)
      end
    end
  end
end

-- All of it ------------------------------------------------------------------

-- The path of the first server that is Equinix's.
local function prefix_of(root)
  local servers = root.by.servers
  for _, server in ipairs(servers and servers.items or {}) do
    local url = text_at(server, "url")
    local prefix = url and origin.prefix(url)
    if prefix then
      return prefix
    end
  end
  return ""
end

local function resources(self, prefix, key)
  local list = {}
  for _, resource in ipairs(self.order) do
    if #resource[key] > 0 then
      list[#list + 1] = map("name", resource.name,
        "path", prefix .. resource.path, "operations", resource[key])
    end
  end
  return list
end

local function document(self, title)
  local namespace = self.namespace
  return map("naftiko", "1.0.0-alpha2",
    "info", map("label", title, "description",
      ("Operations of %s, with this service's token."):format(title)),
    "capability", map(
      "consumes", { map("type", "http", "namespace", namespace,
        "baseUri", EQUINIX .. self.prefix,
        "resources", resources(self, "", "operations")) },
      "exposes", {
        map("type", "rest", "namespace", namespace .. "-rest", "port", 8080,
          "resources", resources(self, self.prefix, "routes")),
        map("type", "mcp", "namespace", namespace .. "-mcp", "port", 9090,
          "transport", "http", "description", title .. ".",
          "tools", self.tools),
      }))
end

-- Why nothing is written; nil: something is.
local function refusal(self)
  for _, rule in ipairs(self.rules) do
    if not rule.used then
      return ("--only '%s' fits no operation of the document")
        :format(rule.text)
    end
  end
  if self.count == 0 then
    return "the document has no operation that can be served"
  elseif self.count > MAX_OPERATIONS then
    return ("%d operations; a capability has %d at most: choose some with "
      .. "--only"):format(self.count, MAX_OPERATIONS)
  end
end

--- Makes a capability.
---@param root equinix.capability.Node the OpenAPI document
---@param rules table[] as M.rules returned them
---@return equinix.capability.Value|nil
---@return string[]|string notes, or why there is none
function M.convert(root, rules)
  local version = root.kind == "map" and text_at(root, "openapi")
  if not version or not version:find "^3%." then
    return nil, "this is no OpenAPI 3 document (openapi: 3...)"
  end
  local title = parameters.words(root.by.info
    and text_at(root.by.info, "title") or "Equinix API")
  local self = {
    root = root, rules = rules, notes = {}, names = {}, resources = {},
    order = {}, tools = {}, count = 0, prefix = prefix_of(root),
    namespace = slug(lower(title):gsub("[^a-z0-9]+", "-"), "equinix"),
  }
  for _, pair in ipairs(root.by.paths and root.by.paths.pairs or {}) do
    read_path(self, pair.name, parameters.resolve(root, pair))
  end
  local message = refusal(self)
  if message then
    return nil, message
  end
  return document(self, title), self.notes
end

return M
