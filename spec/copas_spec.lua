-- copas: the client in the threads of copas 4.
local loop = require "spec.support.loop_specs"("copas", "copas")
local world = require "spec.support.loop_world"

local socket = require "socket"

describe("equinix.copas", function()
  it("refuses a copas before 4 with a sentence", function()
    local loaded = package.loaded
    local copas, adapter = loaded.copas, loaded["equinix.copas"]
    loaded.copas, loaded["equinix.copas"] = { _VERSION = "Copas 1.2.0" }, nil
    local ok, message = pcall(require, "equinix.copas")
    loaded.copas, loaded["equinix.copas"] = copas, adapter
    assert.is_false(ok)
    assert.matches("needs copas 4 or newer; this one is Copas 1.2.0", message)
  end)

  if not loop then
    return
  end

  local copas = require "copas"
  local adapter = require "equinix.copas"
  local w

  before_each(function()
    w = world.new(loop)
  end)
  after_each(function()
    w.server:stop()
  end)

  it("lets the handlers of a server wait, if they are wrapped", function()
    local client, answers = w:client(), {}
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    copas.addserver(listener, copas.handler(adapter.wrap(function(connection)
      local line = connection:receive "*l"
      connection:send(world.get(client, line) .. "\n")
      connection:close()
    end)))
    for i = 1, 5 do
      copas.addthread(function()
        local connection = copas.wrap(socket.tcp())
        assert(connection:connect("127.0.0.1", port))
        connection:send("/" .. i .. "\n")
        answers[i] = connection:receive "*l"
        connection:close()
        if #answers == 5 then
          copas.removeserver(listener)
        end
      end)
    end
    copas.loop()
    assert.same({ '"/1"', '"/2"', '"/3"', '"/4"', '"/5"' }, answers)
    assert.equal(1, w:token_requests())
  end)

  it("says so where select can't take the descriptor", function()
    local client, err = w:client(), nil
    local size = socket._SETSIZE
    socket._SETSIZE = 1
    adapter.run(function()
      local _
      _, err = client:get "/"
    end)
    copas.loop()
    socket._SETSIZE = size
    assert.equal("cannot_wait", err.code)
    assert.matches("select takes none above %d+", tostring(err))
    assert.equal(0, w.server:connections())
  end)
end)
