--- suggest: the name that was probably meant: `latency` for `latancy`.

local lower = require("equinix.base.text").lower

local M = {}

-- Levenshtein distance; the names of options and knobs are short.
local function distance(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] =
        row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- The known name that is most similar to an unknown one.
---@param name string
---@param known table<string, any> the names are its keys
---@return string|nil nil when none is similar
function M.name(name, known)
  local best, least
  name = lower(name) -- known names are; clientId means client_id
  for candidate in pairs(known) do
    local d = distance(name, candidate)
    -- The second test makes the result independent of the order of pairs.
    if not least or d < least or (d == least and candidate < best) then
      best, least = candidate, d
    end
  end
  -- Where every letter is another one, nothing is similar: `db` is no `ca`.
  if least and least <= math.max(2, math.floor(#name / 3))
    and least < math.max(#name, #best) then
    return best
  end
end

return M
