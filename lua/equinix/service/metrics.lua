--- metrics: what the service counts, and how Prometheus reads it.
--
-- Law of this file: the names of samples are the keys they are counted under,
-- in a dictionary that all workers share; so nothing has to be collected, and
-- the number of samples is bounded by the paths, statuses and kinds that
-- exist. No label contains text from a caller. The label `face` names the
-- interface, "rest" or "mcp".

local tables = require "equinix.base.table"
local text_of = require "equinix.base.text"

local M = {}

--- The media type of the text.
M.TYPE = "text/plain; version=0.0.4; charset=utf-8"

local BOUNDS = { 0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30 } -- seconds

local REQUESTS = 'equinix_requests_total{face="%s",path="%s",status="%d"}'
local SECONDS = 'equinix_request_seconds_%s{face="%s",path="%s"%s}'
local FAILURES = 'equinix_failures_total{kind="%s"}'
local STORE = 'equinix_store_failures_total{op="%s"}'
local LATCHED = "equinix_credentials_latched"
local BUILD = "equinix_build_info{%s}"

-- name, type, help; in the order they are shown
local FAMILIES = {
  { "equinix_build_info", "gauge", "1; the labels are versions." },
  { "equinix_requests_total", "counter", "Requests answered." },
  { "equinix_request_seconds", "histogram", "Seconds until the response." },
  { "equinix_failures_total", "counter",
    "Calls that this service refused, by kind of error." },
  { "equinix_token_requests_total", "counter",
    "Token requests sent for the service's own token." },
  { "equinix_token_renewals_total", "counter", "Tokens received." },
  { "equinix_token_failures_total", "counter",
    "Token requests that failed." },
  { "equinix_token_rejections_total", "counter",
    "Tokens refused by the API." },
  { "equinix_store_failures_total", "counter",
    "Operations of the token store that failed." },
  { "equinix_token_age_seconds", "gauge", "Time since the token was issued." },
  { "equinix_token_left_seconds", "gauge",
    "Time until the token expires; 0: it is over, or was refused." },
  { "equinix_token_life_seconds", "gauge", "Lifetime of the token at issue." },
  { "equinix_cache_places", "gauge", "Tokens that the cache has room for." },
  { "equinix_cache_places_used", "gauge", "Places that are taken." },
  { "equinix_cache_evictions_total", "counter",
    "Tokens dropped while they were of use, as the cache was full." },
  { "equinix_cache_private_total", "counter",
    "Tokens that one worker had to keep for itself." },
  { LATCHED, "gauge", "1: credentials were refused and are held back." },
  { "equinix_gateway_ready", "gauge", "1: the gateway has a token to send." },
}

-- Counters that are 0 from the start: of one that appears with its first
-- failure Prometheus would not see the increase.
local ZEROS = { [LATCHED] = 0 }
for _, op in ipairs { "load", "save", "lock", "extend", "unlock", "delete" } do
  ZEROS[STORE:format(op)] = 0
end
for _, kind in ipairs { "config", "network", "timeout", "tls", "auth", "http",
  "protocol", "store" } do
  ZEROS[FAILURES:format(kind)] = 0
end

---@class equinix.Metrics
---@field dict table with incr, set and get_keys, as ngx.shared has them
---@field build table<string, string> names and versions
local Metrics = {}
Metrics.__index = Metrics

-- The dictionary where there is only one process.
local Dict = {}
Dict.__index = Dict

function Dict:incr(key, by, init)
  self.values[key] = (self.values[key] or init) + by
end

function Dict:set(key, value)
  self.values[key] = value
end

function Dict:get(key)
  return self.values[key]
end

