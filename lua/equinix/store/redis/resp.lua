--- resp: what Redis and its clients send each other (RESP2 and RESP3).
--
-- Law of this file: bytes in, values out; no I/O. What is not a reply by the
-- protocol is nothing: no part of it is used. A list, a set and a push are
-- lists; a map is a list of its names and values in turn, as RESP2 has it; an
-- error is a table with its text, wherever it stands, and the replies after it
-- stay where they belong. Attributes and pushes are no replies: they are left
-- out. The strings and lists of no announced length that RESP3 once planned
-- are garbage: no Redis sends them.

local M = {}

--- Redis' null, inside a list and alone.
M.null = setmetatable({}, { __tostring = function()
  return "null"
end })

local MAX_DEPTH = 16
local MAX_ITEMS = 256 * 1024

---@class equinix.redis.ReplyError
---@field error string what the server wrote

--- A command, as bytes. Numbers among the words must be whole.
---@param ... string|integer
---@return string
function M.command(...)
  local parts = { ("*%d\r\n"):format(select("#", ...)) }
  for i = 1, select("#", ...) do
    local word = select(i, ...)
    word = type(word) == "number" and ("%.0f"):format(word) or word
    parts[#parts + 1] = ("$%d\r\n"):format(#word)
    parts[#parts + 1] = word
    parts[#parts + 1] = "\r\n"
  end
  return table.concat(parts)
end

-- Parsers of one type each: (bytes, rest of the line, what follows the line,
-- depth) -> value, what follows the value; nothing for garbage. -------------

local parse

local function length(text)
  return #text <= 10 and text:find "^[0-9]+$" and tonumber(text) or nil
end

local function sized(bytes, text, at)
  local size = length(text)
  if size and bytes:sub(at + size, at + size + 1) == "\r\n" then
    return bytes:sub(at, at + size - 1), at + size + 2
  end
end

local function list(bytes, count, at, depth)
  if not count or count > MAX_ITEMS or depth >= MAX_DEPTH then
    return nil
  end
  local items = {}
  for i = 1, count do
    items[i], at = parse(bytes, at, depth + 1)
    if at == nil then
      return nil
    end
  end
  return items, at
end

local function integer(_, text, at)
  if text:find "^[+-]?[0-9]+$" and #text <= 20 then
    return tonumber((text:gsub("^%+", ""))), at
  end
end

local INFINITE = { inf = math.huge, ["-inf"] = -math.huge, nan = 0 / 0 }

local TYPES = {
  ["+"] = function(_, text, at)
    return text, at
  end,
  ["-"] = function(_, text, at)
    return { error = text }, at
  end,
  [":"] = integer,
  ["$"] = function(bytes, text, at)
    if text == "-1" then
      return M.null, at
    end
    return sized(bytes, text, at)
  end,
  ["*"] = function(bytes, text, at, depth)
    if text == "-1" then
      return M.null, at
    end
    return list(bytes, length(text), at, depth)
  end,
  -- RESP3
  ["_"] = function(_, text, at)
    if text == "" then
      return M.null, at
    end
  end,
  ["#"] = function(_, text, at)
    if text == "t" or text == "f" then
      return text == "t", at
    end
  end,
  [","] = function(_, text, at)
    local value = INFINITE[text]
    if not value and text:find "^[+-]?[0-9]+%.?[0-9]*[eE]?[+-]?[0-9]*$" then
      value = text -- as text: what reads it knows its form
    end
    return value, value and at
  end,
  ["("] = function(_, text, at)
    if text:find "^[+-]?[0-9]+$" then
      return text, at -- as text, since it may have any number of digits
    end
  end,
  ["!"] = function(bytes, text, at)
    local value, after = sized(bytes, text, at)
    return value and { error = value }, after
  end,
  ["="] = function(bytes, text, at)
    local value, after = sized(bytes, text, at)
    if value and value:find "^...:" then
      return value:sub(5), after
    end
  end,
  ["~"] = function(bytes, text, at, depth)
    return list(bytes, length(text), at, depth)
  end,
  ["%"] = function(bytes, text, at, depth)
    local pairs_of = length(text)
    return list(bytes, pairs_of and pairs_of * 2, at, depth)
  end,
}

-- Steps over what is no reply.
local ASIDE = { ["|"] = 2, [">"] = 1 }

function parse(bytes, at, depth)
  local ends = bytes:find("\r\n", at, true)
  if not ends then
    return nil
  end
  local kind, text = bytes:sub(at, at), bytes:sub(at + 1, ends - 1)
  local aside = ASIDE[kind]
  if aside then
    local count = length(text)
    local _, after = list(bytes, count and count * aside, ends + 2, depth)
    if not after then
      return nil
    end
    return parse(bytes, after, depth + 1)
  end
  local read = TYPES[kind]
  if read and depth <= MAX_DEPTH then
    return read(bytes, text, ends + 2, depth)
  end
end

--- The first reply in these bytes.
---@param bytes string
---@param at? integer where it begins, 1
---@return any value nil: it is garbage, or cut
---@return integer|nil after where the next one begins
function M.parse(bytes, at)
  local value, after = parse(bytes, at or 1, 0)
  if after == nil then
    return nil
  end
  return value, after
end

--- All replies in these bytes.
---@param bytes string
---@param n integer so many are expected
---@return any[]|nil replies nil: there is something else
function M.replies(bytes, n)
  local replies, at = {}, 1
  for i = 1, n do
    local value
    value, at = M.parse(bytes, at)
    if at == nil then
      return nil
    end
    replies[i] = value
  end
  return replies
end

--- The text of an error; nil: it is none.
---@param reply any
---@return string|nil
function M.error_of(reply)
  return type(reply) == "table" and reply.error or nil
end

return M
