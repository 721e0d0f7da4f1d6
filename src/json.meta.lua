---@meta _
-- json.meta: what the C module does with JSON, for editors. Never loaded; the
-- rest of the module and the law are in core.meta.lua.
-- luacheck: ignore 212 241

---@class equinix.core
local core = {}

-- json/whole_numbers.c -------------------------------------------------------

---Whole floats below 2^53 in a value become integers where Lua has those. No
---metamethod runs. Raises for tables nested more than 1000 deep.
---@param value any changed in place
---@param text? any the JSON; what is not a string is no text
---@param floats? boolean plain whole numbers were read as floats, too
---@param decode? fun(quoted: string): string needed with a text
---@return any value
---@return boolean finite false: an infinity or a NaN was found
---@return boolean long false: no number in it has 19 digits or more
function core.whole_numbers(value, text, floats, decode) end

-- json/surely_valid.c --------------------------------------------------------

---Whether a text is JSON (RFC 8259), without making a value of it. True is
---certain; false means that the JSON library has to look, too.
---@param text string
---@return boolean
function core.surely_valid(text) end

-- json/tree.c ---------------------------------------------------------------

---JSON as the tree of capability/tree. Nil: it is wrong, too much, or has a
---control character in a text; the reader in Lua says which and where.
---@param text string UTF-8
---@param depth integer
---@param nodes integer values, at most
---@param parts integer of one map or list, at most
---@return equinix.capability.Node|nil
function core.json_tree(text, depth, nodes, parts) end

-- json/exact_text.c ----------------------------------------------------------

---Whether a text with numbers as "%.14g" is exact. No metamethod runs.
---@param value table
---@param text string what the library wrote of it
---@param decode fun(quoted: string): string
---@param write fun(number: number): string
---@param empty? table stands for []
---@return true|string[]|nil exact or the pieces of an exact text; nil: unknown
function core.exact_text(value, text, decode, write, empty) end
