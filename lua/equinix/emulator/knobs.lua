--- knobs: everything that can be changed about the emulator while it runs.
--
-- Law of this file: each knob is one entry of the list, with its default and
-- one line of help that `--help` and GET /_emulator/config show. Values are
-- checked here and nowhere else. Pure: the caller stores the values.

local suggest = require "equinix.base.suggest"

local M = {}

---@class equinix.emulator.Knob
---@field name string
---@field default any its type is the knob's type
---@field help string one line
---@field fault? boolean it makes responses go wrong, and can count down
---@field whole? boolean only whole numbers
---@field min? number the least value of a number
---@field status? boolean a status of HTTP that ends a request, or 0
---@field one_of? string[] the possible values of a string

---@type equinix.emulator.Knob[]
M.list = {
  -- Tokens.
  { name = "lifetime", default = 3600, whole = true,
    help = "seconds a token is valid; 0 or less: never valid" },
  { name = "timeout_text", default = "",
    help = "text sent as token_timeout, whatever the lifetime is" },
  { name = "number_timeout", default = false,
    help = "token_timeout as a number instead of a string" },
  { name = "token_bytes", default = 28, whole = true, min = 8,
    help = "length of the tokens issued" },
  { name = "token_type", default = "Bearer",
    help = "token_type of the tokens issued" },
  { name = "refresh_tokens", default = false,
    help = "refresh tokens for client_credentials too" },
  { name = "refresh_lifetime", default = 5184000, whole = true, min = 1,
    help = "seconds a refresh token is valid" },
  { name = "rotate", default = false,
    help = "a refresh returns a new refresh token, and the old one ends" },
  { name = "omit", default = "",
    help = "fields to leave out of token responses, as a,b,c" },

  -- Credentials.
  { name = "lock_after", default = 5, whole = true, min = 0,
    help = "wrong attempts in a row that lock an account (0: never)" },
  { name = "refused_status", default = 400, whole = true, min = 200,
    help = "status for wrong credentials (401 and 500 have been seen)" },
  { name = "snake_case", default = false,
    help = "errors of token endpoints with error_code, not errorCode" },
  { name = "revoke_all", default = false,
    help = "true: every token issued so far is invalid from now on" },

  -- Lists of the API.
  { name = "ports", default = 25, whole = true, min = 0,
    help = "number of ports" },
  { name = "entries", default = 25, whole = true, min = 0,
    help = "number of connections, of devices, of orders ..." },
  { name = "max_limit", default = 100, whole = true, min = 1,
    help = "most entries on a page, whatever limit or size says" },
  { name = "total_change", default = 0, whole = true,
    help = "entries added to a list's end after each page (< 0: removed)" },
  { name = "first_page", default = 0, whole = true, min = 0,
    help = "number of the first page in lists with page and totalCount" },
  { name = "next_links", default = "relative",
    one_of = { "relative", "absolute", "foreign", "none" },
    help = "links between pages: relative, absolute, foreign (host), none" },

  -- Waiting. These are no faults: the response is right, but late.
  { name = "latency", default = 0, min = 0,
    help = "seconds before every response" },
  { name = "token_latency", default = 0, min = 0,
    help = "more seconds before responses of the token endpoints" },

  -- Connections. The responses are right.
  { name = "close_every", default = 0, whole = true, min = 0,
    help = "every nth response ends its HTTP/1.1 connection, unannounced" },

  -- Faults.
  { name = "scope", fault = true, default = "",
    help = "faults affect only paths that begin with this" },
  { name = "times", default = 0, whole = true, min = 0,
    help = "faults set with it are over after so many requests (0: stay)" },
  { name = "status", fault = true, default = 0, whole = true, min = 0,
    status = true,
    help = "the token endpoints answer with this status (0: off)" },
  { name = "api_status", fault = true, default = 0, whole = true, min = 0,
    status = true,
    help = "all other calls answer with this status (0: off)" },
  { name = "retry_after", fault = true, default = "",
    help = "Retry-After of a forced status: seconds or an HTTP date" },
  { name = "html", fault = true, default = false,
    help = "the body is an HTML page, as from a gateway" },
  { name = "non_json", fault = true, default = false,
    help = "the body is sent as JSON but is not" },
  { name = "redirect", fault = true, default = "",
    help = "the response is a redirect to this Location" },
  { name = "redirect_status", fault = true, default = 307, whole = true,
    min = 300,
    help = "status of that redirect" },
  { name = "cut", fault = true, default = false,
    help = "the connection ends in the middle of the body" },
  { name = "slow", fault = true, default = 0, min = 0,
    help = "seconds that the body takes to arrive, in pieces" },
}

---@type table<string, equinix.emulator.Knob>
M.by_name = {}
for _, knob in ipairs(M.list) do
  M.by_name[knob.name] = knob
end

local function check_number(knob, value)
  if value ~= value or math.abs(value) >= 2 ^ 31 then
    return "must be a number between -2^31 and 2^31"
  elseif knob.whole and value % 1 ~= 0 then
    return "must be a whole number"
  elseif knob.min and value < knob.min then
    return ("must be %d or more"):format(knob.min)
  elseif knob.status and value ~= 0 and (value < 200 or value > 599) then
    return "must be a status from 200 to 599, or 0"
  end
end

local function check_string(knob, value)
  if #value > 2048 or value:find "[%z\1-\31\127]" then
    return "must be one line of at most 2048 bytes"
  end
  for _, allowed in ipairs(knob.one_of or {}) do
    if value == allowed then
      return nil
    end
  end
  if knob.one_of then
    return "must be one of " .. table.concat(knob.one_of, ", ")
  end
end

--- Checks a value for a knob.
---@param name string
---@param value any
---@return boolean|number|string|nil value to store
---@return string|nil message what is wrong with it
function M.check(name, value)
  local knob = M.by_name[name]
  if not knob then
    local near = type(name) == "string" and suggest.name(name, M.by_name)
    return nil, ("unknown knob '%s'%s"):format(tostring(name):sub(1, 64),
      near and (", did you mean '%s'?"):format(near) or "")
  end
  local kind = type(knob.default)
  -- A number is good for a text: `retry_after = 2`.
  if kind == "string" and type(value) == "number" then
    value = ("%.14g"):format(value)
  end
  if type(value) ~= kind then
    return nil, ("knob '%s' must be a %s"):format(name,
      kind == "string" and "string or a number" or kind)
  end
  local message = kind == "number" and check_number(knob, value)
    or kind == "string" and check_string(knob, value)
  if message then
    return nil, ("knob '%s' %s"):format(name, message)
  end
  return value
end

--- Reads `name=value`, as on a command line.
---@param text string
---@return string|nil name
---@return any value, or the message when there is no name
function M.parse(text)
  local name, value = text:match "^%s*([^=]-)%s*=(.*)$"
  if not name then
    return nil, "a knob is set as name=value"
  end
  local kind = M.by_name[name] and type(M.by_name[name].default)
  if kind == "number" then
    value = tonumber(value) or value
  elseif kind == "boolean" and (value == "true" or value == "false") then
    value = value == "true"
  end
  local checked, message = M.check(name, value)
  if checked == nil then
    return nil, message
  end
  return name, checked
end

--- One line for each knob, for a terminal.
---@return string
function M.help()
  local lines = {}
  for i, knob in ipairs(M.list) do
    local default = knob.default == "" and "none" or tostring(knob.default)
    lines[i] = ("  %-16s %s [%s]"):format(knob.name, knob.help, default)
  end
  return table.concat(lines, "\n")
end

return M
