-- sigpipe: a write to a connection that is gone does not end the program.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"

-- Whether libcurl may raise it; see src/http/curl_init.h.
local major, minor = core.versions().libcurl:match "^libcurl/(%d+)%.(%d+)"
local IS_OLD = tonumber(major) * 1000 + tonumber(minor) < 7087

describe("SIGPIPE", function()
  local handle, server

  before_each(function()
    handle = Handle.new()
  end)
  after_each(function()
    handle:close()
    if server then
      server:stop()
      server = nil
    end
  end)

  it("is not raised by a server that goes away, with TLS and without",
    function()
      -- The signal would end the program that runs this spec.
      local made = certificates.make()
      for _, tls in ipairs { made.good, false } do
        server = rawserver.start([[
          local c = ...
          c:receive(100)
          c:reset()
        ]], tls or nil)
        for _ = 1, 2 do
          local response, err = handle:post(server.url,
            { body = ("x"):rep(5000000), ca_file = made.ca_file })
          assert.is_nil(response)
          assert.are.equal("network", err.kind)
        end
        server:stop()
        server = nil
      end
      certificates.remove(made)
    end)

  -- Whether this thread blocks it, and only it: bit 12 of the mask but not 14,
  -- SIGTERM. Valgrind blocks all signals while it runs our code.
  local function is_held(status)
    local mask = tonumber(status:match("SigBlk:%s*(%x+)"):sub(-4), 16)
    return math.floor(mask / 4096) % 2 == 1
      and math.floor(mask / 16384) % 2 == 0
  end

  local function read_status()
    local file = assert(io.open "/proc/self/status")
    local text = file:read "*a"
    file:close()
    return text
  end

  if io.open "/proc/self/status" then
    it("is blocked where libcurl may raise it, and only then", function()
      -- The path is a process; its status is the response.
      server = rawserver.start [[
        local c = ...
        for request in function() return c:request() end do
          local file = io.open("/proc" .. request.path .. "/status")
          c:send(c.ok(file:read "*a"))
          file:close()
        end
      ]]
      local file = assert(io.open "/proc/self/stat")
      local url = ("%s/%d"):format(server.url, file:read "*n")
      file:close()
      assert.is_false(is_held(read_status()))
      assert.are.equal(IS_OLD, is_held(assert(handle:get(url)).body))
      assert.is_false(is_held(read_status()))
      assert.is_false((pcall(handle.get, handle, "")))
      assert.is_false(is_held(read_status()))
    end)
  end
end)
