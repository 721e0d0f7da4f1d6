--- own_request: what a request for the service's own token may contain.
--
-- Law of this file: a caller that sends credentials never gets another
-- account's token because they were not understood. Whatever such a request
-- contains besides the few things that are known is refused and named. Names
-- are shown only where they look like names, values never.

local json = require "equinix.base.json"
local json_text = require "equinix.base.json_text"
local suggest = require "equinix.base.suggest"
local text_of = require "equinix.base.text"

local M = {}

local MAX_NAMES = 8 -- in a message
local MAX_NAME = 64 -- bytes

local HERE = " Credentials are client_id, client_secret, user_name and "
  .. "user_password in a JSON body; without them the body is empty or "
  .. '{"grant_type":"client_credentials"}.'

-- A name may be a value that was put in the wrong place.
local function shown(name)
  return #name <= MAX_NAME and name:find "^[A-Za-z_][A-Za-z0-9_.-]*$" ~= nil
end

local function sorted(names)
  table.sort(names, text_of.before)
  return names
end

-- Members of the operation that say nothing by themselves; what is wrong.
local ALONE = {
  grant_type = function(value)
    return value ~= "client_credentials" and "grant_type other than "
      .. "client_credentials needs the credentials of that grant" or nil
  end,
  password_encoding = function()
    return "password_encoding needs a user_password"
  end,
}

local function unknown(name, known)
  if not shown(name) then
    return "a member of another name"
  end
  local near = suggest.name(name, known)
  return name .. (near and " (did you mean " .. near .. "?)" or "")
end

local function complaints_of(operation, fields)
  local known, list = {}, {}
  for _, field in ipairs(operation.fields) do
    known[field.name] = true
  end
  local names = {}
  for name, value in pairs(fields) do
    if value ~= json.null then
      names[#names + 1] = tostring(name)
    end
  end
  for _, name in ipairs(sorted(names)) do
    if known[name] then
      list[#list + 1] = ALONE[name] and ALONE[name](fields[name]) or nil
    elseif #list < MAX_NAMES then
      list[#list + 1] = unknown(name, known)
    end
  end
  return list
end

--- What is wrong with a body that has no credentials.
---@param operation equinix.operations.Operation
---@param fields table the body, decoded; a member that is null is missing
---@param text? string the body as it came
---@return string|nil message
---@return string|nil reason one word for the log
function M.complaint(operation, fields, text)
  if next(fields) == nil then
    return nil
  end
  local list = complaints_of(operation, fields)
  if #list > 0 then
    return "Not understood: " .. table.concat(list, ", ") .. "." .. HERE,
      "members"
  end
  -- Of two members of one name only one was read.
  local _, message = json_text.read(text or "{}")
  if message then
    return "The body is not valid JSON: " .. message .. ".", "invalid_json"
  end
end

local SCHEMES = { basic = "Basic", digest = "Digest" }

--- What is wrong with an Authorization header. An auth token of this service
--- is sent as a Bearer; whether that is right was checked before.
---@param authorization string|nil
---@return string|nil message
---@return string|nil reason one word for the log
function M.scheme_complaint(authorization)
  if not authorization then
    return nil
  end
  local scheme = text_of.lower(authorization:match "^%s*(%S*)")
  if scheme == "" or scheme == "bearer" then
    return nil
  end
  return "Not understood: Authorization" .. (SCHEMES[scheme]
    and ": " .. SCHEMES[scheme] or "") .. "." .. HERE, "authorization"
end

local function query_complaint(query)
  local names = {}
  for item in query:gmatch "[^&]+" do
    local name = item:match "^([^=]+)="
    if name and shown(name) and #names < MAX_NAMES then
      names[#names + 1] = name
    end
  end
  return "Not understood: the query" .. (#names > 0 and " ("
    .. table.concat(sorted(names), ", ") .. ")" or "")
    .. "; credentials never belong in a URL." .. HERE
end

--- What is wrong with a request to an operation besides its body.
---@param request equinix.service.HttpRequest
---@return string|nil message
---@return string|nil reason one word for the log
function M.http_complaint(request)
  if request.query then
    return query_complaint(request.query), "query"
  end
  return M.scheme_complaint(request.headers.authorization)
end

return M
