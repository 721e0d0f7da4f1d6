-- errors: each error names what to write into nginx.conf. Here the messages of
-- ngx_lua are quoted; thread_pool_spec.lua has a real one.
local errors = require "equinix.transport.nginx.errors"

describe("the error of a call that found no thread", function()
  for message, expected in pairs {
    ["thread pool equinix not found"] = {
      "no_thread_pool", "`thread_pool equinix threads=32;`", "main part",
    },
    ["module 'equinix.core' not found:\n\tno field"] = {
      "no_module", "equinix%.core", "lua_package_path", "lua_package_cpath",
    },
    ["error loading module 'equinix.core' from file"] = {
      "no_module", "equinix%.core", "lua_package_cpath",
    },
    ["no available Lua vm"] = { "no_vm", "lua_worker_thread_vm_pool_size" },
    ["ngx_thread_task_post failed"] = { "pool_full", "max_queue" },
    ["too many pending timers"] = { "timers", "lua_max_pending_timers" },
    ["something new\nwith a second line"] = {
      "worker_thread", "something new$",
    },
  } do
    it("is of kind config, and says what to do: "
      .. message:match "^[^\n]*", function()
      local transport_err = errors.of(message, "equinix")
      assert.are.same({ "config", expected[1], false },
        { transport_err.kind, transport_err.code,
          transport_err.maybe_sent })
      for i = 2, #expected do
        assert.truthy(transport_err.message:find(expected[i]),
          transport_err.message)
      end
    end)
  end

  it("names the pool that is missing", function()
    assert.truthy(errors.of("thread pool mine not found", "mine").message
      :find("thread_pool mine threads", 1, true))
  end)

  it("says whether the call was passed to a thread in time",
    function()
      assert.are.same({ "timeout", false, "timeout", true }, {
        errors.late(false).kind, errors.late(false).maybe_sent,
        errors.late(true).kind, errors.late(true).maybe_sent,
      })
    end)

  it("says in the stream part that http has to fetch the token", function()
    local transport_err = errors.stream()
    assert.equal("stream", transport_err.code)
    assert.is_false(transport_err.maybe_sent)
    assert.matches("http part", transport_err.message, 1, true)
  end)

  it("recognises that no VM is free", function()
    assert.is_true(errors.is_full "no available Lua vm")
    assert.is_false(errors.is_full "thread pool equinix not found")
  end)
end)
