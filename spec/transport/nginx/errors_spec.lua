-- errors: each error names what to write into nginx.conf. Here the messages of
-- ngx_lua are quoted; thread_pool_spec.lua has a real one.
local errors = require "equinix.transport.nginx.errors"

describe("the error of a call that found no thread", function()
  for message, expected in pairs {
    ["thread pool equinix not found"] = {
      "no_thread_pool", "`thread_pool equinix threads=2;`", "main part",
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

  it("says that no thread was free in time", function()
    local transport_err = errors.late()
    assert.are.same({ "timeout", "queue", false }, { transport_err.kind,
      transport_err.code, transport_err.maybe_sent })
    assert.truthy(transport_err.message:find "threads of thread_pool")
  end)

  it("says in the stream part that http has to fetch the token", function()
    local transport_err = errors.stream()
    assert.equal("stream", transport_err.code)
    assert.is_false(transport_err.maybe_sent)
    assert.matches("http part", transport_err.message, 1, true)
  end)

  it("recognises that there will be room later", function()
    assert.is_true(errors.is_temporary "no available Lua vm")
    assert.is_false(errors.is_temporary "thread pool equinix not found")
  end)
end)
