-- tls_pending: what lies in a TLS library is no response.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local rawserver = require "spec.support.rawserver"

for _, protocol in ipairs { "TCP", "tlsv1_2", "tlsv1_3" } do
  describe("a kept connection over " .. protocol, function()
    local made, server, handle

    setup(function()
      made = certificates.make()
    end)
    teardown(function()
      certificates.remove(made)
    end)
    before_each(function()
      handle = Handle.new()
    end)
    after_each(function()
      handle:close()
      server:stop()
    end)

    local function start(script)
      local tls = protocol ~= "TCP" and {
        key = made.good.key, certificate = made.good.certificate,
        protocol = protocol,
      } or nil
      server = rawserver.start(script, tls)
      return { ca_file = tls and made.ca_file or nil }
    end

    it("without anything unread is used", function()
      local fields = start [[
        local c = ...
        while c:request() do c:send(c.ok(("x"):rep(20000))) end
      ]]
      for _ = 1, 5 do
        assert(handle:post(server.url, fields))
      end
      assert.are.equal(1, server:connections())
    end)

    -- The end of the first response and a second one come together, when
    -- the client has read the start: over TLS they are one record.
    for shape, first in pairs {
      ["its length"] = {
        "HTTP/1.1 200 OK\\r\\nContent-Length: 20001\\r\\n\\r\\nx",
        ("x"):rep(20000),
      },
      ["the end of its chunks"] = {
        "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
          .. "1\\r\\nx\\r\\n",
        "1\\r\\nx\\r\\n0\\r\\n\\r\\n",
      },
      ["no body"] = { "", "HTTP/1.1 204 None\\r\\n\\r\\n" },
    } do
      it("with a response behind " .. shape .. " is not used", function()
        local fields = start(([[
          local c, n = ...
          local start, rest = "%s", "%s"
          for request in function() return c:request() end do
            if request.path == "/first" then
              c:send(start)
              while start ~= "" and not c.share.asked do c:sleep(0.005) end
              c:send(rest .. c.ok "of another caller")
            else
              c.share.asked = true
              c:send(c.ok "its own")
            end
          end
        ]]):format(first[1], first[2]))
        local other, asked = Handle.new(), false
        assert(handle.http:send(Handle.request("GET", server.url .. "/first",
          fields), 10, function()
          asked = asked or assert(other:get(server.url .. "/go", fields))
        end))
        other:close()
        local response = assert(handle:post(server.url .. "/next", fields))
        assert.are.equal("its own", response.body)
      end)
    end
  end)
end
