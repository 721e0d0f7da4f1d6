--- doctor: `equinix-auth doctor`, what is wrong and how to mend it.
--
-- Law of this file: one line for each check, in the order in which a call
-- needs what they look at, so that the first failure is the cause and not its
-- consequence; what can't be looked at is skipped and says why. A check names
-- variables, files and hosts, and never a secret.

local access = require "equinix.cli.client"
local account = require("equinix.base.lazy") "equinix.cli.doctor.credentials"
local json = require "equinix.base.json"
local output = require "equinix.cli.output"
local results = require "equinix.cli.doctor.result"
local settings = require("equinix.base.lazy") "equinix.cli.doctor.settings"
local threads = require("equinix.base.lazy") "equinix.cli.doctor.nginx"
local wire = require("equinix.base.lazy") "equinix.cli.doctor.network"

local M = {}

---@class equinix.doctor.Result
---@field check string its name
---@field status "ok"|"FAILED"|"skipped"
---@field message string what was seen
---@field remedy? string what to do about a failure
---@field code? integer exit code, of a failure

---@class equinix.doctor.State what checks tell those that come later
---@field args table of argparse
---@field settings? table configuration without credentials
---@field client? equinix.Client
---@field reached? boolean the server answered

-- Each: a name, the module, and its function(state) -> equinix.doctor.Result.
local CHECKS = {
  { "versions", settings, "versions" },
  { "settings", settings, "settings" },
  { "credentials", settings, "credentials" },
  { "secret file", settings, "secret_file" },
  { "store", settings, "store" },
  { "proxy", settings, "proxy" },
  { "name", wire, "name" },
  { "connection", wire, "connection" },
  { "tls", wire, "tls" },
  { "answer", wire, "answer" },
  { "clock", wire, "clock" },
  { "token", account, "token" },
  { "nginx", threads, "nginx" },
  { "thread pool", threads, "pool" },
}

local function print_line(result)
  output.write(("%-8s %-12s %s%s\n"):format(result.status, result.check,
    result.message, result.remedy and ": " .. result.remedy or ""))
  output.flush() -- the next one may take its time
end

-- What a check returns. One that raises has failed as well, and keeps those
-- behind it from nothing. A mistake of the user's has the library's words.
local function look(check, state)
  local ran, result = pcall(function()
    return check[2][check[3]](state)
  end)
  if ran then
    return result
  end
  local words = tostring(result)
  local misuse = words:match "^.-:%d+: equinix: (.*)$"
  return results.failed(misuse and 2 or 1, misuse
    or "this is a mistake in equinix-auth itself: " .. words)
end

local function run(args)
  local state, seen, code = { args = args }, {}, 0
  for i, check in ipairs(CHECKS) do
    local result = look(check, state)
    result.check = check[1]
    seen[i] = result
    if result.status == "FAILED" and code == 0 then
      code = result.code
    end
    if not args.json then
      print_line(result)
    end
  end
  if state.client then
    state.client:close()
  end
  if args.json then
    output.write(json.encode { checks = seen, exit_code = code }, "\n")
  end
  return code
end

local EXAMPLES = [[
It asks for one token. Credentials that were refused before are not sent
again, and it says how many attempts are left. Where that can't be remembered
each run is one of the 5 bad attempts that lock an account: so with --no-store
it asks for none but with --try-credentials.
Exit code: 0, or that of the first line that says FAILED.

Examples:
  equinix-auth doctor
  equinix-auth doctor --nginx-conf /etc/nginx/nginx.conf
  equinix-auth doctor --json | jq '.checks[] | select(.status == "FAILED")']]

--- Adds the command; returns what runs it.
function M.define(parser)
  local command = parser:command("doctor",
    "Say what is wrong here, and how to mend it.", EXAMPLES)
  command:flag("--json", "One JSON object.")
  command:option("--nginx", "Look at this nginx."):argname "<path>"
  command:option("--nginx-conf", "Look for the thread pool in this "
    .. "configuration of nginx."):target "nginx_conf":argname "<path>"
  command:flag("--try-credentials", "With --no-store: ask for a token all "
    .. "the same."):target "try_credentials"
  access.options(command)
  return { doctor = run }
end

return M
