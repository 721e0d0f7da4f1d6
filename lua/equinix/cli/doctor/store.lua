--- store: what is wrong with the store, and which tokens rest there.
--
-- Law of this file: it names a store by its place, never by its URL, and a
-- token by the name of its record: its age and its life are shown, never the
-- token. A store that can look at itself is asked; in another one a record is
-- written and removed. Each fault is a line.

local cache_key = require "equinix.oauth.cache_key"
local core = require "equinix.core"
local duration = require "equinix.cli.doctor.duration"
local environment = require "equinix.client.environment"
local lockout_page = require "equinix.oauth.lockout_page"
local memory = require("equinix.base.lazy") "equinix.base.memory"
local quote = require("equinix.base.shell").quote
local records = require "equinix.tokens.record"
local result = require "equinix.cli.doctor.result"
local session = require "equinix.store.session"
local settings = require "equinix.cli.doctor.settings"
local shell = require "equinix.cli.shell"

local M = {}

local SECONDS = 10 -- for each of the two checks
local SHOWN = 3 -- tokens of other clients

-- The store, for the transport of the client.
local function store_of(state)
  local store = state.client.config.store
  return store.over and store:over(state.client.tokens.transport) or store
end

-- What keeps the store from being looked at; nil: nothing does.
local function unavailable(state)
  local config = state.client and state.client.config
  if state.args.no_store then
    return result.skipped "--no-store"
  elseif not config then
    return result.skipped "fix the credentials first"
  elseif config.grant == "static" or config.grant == "token_exchange" then
    return result.skipped("no token of grant %s is stored", config.grant)
  elseif not config.store then
    return result.failed(1, state.store_failed.reason)
  end
  local secret = config.secret()
  local forbidden = secret and session.forbids(secret)
  if not secret then
    return result.skipped "fix the credentials first"
  elseif forbidden then
    return result.skipped("%s: each call makes its own token request",
      forbidden)
  end
end

-- Can the store be used? -----------------------------------------------------

-- Takes a lock, saves a record, and removes both. Returns a reason or nil.
local function try_store(store)
  local key = "doctor"
  local lease, lock_reason = store:lock(key, 5)
  if not lease then
    return lock_reason ~= "busy" and lock_reason or nil -- another doctor runs
  end
  local saved, save_reason = store:save(key, "x", 5, lease)
  local deleted, delete_reason = store:delete(key)
  store:unlock(lease)
  return not saved and save_reason or not deleted and delete_reason or nil
end

-- What the store says of itself: a line for each fault and for what it could
-- not find out; where there is no fault, one for all the rest.
local function look(state, store)
  local faults, unknown, fine = {}, {}, {}
  for _, finding in ipairs(store:check(SECONDS)) do
    if finding.ok then
      fine[#fine + 1] = finding.message
    elseif finding.ok == nil then
      unknown[#unknown + 1] = result.skipped("%s%s", finding.message,
        finding.remedy and ": " .. finding.remedy or "")
    else
      faults[#faults + 1] = result.failed(1, finding.message, finding.remedy)
      state.store_away = state.store_away or finding.what == "connection"
    end
  end
  if #faults == 0 then
    faults[1] = result.ok("%s", table.concat(fine, "; "))
  end
  for _, line in ipairs(unknown) do
    faults[#faults + 1] = line
  end
  return faults
end

-- Can other users read the file with the URL, and so its password?
local function file_problem()
  local path, variable = environment.get "store_url_file"
  local message, remedy
  if path then
    message, remedy = settings.open_to_others(path)
  end
  return message and result.failed(1, variable .. ": " .. message, remedy)
end

--- Can a token be kept for the next call?
---@return equinix.doctor.Result|equinix.doctor.Result[]
function M.store(state)
  if state.store_err then
    return result.failed(2, state.store_err.message)
  end
  local cant = unavailable(state)
  if cant then
    return cant
  end
  local store = store_of(state)
  local problem = file_problem()
  if store.check then
    local lines = look(state, store)
    table.insert(lines, problem and 1 or #lines + 1, problem or nil)
    return lines
  end
  local reason = try_store(store)
  if reason then
    return result.failed(1, "no token can be kept for the next call", reason)
  end
  return result.ok "a record was written and removed"
end

-- What rests there? ----------------------------------------------------------

-- The record of this client's token: its name, and what it is worth; third,
-- why that is not known.
local function own_token(state)
  local source, config = state.client.tokens, state.client.config
  local secret, why = config.secret(), nil
  local stored = session.new(config.store, function(_, fields)
    why = fields.hint and fields.reason .. ": " .. fields.hint or fields.reason
  end, { transport = source.transport }):token(secret,
    cache_key.key(config, secret), lockout_page.number(config.identity))
  local text = stored:read()
  local record = text and records.decode(text)
  if not record or not record.token then
    return stored.name, nil, why
  end
  local now = core.time()
  local _, left = records.token(record, now)
  local age = duration(math.max(0, now - (tonumber(record.issued) or now)))
  return stored.name, left > 0 and ("%s old, of use for %s"):format(age,
    duration(left)) or age .. " old, and over"
end

-- The records of a folder; only their names are in it.
local function in_folder(store)
  local list = {}
  for key in (shell.output("ls -1 -- " .. quote(store.dir)) .. "\n")
    :gmatch "([^\n]+)%.eq%-record\n" do
    local ok, record, ttl = memory.pcall(store.load, store, key)
    list[#list + 1] = ok and record and { key = key, ttl = ttl } or nil
  end
  return list
end

-- The tokens of other clients, or of other secrets of this one.
local function others(entries, own)
  local texts, count = {}, 0
  for _, entry in ipairs(entries) do
    local name = entry.key:match "%f[A-Za-z0-9]token%.([0-9a-f]+)$"
    if name and entry.key ~= own then
      count = count + 1
      texts[count] = count <= SHOWN and ("%s... kept for %s"):format(
        name:sub(1, 8), duration(entry.ttl)) or nil
    end
  end
  if count > SHOWN then
    texts[SHOWN + 1] = "..."
  end
  return count > 0 and ("%d of other clients or secrets (%s)"):format(count,
    table.concat(texts, ", ")) or "none of others"
end

--- Which tokens rest in the store? Before this process requests one.
---@return equinix.doctor.Result
function M.stored(state)
  local cant = not state.store_err and unavailable(state)
  if cant and cant.status == "skipped" then
    return cant
  elseif cant or state.store_err or state.store_away then
    return result.skipped "fix the store first"
  end
  local store = store_of(state)
  local name, own, why = own_token(state)
  local entries, reason
  if store.entries then
    entries, reason = store:entries(SECONDS)
  else
    entries = in_folder(store)
  end
  if not own and (why or not entries) then
    return result.skipped("which tokens rest there is not known: %s",
      why or reason)
  end
  return result.ok("%s; %s", own and "this client's token: " .. own
    or "no token of this client", entries and others(entries, name)
    or "those of others are not known: " .. tostring(reason))
end

return M
