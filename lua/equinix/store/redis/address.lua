--- address: a host and a port, as they are written and as they are named.
--
-- Law of this file: text in, values out. A message repeats nothing of the
-- text: where a password was put in the wrong place, it may be in it.

local M = {}

local function is_port(text)
  local port = text:find "^[0-9]+$" and #text <= 5 and tonumber(text)
  return port and port >= 1 and port <= 65535 and port or nil
end

-- What a name, an IPv4 address or an IPv6 address consists of.
local NAME = "^[A-Za-z0-9_.-]+$"
local IPV6 = "^[0-9A-Fa-f:.]+$"

--- Reads HOST, HOST:PORT, [IPV6] or [IPV6]:PORT.
---@param text string
---@param default integer|nil the port where there is none
---@return string|nil host without brackets
---@return integer|nil port
---@return string|nil message
function M.read(text, default)
  local host, rest = text:match "^%[([^%]]*)%](.*)$"
  if host then
    if not host:find(":", 1, true) or not host:find(IPV6) then
      return nil, nil, "what is in brackets must be an IPv6 address"
    end
  else
    local _, colons = text:gsub(":", "")
    if colons > 1 then
      return nil, nil, "an IPv6 address must stand in brackets: [::1]:6379"
    end
    host, rest = text:match "^([^:]*)(.*)$"
    if host == "" then
      return nil, nil, "there is no host"
    elseif not host:find(NAME) then
      return nil, nil, "a host must be a name or an address; what has other "
        .. "characters in a login is written as %40 (@), %3A (:), %2F (/)"
    end
  end
  if rest == "" then
    return host, default
  end
  local port = rest:sub(1, 1) == ":" and is_port(rest:sub(2))
  if not port then
    return nil, nil, "a port must be a whole number from 1 to 65535"
  end
  return host, port
end

--- Checks a host that has an option to itself.
---@param host string
---@return string|nil host without brackets
---@return string|nil message
function M.host(host)
  local inner = host:match "^%[([^%]]*)%]$" or host
  if inner:find "^[^:]+:[0-9]+$" or host:find "^%[.*%]:" then
    return nil, "host must not have a port in it: give it as option port"
  elseif host:find("://", 1, true) then
    return nil, "host must be a name or an address: give a URL as option url"
  elseif host:find "^/" then
    return nil, "host must be a name or an address: give a Unix socket as "
      .. "option path"
  elseif not inner:find(NAME)
    and not (inner:find(":", 1, true) and inner:find(IPV6)) then
    return nil, "host must be a name or an address"
  end
  return inner
end

--- What Redis says of another node: HOST:PORT, the host of an IPv6 address
--- without brackets.
---@param text string
---@return string|nil host "": the one that said it
---@return integer|nil port
function M.of_redis(text)
  local host, port = text:match "^(.*):([0-9]+)$"
  port = port and is_port(port)
  if port and (host == "" or host:find(NAME) or host:find(IPV6)) then
    return host, port
  end
end

--- How an address is named in a message.
---@param node {host?: string, port?: integer, path?: string}
---@return string
function M.text(node)
  if node.path then
    return node.path
  end
  return (node.host:find(":", 1, true) and "[%s]:%d" or "%s:%d")
    :format(node.host, node.port)
end

return M
