-- connection: how many there are, and which of them HTTP/2 shares.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local core = require "equinix.core"
local h2server = require "spec.support.h2server"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

describe("the connections to an origin", function()
  local made

  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)

  for connections = 1, 3 do
    it(("are %d at most, however many streams wait"):format(connections),
      function()
        local server = h2server.start(made.good,
          "http2_max_concurrent_streams 10;")
        if not server then
          pending "needs nginx with HTTP/2"
          return
        end
        local http, list = core.http(), {}
        for i = 1, 500 do
          list[i] = Handle.request("POST", server.url .. "/" .. i,
            { ca_file = made.ca_file, connections = connections })
        end
        for _, result in ipairs(http:send_many(list, 500, 30)) do
          assert.is_nil(result.err and result.err.message)
        end
        http:close()
        local requests, count
        process.eventually(function() -- it logs when the answer is out
          requests, count = server:log()
          return requests >= 500
        end)
        server:stop()
        assert.are.equal(500, requests)
        assert.is_true(count <= connections, count)
      end)
  end

  it("are as many as asked for without HTTP/2",
    function()
      local raw = rawserver.start([[
        local c = ...
        while c:request() do
          c.share.now = (c.share.now or 0) + 1
          -- The first two are answered at once; then all wait for each other.
          while c.share.now > 2 and c.share.now < 22 do c:sleep(0.005) end
          c:send(c.ok "hello")
        end
      ]], { key = made.good.key, certificate = made.good.certificate })
      local http, list = core.http(), {}
      for i = 1, 22 do
        list[i] = Handle.request("GET", raw.url .. "/" .. i,
          { ca_file = made.ca_file })
      end
      local results = http:send_many(list, 20, 20)
      http:close()
      raw:stop()
      for _, result in ipairs(results) do
        assert.is_nil(result.err and result.err.message)
      end
    end)

  -- With 100 descriptors; the server sends nothing before 80 requests are
  -- there, so that there are 80 connections at once.
  it("leave half of the descriptors to the program when they are idle",
    function()
      local server = rawserver.start [[
        local c = ...
        local share = c.share
        for request in function() return c:request() end do
          share.count = (share.count or 0) + 1
          while share.count < 80 do
            c:sleep(0.005)
          end
          c:send(c.ok "x")
        end
      ]]
      finally(function()
        server:stop()
      end)
      local said = process.capture(("ulimit -n 100; exec %s -e %s -e %s 2>&1")
        :format(process.interpreter(), process.quote(
          ("package.path, package.cpath = %q, %q"):format(package.path,
            package.cpath)), process.quote(([[
          local core, list, files = require "equinix.core", {}, {}
          for i = 1, 80 do
            list[i] = { method = "GET", url = %q, connect_timeout = 30 }
          end
          local http = core.http()
          for _, result in ipairs(http:send_many(list, 80, 30)) do
            assert(result.response, result.err and result.err.message)
          end
          repeat
            local file = io.open "/dev/null"
            files[#files + 1] = file
          until #files == 40 or not file
          print(#files)]]):format(server.url))))
      assert.equal("40", said)
    end)
end)
