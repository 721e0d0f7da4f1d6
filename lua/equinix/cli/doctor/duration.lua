--- duration: a number of seconds, for a person to read.

--- 2.1 hours is easier to read than 7500 s.
---@param seconds number
---@return string
return function(seconds)
  for _, unit in ipairs { { 172800, 86400, "days" }, { 7200, 3600, "hours" },
    { 120, 60, "minutes" } } do
    if seconds >= unit[1] then
      return ("%.1f %s"):format(seconds / unit[2], unit[3])
    end
  end
  return ("%.0f s"):format(seconds)
end