function Dict:get_keys()
  local keys = {}
  for key in pairs(self.values) do
    keys[#keys + 1] = key
  end
  return keys
end

-- Which of the buckets; the last one has no bound.
local function bucket_of(seconds)
  if seconds <= BOUNDS[1] then
    return 1 -- nearly all of them
  end
  for i = 2, #BOUNDS do
    if seconds <= BOUNDS[i] then
      return i
    end
  end
  return #BOUNDS + 1
end

local function bucket_key(interface, path, i)
  return SECONDS:format("bucket", interface, path, (',le="%s"'):format(
    BOUNDS[i] and text_of.format("%g", BOUNDS[i]) or "+Inf"))
end

-- The keys of a path, made once: most requests have the same few paths.
local function keys_of(self, interface, path)
  local keys = self.keys[interface] and self.keys[interface][path]
  if not keys then
    keys = { sum = SECONDS:format("sum", interface, path, ""), buckets = {} }
    for i = 1, #BOUNDS + 1 do
      keys.buckets[i] = bucket_key(interface, path, i)
    end
    self.keys[interface] = self.keys[interface] or {}
    self.keys[interface][path] = keys
    self.dict:incr(keys.sum, 0, 0) -- so that the family exists
  end
  return keys
end

--- Counts an answered request.
---@param interface "rest"|"mcp"
---@param path string one that is answered, or "other"
---@param status integer
---@param seconds number
function Metrics:request(interface, path, status, seconds)
  local dict, keys = self.dict, keys_of(self, interface, path)
  -- A text, since LuaJIT does not compile sparse number keys.
  local name = status == 200 and "200" or status .. ""
  local request = keys[name]
  if not request then
    request = REQUESTS:format(interface, path, status)
    keys[name] = request
  end
  dict:incr(request, 1, 0)
  dict:incr(keys.buckets[bucket_of(seconds)], 1, 0)
  if seconds > 0 then
    dict:incr(keys.sum, seconds, 0)
  end
end

--- Counts a refusal.
---@param err equinix.Error
function Metrics:failure(err)
  self.dict:incr(FAILURES:format(err.kind), 1, 0)
end

local function unlatch(dict)
  dict:set(LATCHED, 0)
end

local EVENTS = {
  latched = function(dict)
    dict:set(LATCHED, 1)
  end,
  token_failed = function(dict, fields)
    if fields.code == "latched" then
      dict:set(LATCHED, 1)
    end
  end,
  token_renewed = unlatch,
  store_failed = function(dict, fields)
    dict:incr(STORE:format(fields.op or "other"), 1, 0)
  end,
}
EVENTS.token_loaded = EVENTS.token_renewed

--- For the client's on_event.
---@param name string
---@param fields table
function Metrics:event(name, fields)
  if EVENTS[name] then
    EVENTS[name](self.dict, fields)
  end
end

-- The sample whose labels are versions.
local function of_build(build)
  local labels = {}
  for name, version in pairs(build) do
    labels[#labels + 1] = ('%s="%s"'):format(name,
      version:gsub('[%z\1-\31\127"\\]', ""))
  end
  table.sort(labels, text_of.before)
  return BUILD:format(table.concat(labels, ","))
end

-- What the client itself counts, in the cache that all workers share.
local function of_service(samples, service)
  local stats = service:stats()
  samples.equinix_token_requests_total = stats.token_requests
  samples.equinix_token_renewals_total = stats.tokens
  samples.equinix_token_failures_total = stats.failures
  samples.equinix_token_rejections_total = stats.rejections
  local cache = service.cache()
  samples.equinix_cache_places = cache.slots
  samples.equinix_cache_places_used = cache.used
  samples.equinix_cache_evictions_total = cache.evicted
  samples.equinix_cache_private_total = cache.private
  local life, left = service:life()
  if life then
    samples.equinix_token_life_seconds = life
    samples.equinix_token_left_seconds = left
    samples.equinix_token_age_seconds = left > 0 and life - left or nil
  end
end

-- Each request was counted in one bucket; Prometheus expects how many took
-- that long or less.
local function of_buckets(samples, sums)
  for _, sum in ipairs(sums) do
    local interface, path = sum:match 'face="([^"]*)",path="([^"]*)"'
    local count = 0
    for i = 1, #BOUNDS + 1 do
      local key = bucket_key(interface, path, i)
      count = count + (samples[key] or 0)
      samples[key] = count
    end
    samples[SECONDS:format("count", interface, path, "")] = count
  end
end

local function family_of(key)
  return (key:match "^[a-z_]+"
    :gsub("^(equinix_request_seconds)_[a-z]+$", "%1"))
end

-- Buckets in the order of their bounds, not of their names.
local function rank(key)
  local bound = key:match 'le="([^"]+)"'
  local head = key:gsub(',le="[^"]+"', "")
  return head, bound == "+Inf" and math.huge or text_of.number(bound) or 0
end

local function in_order(a, b)
  local head_a, bound_a = rank(a)
  local head_b, bound_b = rank(b)
  if head_a ~= head_b then
    return text_of.before(head_a, head_b)
  end
  return bound_a < bound_b
end

local function number(value)
  return value % 1 == 0 and ("%d"):format(value)
    or text_of.format("%.6f", value)
end

local function sorted(samples)
  local families = {}
  for key in pairs(samples) do
    local name = family_of(key)
    families[name] = families[name] or {}
    table.insert(families[name], key)
  end
  for _, keys in pairs(families) do
    table.sort(keys, in_order)
  end
  return families
end

-- Samples in Prometheus' text format.
local function written(samples)
  local lines, families = {}, sorted(samples)
  for _, family in ipairs(FAMILIES) do
    local keys = families[family[1]]
    if keys then
      lines[#lines + 1] = ("# HELP %s %s"):format(family[1], family[3])
      lines[#lines + 1] = ("# TYPE %s %s"):format(family[1], family[2])
      for _, key in ipairs(keys) do
        lines[#lines + 1] = key .. " " .. number(samples[key])
      end
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

--- All samples, in Prometheus' text format.
---@param service equinix.Service
---@return string
function Metrics:text(service)
  local samples, sums = tables.copy(ZEROS), {}
  for _, key in ipairs(self.dict:get_keys(0)) do
    samples[key] = self.dict:get(key)
    if key:find "^equinix_request_seconds_sum" then
      sums[#sums + 1] = key
    end
  end
  samples[of_build(self.build)] = 1
  of_buckets(samples, sums)
  of_service(samples, service)
  return written(samples)
end

--- Whether credentials were refused and are held back.
---@return boolean
function Metrics:latched()
  return self.dict:get(LATCHED) == 1
end

--- Notes that they are not.
function Metrics:unlatch()
  unlatch(self.dict)
end

--- The samples of a gateway, which counts no requests of its own.
---@param service equinix.Service
---@param build table<string, string>
---@param ready boolean it has a token to send
---@return string
function M.of_gateway(service, build, ready)
  local samples = { [of_build(build)] = 1,
    equinix_gateway_ready = ready and 1 or 0 }
  of_service(samples, service)
  return written(samples)
end

--- Makes the counters.
---@param dict? table shared by all workers; without it, one of this process
---@param build? table<string, string> names and versions, for build_info
---@return equinix.Metrics
function M.new(dict, build)
  return setmetatable({
    dict = dict or setmetatable({ values = {} }, Dict),
    build = build or {},
    keys = {},
  }, Metrics)
end

return M
