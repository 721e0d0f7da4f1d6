--- suggest: what was probably meant. `latancy` is a `latency`.

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

--- The known name nearest to one that is not known.
---@param name string
---@param known table<string, any> the names are its keys
---@return string|nil nil when none is near
function M.name(name, known)
  local best, least
  name = name:lower() -- names are; clientId is a client_id
  for candidate in pairs(known) do
    local d = distance(name, candidate)
    -- The second test makes the answer the same on every run.
    if not least or d < least or (d == least and candidate < best) then
      best, least = candidate, d
    end
  end
  if least and least <= math.max(2, math.floor(#name / 3)) then
    return best
  end
end

return M
