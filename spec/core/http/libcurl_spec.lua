-- libcurl: it is loaded when it is needed, and where it can't be, an error
-- says so.
local process = require "spec.support.process"

local me = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local build = (os.getenv "BUILD" or "build") .. "/" .. me

-- Where it is linked with libcurl instead (tools/libcurl.sh says when).
local function is_linked()
  return process.capture("nm -D --undefined-only " .. build
    .. "/equinix/core.so 2>/dev/null"):find "curl_"
end

-- Runs Lua code; `mapped` is in front of it.
local MAPPED = [[
local function mapped()
  for line in io.lines "/proc/self/maps" do
    if line:find("/libcurl", 1, true) then
      return true
    end
  end
  return false
end
local core = require "equinix.core"
]]

local function run(code, before)
  return process.capture(("%s LUA_PATH='lua/?.lua;lua/?/init.lua;;' "
    .. "LUA_CPATH='%s/?.so;;' %s -e %s 2>&1"):format(before or "", build,
    arg[-1] or me, process.quote(MAPPED .. code)))
end

local function where_loaded(test)
  return function()
    if is_linked() then
      return pending "this build is linked with libcurl"
    elseif not io.open "/proc/self/maps" then
      return pending "there is no /proc"
    end
    test()
  end
end

describe("libcurl", function()
  it("is not loaded for what does not need it", where_loaded(function()
    local said = run [[
      assert(not mapped())
      core.sha256 ""
      assert(core.tokens.open "a key")
      assert(core.url "https://api.equinix.com")
      assert(core.url "http://127.0.0.1:8080/")
      print(mapped())]]
    assert.equal("false", (said:gsub("%s+$", "")))
  end))

  it("is loaded by each function that begins with it", where_loaded(function()
    for _, call in ipairs { "http()", "engine()", "versions()", "system_ca()",
      "date 'x'", "url 'https://a.b/?c'", "url_join('https://a.b/', 'c')",
      "prepare { method = 'GET', url = 'https://a.b/' }", "load_libcurl()" } do
      local said = run("core." .. call .. "; print(mapped())")
      assert.equal("true", (said:gsub("%s+$", "")), call)
    end
  end))

  it("is loaded with the library, since a server forks after that",
    where_loaded(function()
      local said = run [[require "equinix"; print(mapped())]]
      assert.equal("true", (said:gsub("%s+$", "")))
    end))

  it("that is not there is an error that names it", where_loaded(function()
    local file = assert(io.open((os.getenv "BUILD" or "build")
      .. "/libcurl.h"))
    local name = file:read("*a"):match '"(.-)"'
    file:close()
    local dir = process.tempdir()
    -- A library of that name without its functions.
    process.capture(([[cd %s && echo 'int x;' >x.c &&
      cc -shared -fPIC -o %s x.c]]):format(dir, name))
    local said = run([[
      local ok, message = pcall(core.http)
      print(ok, message)
      print(pcall(core.url, "https://a.b/?c"))
      print((pcall(require, "equinix")))]], "LD_LIBRARY_PATH=" .. dir)
    process.remove(dir)
    local count = select(2, said:gsub("false%s+[^\n]*libcurl[^ ]* has no ",
      ""))
    assert.equal(2, count, said)
    assert.matches("\nfalse%s*$", said)
  end))

  it("has each function that the core calls", where_loaded(function()
    local said = process.capture("nm -D --undefined-only " .. build
      .. "/equinix/core.so")
    assert.is_nil(said:find("curl_", 1, true), said)
  end))
end)
