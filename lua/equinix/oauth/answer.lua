--- answer: the members of a token response that this module has no use for.
--
-- Law of this file: callers get every member that Equinix sends. What we don't
-- use is kept as the text it came as, so that no digit is lost and [] does not
-- become {}. Of what does not fit, the largest members go first.

local json = require "equinix.base.json"
local json_text = require("equinix.base.lazy") "equinix.base.json_text"

local M = {}

-- Whether a member is kept elsewhere: in the token, from which it can be
-- written again.
local function is_used(token, name, value)
  if name == "access_token" or name == "token_timeout" then
    return true
  elseif name == "refresh_token_timeout" then
    return token.refresh_expires_at ~= nil
  end
  return (name == "token_type" or name == "user_name"
    or name == "refresh_token") and token[name] == value
end

local function unused(body, token)
  local names
  for name, value in pairs(body) do
    if not is_used(token, name, value) then
      names = names or {}
      names[#names + 1] = name
    end
  end
  return names
end

-- The text of one member where the whole is not JSON to the letter; nil where
-- this member is what isn't.
local function repaired(value)
  local text = json.encode(value)
  return text and (json_text.read(text))
end

--- The members that the token does not have.
---@param text string the response's body
---@param body table the same, decoded
---@param token table what is used of it
---@return string|nil answer JSON, an object; nil: there are none
---@return integer dropped members that are not valid JSON
function M.keep(text, body, token)
  local names = unused(body, token)
  if not names then
    return nil, 0 -- the usual case
  end
  local object = json_text.read(json.without_bom(text))
  local given = object and json_text.members(object)
  local members, dropped = {}, 0
  for _, name in ipairs(names) do
    local is_text = type(name) == "string" and json_text.utf8(name) == name
    members[name] = is_text and (given and given[name]
      or not given and repaired(body[name])) or nil
    if not members[name] then
      dropped = dropped + 1
    end
  end
  return next(members) and json_text.object(members) or nil, dropped
end

-- The bytes of a text inside a JSON string.
local function quoted_size(text)
  return #json_text.value(text) - 2
end

--- The members of an answer for which there is room.
---@param answer string
---@param room integer bytes that it may have once it is quoted
---@return string|nil answer
---@return integer dropped members
function M.fit(answer, room)
  local list, size = {}, 2 -- the braces
  for name, text in pairs(json_text.members(answer)) do
    list[#list + 1] = { name = name, text = text,
      size = quoted_size(json_text.value(name) .. ":" .. text .. ",") }
  end
  table.sort(list, function(a, b)
    return a.size < b.size or a.size == b.size and a.name < b.name
  end)
  local members, count = {}, 0
  for i, member in ipairs(list) do
    size = size + member.size
    if size > room then
      break
    end
    members[member.name], count = member.text, i
  end
  return count > 0 and json_text.object(members) or nil, #list - count
end

--- The members as texts.
---@param answer string|nil
---@return table<string, string>
function M.members(answer)
  return answer and json_text.members(answer) or {}
end

--- The members as Lua values.
---@param answer string
---@return table
function M.values(answer)
  local values = json.decode(answer, true)
  return type(values) == "table" and values or {}
end

return M
