--- error_message: the message of an error that a server sent.
--
-- Law of this file: what happened, to what, how often, what to do and when;
-- and at the end what the first error of the body says, in one line. That is
-- the only text of a server in it: without secrets, control characters and
-- what is too long.

local errors = require "equinix.base.error"

local M = {}

local MAX_SAID = 200 -- bytes of a server's text

local REMEDY = {
  [400] = "the request was not accepted; see errors",
  [401] = "the token was not accepted, nor was a renewed one",
  [403] = "this account may not do that; ask for the permission",
  [404] = "there is no such resource",
  [405] = "this path does not support that method",
  [409] = "the request conflicts with the state of the resource",
  [415] = "send JSON (option json)",
  [422] = "the values were not accepted; see errors",
  [429] = "too many requests; try again later",
}

local SEE, LATER = "; see errors$", "try again later$"

-- One line, cut at the end of a character.
local function one_line(text)
  text = text:gsub("[%z\1-\31\127]+", " "):gsub("^ +", ""):gsub(" +$", "")
  if #text <= MAX_SAID then
    return text
  end
  local at = MAX_SAID
  while at > MAX_SAID - 3 and text:find("^[\128-\191]", at + 1) do
    at = at - 1
  end
  return text:sub(1, at) .. " ..."
end

-- "numberOfBoxes must be at least 1"
local function said_by(detail)
  local text, property = detail.reason or detail.message or detail.details,
    detail.property
  if not property then
    return text
  elseif not text or text:find(property, 1, true) then
    return text or property
  end
  return property .. (detail.reason and " " or ": ") .. text
end

-- What the first error says; nil: nothing that is not known without it.
local function said(list)
  local text = list[1] and said_by(list[1])
  text = text and one_line(text)
  if not text or text == "" then
    return nil
  end
  return text .. (#list > 1 and (" (%d more in errors)"):format(#list - 1)
    or "")
end

local function with_time(advice, seconds)
  if not seconds or seconds <= 0 then
    return advice
  end
  local time = "try again in " .. errors.seconds(seconds)
  local text, found = advice:gsub(LATER, time)
  return found > 0 and text or advice .. "; " .. time
end

--- The message.
---@param status integer
---@param op string "GET /fabric/v4/ports"
---@param found {errors: equinix.ErrorDetail[], code?: string}
---@param o {advice?: string, retry_after?: number, attempts?: integer}
---  attempts: how often it was sent
---@return string
function M.of(status, op, found, o)
  local advice = o.advice or REMEDY[status]
    or (status >= 500 and "Equinix failed; try again later")
    or "this status is not a success"
  local text = said(found.errors)
  advice = with_time(text and advice:gsub(SEE, "") or advice, o.retry_after)
  return ("%s: %d%s%s: %s%s"):format(op, status,
    found.code and " (" .. found.code .. ")" or "",
    errors.after_attempts(o.attempts), advice, text and ": " .. text or "")
end

return M
