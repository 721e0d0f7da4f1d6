-- nginx round trips: inside nginx, too, a token request leaves its connection
-- to the calls that follow, and takes one that is alive.
local Handle = require "spec.support.handle"
local certificates = require "spec.support.certificates"
local frames = require "spec.support.frames"
local nginx = require "spec.support.nginx"
local rawserver = require "spec.support.rawserver"
local scripted = require "spec.support.scripted"

local missing = nginx.missing()
if missing then
  pending("connections inside nginx: " .. missing)
  return
end

describe("a client inside nginx", function()
  local made, server, n

  setup(function()
    made = certificates.make()
  end)
  teardown(function()
    certificates.remove(made)
  end)
  after_each(function()
    n:stop()
    server:stop()
  end)

  for _, over in ipairs(frames.all) do
    it("needs one connection for token, calls and refresh over " .. over,
      function()
        server = rawserver.start(frames.script(frames.TOKENS, over),
          frames.tls(over, made.good))
        n = nginx.start { files = { ["demo.lua"] = nginx.client {
          client_id = scripted.unique(), client_secret = "secret",
          base_url = server.url,
          ca_file = over ~= "TCP" and made.ca_file or nil } } }
        assert.equal(200, n:run [[
          assert(demo:get "/fabric/v4/ports")
          assert(demo:refresh())
          assert(demo:refresh { force = true })
          return assert(demo:get "/fabric/v4/ports").status
        ]])
        assert.equal(5, #server:requests())
        if Handle.ANNOUNCES then
          assert.equal(1, server:connections())
        end
      end)
  end
end)
