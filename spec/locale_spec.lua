-- locale: the host's locale changes nothing that is sent or read.
local emulator = require "spec.support.emulator"
local locales = require "spec.support.locales"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

local SERVER = [[
  local c = ...
  while true do
    local request = c:request()
    if not request then
      return
    end
    local body = request.path == "/oauth2/v1/token"
      and '{"access_token":"one","token_timeout":"3599","rate":0.5}'
      or '{"data":[1,5],"price":0.25}'
    c:send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      .. "X-INFO-ID: 7\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
  end
]]

local made, reason = locales.make()
local it_has_locales = made and it
  or function(name) pending(name .. ": " .. reason) end

describe("in the locale", function()
  local server, e

  setup(function()
    server = rawserver.start(SERVER)
    e = emulator.start { plain = true }
  end)
  teardown(function()
    server:stop()
    e:stop()
    if made then
      made:remove()
    end
  end)

  -- The requests that a client of that process sent.
  local function requests(name, when)
    local before = #server:requests()
    local output = process.capture(("env -u LC_ALL LOCPATH=%s "
      .. "EQUINIX_API_TIMEOUT=2.5 %s spec/support/scripts/in_locale.lua "
      .. "%s %s %s 2>&1"):format(made.dir, process.interpreter(), server.url,
      name, when))
    assert.equal("done", output)
    local sent = {}
    for i, request in ipairs(server:requests()) do
      sent[i - before] = i > before and request or nil
    end
    return sent
  end

  for _, name in ipairs(locales.ALL) do
    for _, when in ipairs { "before", "after" } do
      if name ~= locales.WIDE or when == "after" or jit then
        it_has_locales(name .. ", set " .. when .. ", an app's calls work",
          function()
          e:reset()
          local output = process.capture(table.concat({ "env -u LC_ALL",
            "LOCPATH=" .. made.dir, process.interpreter(),
            "spec/support/scripts/in_locale_emulator.lua", e.base_url,
            e.client_id, e.client_secret, name, when, "2>&1" }, " "))
          assert.equal("done", output)
        end)
      end
    end

    for _, when in ipairs { "before", "host", "elsewhere", "after",
      "between" } do
      -- There lua-cjson ends the process of a host that makes an instance,
      -- and Lua itself can't load a file with a fraction in it.
      local possible = name ~= locales.WIDE or when == "after"
        or when == "before" and jit
      if possible then
        it_has_locales(name .. ", set " .. when .. ", all is as in C",
          function()
          local sent = requests(name, when)
          assert.equal(4, #sent) -- two for tokens
          assert.equal("/orders?Z=2&q=2.5&z=1", sent[3].path)
          assert.equal("0.5", sent[3].headers["x-number"])
          assert.matches('"price":1.5', sent[3].body, 1, true)
          assert.matches('"exact":123456789.123456', sent[3].body, 1, true)
          assert.matches('"list":[1,5]', sent[3].body, 1, true)
          assert.equal("price=1.5", sent[4].body)
          for _, request in ipairs(sent) do
            assert.not_matches("of-the-caller",
              request.headers.authorization or "", 1, true)
          end
        end)
      end
    end
  end
end)

-- string.lower and the classes that know letters ask the locale, in Lua as in
-- libc; equinix.base.text and ranges of bytes don't. The emulator's own
-- functions run in nginx's LuaJIT, which knows ASCII only.
describe("the code", function()
  local read = require("equinix.base.file").read

  local function each_line(folder, use)
    local list = process.capture("find " .. folder .. " -name '*.[chl]*'")
    for path in list:gmatch "[^\n]+" do
      for line in read(path):gmatch "[^\n]+" do
        use(path, line)
      end
    end
  end

  it("of Lua asks no locale about letters", function()
    each_line("lua", function(path, line)
      local code = not line:find "^ *%-%-" and line or ""
      assert.is_nil(code:gsub("%%%%", ""):find "%%[aAlLwWuUcCpP]",
        path .. ": " .. line)
      if path ~= "lua/equinix/base/text.lua"
        and not path:find "^lua/equinix/emulator/" then
        assert.is_nil(code:find ":lower%(" or code:find ":upper%(",
          path .. ": " .. line)
      end
    end)
  end)

  it("of C asks no locale at all", function()
    local names = { "strcasecmp", "strncasecmp", "tolower", "toupper",
      "isalpha", "isalnum", "isspace", "isprint", "iscntrl", "strtod",
      "atof", "setlocale", "strcoll", "sscanf" }
    each_line("src", function(path, line)
      for _, name in ipairs(names) do
        assert.is_nil(line:find("%f[%w_]" .. name .. "%("),
          path .. ": " .. line)
      end
    end)
  end)
end)
