-- prometheus: a real Prometheus, with a folder and a port of its own.
--
--   local missing = prometheus.why_not()     -- a reason to skip, or nil
--   local p = prometheus.start { rules = "...", targets = { "127.0.0.1:1" },
--     token_file = "/path" }
--   p:query "equinix_build_info"             -- list of { metric, value }
--   p:firing()                               -- names of alerts, as a set
--   p:fired()                                -- those that ever fired, too
--   p:stop()
--
-- It scrapes and evaluates once a second, and ends with the process that runs
-- the specs, however that ends.
local core = require "equinix.core"
local fill = require("equinix.base.template").fill
local json = require "equinix.base.json"
local ports = require "spec.support.ports"
local process = require "spec.support.process"
local write = require("equinix.base.file").write

local M = {}
local Prometheus = {}
Prometheus.__index = Prometheus

--- Why it can't run here; nil when it can.
---@return string|nil
function M.why_not()
  for _, name in ipairs { "prometheus", "promtool" } do
    if select(2, process.capture("command -v " .. name)) ~= 0 then
      return name .. " is not here (apt install prometheus)"
    end
  end
end

local CONFIGURATION = [[
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["%(dir)s/rules.yml"]
scrape_configs:
- job_name: equinix
  authorization: {credentials_file: "%(token_file)s"}
  static_configs: [{targets: %(targets)s}]
]]

--- Starts one and waits until it answers.
---@param options {rules: string, targets: string[], token_file: string}
function M.start(options)
  local dir = process.tempdir()
  local port = ports.free(1)[1]
  local self = setmetatable({ dir = dir, http = core.http(),
    url = ("http://127.0.0.1:%d"):format(port) }, Prometheus)
  assert(write(dir .. "/rules.yml", options.rules))
  assert(write(dir .. "/prometheus.yml", fill(CONFIGURATION, {
    dir = dir, token_file = options.token_file,
    targets = assert(json.encode(options.targets)) })))
  self.program = process.start({ "prometheus",
    "--config.file=" .. dir .. "/prometheus.yml",
    "--storage.tsdb.path=" .. dir .. "/data", "--log.level=warn",
    ("--web.listen-address=127.0.0.1:%d"):format(port) },
    { env = { HOME = dir, GOMAXPROCS = "1" } })
  if not process.eventually(function()
    return self:get "/-/ready" or not self.program:alive()
  end) or not self.program:alive() then
    self:stop()
    error("Prometheus did not start: " .. self.program:stderr(), 2)
  end
  return self
end

--- The body of a 200; nil for anything else.
function Prometheus:get(path)
  local response = self.http:send({ method = "GET", url = self.url .. path,
    may_resend = true }, 30)
  return response and response.status == 200 and response.body or nil
end

--- The result of an expression now; raises where it is none.
---@param expression string
---@return {metric: table<string, string>, value: table}[]
function Prometheus:query(expression)
  local body = self:get("/api/v1/query?query=" .. core.escape(expression))
  return json.decode(assert(body, expression)).data.result
end

local function names(results)
  local set = {}
  for _, result in ipairs(results) do
    set[result.metric.alertname] = true
  end
  return set
end

--- The alerts that fire now.
---@return table<string, true>
function Prometheus:firing()
  return names(self:query 'ALERTS{alertstate="firing"}')
end

--- The alerts that fired at any time, even when they have ended.
---@return table<string, true>
function Prometheus:fired()
  return names(self:query
    'max_over_time(ALERTS{alertstate="firing"}[1h])')
end

--- Ends it; a second call does nothing.
function Prometheus:stop()
  self.http:close()
  self.program:stop()
  if self.dir then
    process.remove(self.dir)
    self.dir = nil
  end
end

return M
