--- hour: what happened in each minute of the last hour, for the status page.
--
-- Law of this file: the names are a closed set, and the numbers of a minute
-- end by themselves when they are an hour old, so the dictionary that all
-- workers share has a bounded number of them. What is asked to look at the
-- service (probes, metrics, the page itself) counts for nothing here.

local M = {}

local MINUTES = 60
local LIFE = MINUTES * 60 + 120 -- seconds that a number is kept

--- The kinds of errors, as failures are counted.
M.KINDS = { "network", "timeout", "tls", "auth", "http", "protocol", "config",
  "store", "closed", "memory" }

--- Everything that is counted.
M.NAMES = { "answered", "refused", "failed", "renewed", "loaded",
  "renewal_failed", "rejected", "store_failed" }
for _, kind in ipairs(M.KINDS) do
  M.NAMES[#M.NAMES + 1] = "kind_" .. kind
end

local EVENTS = {
  token_renewed = "renewed",
  token_loaded = "loaded",
  token_failed = "renewal_failed",
  token_rejected = "rejected",
  store_failed = "store_failed",
}

local LOOKS = { ["/"] = true, ["/healthz"] = true, ["/readyz"] = true,
  ["/metrics"] = true, ["/openapi.json"] = true }

--- What a sample of the metrics counts as, by its key.
---@param key string
---@return string|nil name nil: as nothing
function M.name_of(key)
  local path, status = key:match
    '^equinix_requests_total{face="[a-z]+",path="([^"]*)",status="(%d)'
  if path then
    return not LOOKS[path] and (status == "4" and "refused"
      or status == "5" and "failed" or "answered") or nil
  end
  local kind = key:match '^equinix_failures_total{kind="([a-z]+)"}$'
  return kind and "kind_" .. kind or nil
end

---@class equinix.status.Hour
---@field private dict table with incr and get, as ngx.shared has them
---@field private now fun(): number Unix time
---@field private names table<string, string|false> by the metric's key
local Hour = {}
Hour.__index = Hour

local function minute_of(seconds)
  return math.floor(seconds / 60)
end

local function count(self, name, by)
  self.dict:incr(("%d %s"):format(minute_of(self.now()), name), by, 0, LIFE)
end

--- Adds what a metric has grown by.
---@param key string of the metric
---@param by number
function Hour:add(key, by)
  local name = self.names[key]
  if name == nil then
    name = M.name_of(key) or false
    self.names[key] = name
  end
  if name then
    count(self, name, by)
  end
end

--- Counts an event of the client.
---@param event string
function Hour:event(event)
  if EVENTS[event] then
    count(self, EVENTS[event], 1)
  end
end

---@class equinix.status.Minute counts by name; what is missing is 0
---@field at number Unix time at which it began

--- The minutes, the oldest one first; the last one is not over.
---@return equinix.status.Minute[]
function Hour:read()
  local last, minutes = minute_of(self.now()), {}
  for i = 1, MINUTES do
    local minute = last - MINUTES + i
    minutes[i] = { at = minute * 60 }
    for _, name in ipairs(M.NAMES) do
      minutes[i][name] = self.dict:get(("%d %s"):format(minute, name))
    end
  end
  return minutes
end

---@param dict table shared by all workers
---@param now fun(): number
---@return equinix.status.Hour
function M.new(dict, now)
  return setmetatable({ dict = dict, now = now, names = {} }, Hour)
end

return M
