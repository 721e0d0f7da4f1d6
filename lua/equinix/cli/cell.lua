--- cell: one value of a table, as text on one line.
--
-- Law of this file: what a server wrote can neither change the terminal nor
-- begin another cell or line: control characters are escaped. A width is
-- counted in characters of UTF-8, each of them one wide.

local json_text = require "equinix.base.json_text"
local printable = require "equinix.base.printable"

local M = {}

local ESCAPES = { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r" }

--- The text of a value: a string without its quotes, a number with the digits
--- of the server, nothing for null, and JSON for anything else.
---@param text string|nil JSON
---@param exact? boolean it can be read back: a backslash of its own is doubled
---@return string
function M.text(text, exact)
  if not text or text == "null" then
    return ""
  end
  local kind = json_text.kind(text)
  if kind == "string" then
    text = json_text.string(text) or text -- a lone surrogate stays JSON
  elseif kind == "object" or kind == "array" then
    text = json_text.compact(text)
  end
  text = exact and text:gsub("\\", "\\\\") or text
  return printable.text((text:gsub("[\t\n\r]", ESCAPES)))
end

--- How many characters wide it is.
---@param text string
---@return integer
function M.width(text)
  return #text - select(2, text:gsub("[\128-\191]", ""))
end

--- Its beginning, with "…" where something is cut off.
---@param text string
---@param width integer characters, at least 1
---@return string
function M.cut(text, width)
  if M.width(text) > width then
    local n = 0
    for at in text:gmatch "()[^\128-\191]" do
      n = n + 1
      if n == width then
        return text:sub(1, at - 1) .. "…"
      end
    end
  end
  return text
end

return M
