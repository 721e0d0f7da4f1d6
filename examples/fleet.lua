-- fleet: eight processes that have only a store in common, and one token for
-- all of them. With a folder they run on one machine, with a Redis on any
-- number of machines.
--
--     lua examples/fleet.lua [ca.pem [redis-host redis-port]]
--
-- Client id, secret and endpoint come from the environment. Without a Redis
-- the token is stored in a folder: $XDG_RUNTIME_DIR/equinix or
-- ~/.cache/equinix. It is sealed under the client secret.
local equinix = require "equinix"

local ca_file, host, port, role = (table.unpack or unpack)(arg, 1, 4)

local function open_store()
  if host and host ~= "" then
    return equinix.assert(equinix.store.redis {
      host = host,
      port = tonumber(port),
    })
  end
  return equinix.assert(equinix.store.file {})
end

-- One process of the fleet: prints which token it has, and how many token
-- requests it made.
local function work()
  local requests = 0
  local client = equinix.assert(equinix.new {
    ca_file = ca_file ~= "" and ca_file or nil,
    store = open_store(),
    on_event = function(name, fields)
      if name == "token_request" then
        requests = requests + 1
      elseif name == "store_failed" then
        -- No call fails because of it, but it should be noticed.
        io.stderr:write("store: ", fields.op, ": ", fields.reason, "\n")
      end
    end,
  })
  local token = equinix.assert(client:token())
  equinix.assert(client:get "/fabric/v4/health")
  client:close()
  -- Its first letters distinguish tokens and grant no access.
  print(token.access_token:sub(1, 6), requests)
end

local function quote(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

-- Starts this program again, with the interpreter that runs it now.
local function start(count)
  local words, first = {}, 0
  while arg[first - 1] do
    first = first - 1
  end
  for i = first, 0 do
    words[#words + 1] = quote(arg[i])
  end
  for _, value in ipairs { ca_file or "", host or "", port or "", "work" } do
    words[#words + 1] = quote(value)
  end
  local command = table.concat(words, " ")
  local processes = {}
  for i = 1, count do
    processes[i] = assert(io.popen(command))
  end
  return processes
end

if role == "work" then
  return work()
end

local tokens, requests, processes = {}, 0, start(8)
for _, process in ipairs(processes) do
  local token, asked = process:read("*a"):match "^(%S+)%s+(%d+)"
  process:close()
  tokens[assert(token, "a process failed")] = true
  requests = requests + asked
end
local different = 0
for _ in pairs(tokens) do
  different = different + 1
end
print(("%d processes, %d token, %d token request%s"):format(#processes,
  different, requests, requests == 1 and "" or "s"))
