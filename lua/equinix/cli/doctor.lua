--- doctor: `equinix-auth doctor`, what is wrong and how to fix it.
--
-- Law of this file: one line for each check (for each fault of a store), in
-- the order in which a call depends on them, so that the first failure is the
-- cause and not a consequence; what can't be checked is skipped, with the
-- reason. A check names variables, files and hosts, and never a secret. After
-- a setting that can't be used nothing is sent, and after something was sent
-- the exit code is not the one that says so.

local clients = require "equinix.cli.client"
local credentials =
  require("equinix.base.lazy") "equinix.cli.doctor.credentials"
local exit_code = require "equinix.cli.exit_code"
local json = require "equinix.base.json"
local network = require("equinix.base.lazy") "equinix.cli.doctor.network"
local nginx = require("equinix.base.lazy") "equinix.cli.doctor.nginx"
local output = require "equinix.cli.output"
local printable = require "equinix.base.printable"
local results = require "equinix.cli.doctor.result"
local settings = require("equinix.base.lazy") "equinix.cli.doctor.settings"
local store = require("equinix.base.lazy") "equinix.cli.doctor.store"

local M = {}

---@class equinix.doctor.Result
---@field check string its name
---@field status "ok"|"FAILED"|"skipped"
---@field message string what was found
---@field remedy? string what to do about a failure
---@field code? integer exit code of a failure

---@class equinix.doctor.State what checks leave for those that follow
---@field args table of argparse
---@field settings? table configuration without credentials
---@field client? equinix.Client
---@field unusable? string the first check that failed with code 2
---@field reached? boolean the server answered
---@field probe? table the one request of network.lua
---@field nginx? table of supervisor/nginx
---@field latched? table fields of the client's last event of that name
---@field store_failed? table the same
---@field store_err? equinix.Error of the store that the environment names
---@field store_away? boolean it was not reached

-- Each: a name, the module, and its function(state), which returns an
-- equinix.doctor.Result or a list of them.
local CHECKS = {
  { "versions", settings, "versions" },
  { "settings", settings, "settings" },
  { "credentials", settings, "credentials" },
  { "secret file", settings, "secret_file" },
  { "store", store, "store" },
  { "stored", store, "stored" },
  { "proxy", settings, "proxy" },
  { "name", network, "name" },
  { "connection", network, "connection" },
  { "tls", network, "tls" },
  { "answer", network, "answer" },
  { "clock", network, "clock" },
  { "token", credentials, "token" },
  { "nginx", nginx, "nginx" },
  { "thread pool", nginx, "pool" },
}

local function print_line(result)
  output.write(printable.text(("%-8s %-12s %s%s"):format(result.status,
    result.check, result.message, result.remedy and ": " .. result.remedy
    or "")), "\n")
  output.flush() -- the next check may take a while
end

-- The results of a check. One that raises has failed, and the others still
-- run.
local function run_check(check, state)
  local ran, result = pcall(function()
    return check[2][check[3]](state)
  end)
  if not ran then
    result = results.failed(exit_code.of_raised(result))
  end
  return result[1] and result or { result }
end

-- Notes a failure for the checks that follow; returns its exit code.
local function note_failure(result, state)
  if result.code ~= exit_code.USAGE then
    return result.code
  elseif state.probe then
    return exit_code.FAILURE
  end
  state.unusable = state.unusable or result.check
  return result.code
end

local function run(args)
  local state, checks, code = { args = args }, {}, 0
  for _, check in ipairs(CHECKS) do
    for _, result in ipairs(run_check(check, state)) do
      result.check = check[1]
      checks[#checks + 1] = result
      if result.status == "FAILED" then
        local own = note_failure(result, state)
        code = code == 0 and own or code
      end
      if not args.json then
        print_line(result)
      end
    end
  end
  if state.client then
    state.client:close()
  end
  if args.json then
    output.write(printable.json(json.encode {
      checks = checks,
      exit_code = code,
    }), "\n")
  end
  return code
end

local EXAMPLES = [[
It makes one token request. Credentials that were refused before are not sent
again, and it says how many attempts are left. Where a refusal can't be
remembered, each run is one of the 5 bad attempts that lock an account; so with
--no-store it makes no token request unless --try-credentials is given.
Exit code: 0, or that of the first line that says FAILED.

Examples:
  equinix-auth doctor
  equinix-auth doctor --nginx-conf /etc/nginx/nginx.conf
  equinix-auth doctor --json | jq '.checks[] | select(.status == "FAILED")']]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES)
  command:flag("--json", "Print one JSON object.")
  command:option("--nginx", "Check this nginx."):argname "<path>"
  command:option("--nginx-conf", "Look for the thread pool in this "
    .. "configuration of nginx."):target "nginx_conf":argname "<path>"
  command:flag("--try-credentials", "With --no-store: make a token request "
    .. "anyway."):target "try_credentials"
  clients.options(command)
  return run
end

return M
