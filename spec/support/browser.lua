-- browser: the system's Chromium, driven by playwright-core of npm.
--
--   local missing = browser.why_not()      -- a reason to skip, or nil
--   local b = browser.start { viewport = { width = 1280, height = 800 } }
--   b:run("await page.goto(args.url)", { url = e.base_url .. "/_emulator/" })
--   b:run [[return await page.title()]]    -- a value, as JSON has it
--   b:stop()
--
-- What is run is the body of an async function of Playwright's `page` and
-- `context`, of `args`, and of `state`, which lasts as long as the browser:
-- state.errors are the errors of pages. `page.waitFor...` waits a minute. The
-- options are those of Playwright's browser.newContext. It ends with the
-- process that runs the specs, however that ends.
local core = require "equinix.core"
local json = require "equinix.base.json"
local npm = require "spec.support.npm"
local process = require "spec.support.process"
local read_file = require("equinix.base.file").read

local M = {}
local Browser = {}
Browser.__index = Browser

local NAMES = { "chromium", "chromium-browser", "google-chrome" }

local function executable()
  for _, name in ipairs(NAMES) do
    local path, code = process.capture("command -v " .. name)
    if code == 0 then
      return path
    end
  end
end

--- Why no browser can be driven here; nil when one can.
---@return string|nil
function M.why_not()
  if not executable() then
    return "Chromium is not installed (apt install chromium)"
  end
  return npm.why_not()
end

--- Starts one with an empty profile, and waits until it is ready.
---@param context? table options of Playwright's newContext
---@param args? string[] more options of Chromium
function M.start(context, args)
  local dir = process.tempdir()
  local self = setmetatable({ dir = dir, http = core.http() }, Browser)
  self.secret = process.capture "od -An -N16 -tx1 /dev/urandom | tr -d ' \n'"
  self.program = process.start({
    npm.folder .. "/node", "spec/support/browser.mjs", npm.folder,
    assert(json.encode {
      executable = executable(), secret = self.secret,
      ready_file = dir .. "/port", context = context or { locale = "en" },
      args = args,
    }),
  }, { until_eof = true, env = { HOME = dir, TMPDIR = dir,
    XDG_RUNTIME_DIR = dir, XDG_CONFIG_HOME = false,
    XDG_CACHE_HOME = false } })
  self.port = process.eventually(function()
    return read_file(dir .. "/port") or not self.program:alive() and "none"
  end, 120)
  if not tonumber(self.port) then
    self:stop()
    error("the browser did not start: " .. self.program:stderr(), 2)
  end
  return self
end

--- Runs a piece of JavaScript; raises its error.
---@param code string the body of an async function
---@param args? table
---@return any value what it returned, by JSON
function Browser:run(code, args)
  local response, err = self.http:send({
    method = "POST",
    url = "http://127.0.0.1:" .. self.port .. "/",
    headers = { { "X-Secret", self.secret } },
    body = assert(json.encode { code = code, args = args or {} }),
    max_body = 16 * 1024 * 1024,
  }, 120)
  if not response then
    error(err.message, 2)
  end
  local answer = assert(json.decode(response.body))
  if answer.error then
    error(answer.error, 2)
  end
  return answer.value
end

--- Ends it; a second call does nothing.
---@return integer exit code
function Browser:stop()
  self.http:close()
  local code = self.program:stop()
  if self.dir then
    process.remove(self.dir)
    self.dir = nil
  end
  return code
end

return M
