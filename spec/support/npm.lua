-- npm: the clients of the MCP project, fetched once into build/npm.
--
--   local missing = npm.why_not()     -- a reason to skip, or nil
--   local seen = npm.talk { kind = "sdk", url = "...", calls = {} }
local json = require "equinix.base.json"
local process = require "spec.support.process"
local tables = require "equinix.base.table"

local M = {}

local FOLDER = (os.getenv "BUILD" or "build") .. "/npm"
local PACKAGES = FOLDER .. "/node_modules/@modelcontextprotocol/"

local function absolute(path)
  return path:find "^/" and path or process.capture "pwd" .. "/" .. path
end

--- The folder with node_modules and a Node to run it.
M.folder = absolute(FOLDER)

local reason

--- Why there are no clients here; nil when there are. They are fetched when
--- this is first called.
---@return string|nil
function M.why_not()
  if reason == nil then
    local said, code = process.capture("tools/npm.sh "
      .. process.quote(FOLDER) .. " 2>&1")
    local file = io.open(FOLDER .. "/why-not")
    reason = file and file:read "*l" or code ~= 0 and said or false
    if file then
      file:close()
    end
  end
  return reason or nil
end

-- Runs a Node program with the environment `env`, and nothing of this user's
-- account.
local function run(words, env)
  local command = { FOLDER .. "/node" }
  for _, word in ipairs(words) do
    command[#command + 1] = word
  end
  local dir = process.tempdir()
  local all = tables.copy(env)
  all.HOME, all.XDG_RUNTIME_DIR = dir, dir
  local p = process.start(command, { env = all })
  local code = p:wait(60)
  p:stop()
  process.remove(dir)
  return code, p:stdout(), p:stderr()
end

--- One session of a client (spec/support/mcp_client.mjs); what it saw.
---@param plan table kind, url or command, headers, calls
---@param env? table<string, string|false>
---@return table
function M.talk(plan, env)
  local _, out, said = run({ "spec/support/mcp_client.mjs",
    M.folder, assert(json.encode(plan)) }, env)
  return json.decode(out) or error(out .. said, 2)
end

--- The Inspector's command line.
---@return integer code
---@return table|nil response
---@return string stderr
function M.inspect(words, env)
  table.insert(words, 1, PACKAGES
    .. "inspector/clients/launcher/build/index.js")
  table.insert(words, 2, "--cli")
  local code, out, said = run(words, env)
  return code, json.decode(out), said
end

--- A scenario of the conformance suite: the result of every check.
---@return table<string, string> by the check's id: "SUCCESS", or the worst
---@return string output
function M.conform(url, scenario, version)
  local code, out, said = run { PACKAGES .. "conformance/dist/index.js",
    "server", "--url", url, "--scenario", scenario, "--spec-version",
    version }
  local checks, n = {}, 0
  out = out:gsub("\27%[[%d;]*m", "")
  for id, outcome in out:gmatch "%[([%w%-]+) *%] (%u+) " do
    n = n + 1
    if checks[id] ~= "FAILURE" then
      checks[id] = outcome
    end
  end
  assert(n > 0, ("%s (%s)\n%s%s"):format(scenario, tostring(code), out, said))
  return checks, out
end

return M
