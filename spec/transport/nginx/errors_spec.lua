-- trouble: each error names what to write into nginx.conf. Here the words
-- alone; that ngx_lua speaks so is in the crew's spec, with a real one.
local trouble = require "equinix.transport.nginx.errors"

describe("the words for a call that found no thread", function()
  for said, expected in pairs {
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
    it("are of kind config, and helpful: " .. said:match "^[^\n]*", function()
      local err = trouble.of(said, "equinix")
      assert.are.same({ "config", expected[1], false },
        { err.kind, err.code, err.maybe_sent })
      for i = 2, #expected do
        assert.truthy(err.message:find(expected[i]), err.message)
      end
    end)
  end

  it("name the pool that is missing", function()
    assert.truthy(trouble.of("thread pool mine not found", "mine").message
      :find("thread_pool mine threads", 1, true))
  end)

  it("tell a call that was in time for a thread from one that was not",
    function()
      assert.are.same({ "timeout", false, "timeout", true }, {
        trouble.late(false).kind, trouble.late(false).maybe_sent,
        trouble.late(true).kind, trouble.late(true).maybe_sent,
      })
    end)

  it("know which refusal is for want of a VM", function()
    assert.is_true(trouble.is_full "no available Lua vm")
    assert.is_false(trouble.is_full "thread pool equinix not found")
  end)
end)
