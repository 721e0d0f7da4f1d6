-- url: where a URL leads; node, which reads URLs as browsers do, is the judge.
--
-- Input: a URL, a line break, a reference.
local core = require "equinix.core"

-- What node takes for an address and libcurl for a name: its last part is a
-- number ("127.0.0.1.", "0x"). Here it never counts as this machine.
local function is_number_as_name(host)
  local last = host:match "([^.]+)%.?$" or ""
  return not host:find "^%d+%.%d+%.%d+%.%d+$"
    and (last:find "^%d+$" or last:find "^0[xX]%x*$")
end

local function compare(parts, verdict)
  if is_number_as_name(parts.host) then
    assert(not parts.loopback, "a name is not this machine")
  elseif verdict ~= "refused" and parts.host:sub(1, 1) ~= "[" then
    -- (An IPv6 address has many spellings; here each is another host.)
    assert(parts.origin == verdict, ("%s is not %s"):format(parts.origin,
      verdict))
  end
end

return function(text)
  local base, reference = text:match "^([^\n]*)\n?(.*)$"
  local parts = core.url(base)
  if not parts then
    return
  end
  compare(parts, judge("url", base))
  local joined = core.url_join(base, reference)
  local own = joined and core.url(joined)
  if own and not reference:find "[\n\r]" then
    local other = judge("join", base .. "\n" .. reference)
    compare(own, other == "refused" and other or judge("url", other))
  end
end
