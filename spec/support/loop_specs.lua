-- loop_specs: runs the contract of a loop's adapter, or says why it can't.
local async = require "equinix.transport.async"
local busted = require "busted"
local contract = require "spec.support.loop_contract"
local exchange = require "spec.support.loop_exchange"
local life = require "spec.support.loop_life"
local paging = require "spec.support.loop_paging"

---@param name string of a file of spec/support/loops
---@param library? string that it needs
---@return table|nil loop for more specs; nil: it can't be had here
return function(name, library)
  local found, why = true, nil
  if library then
    found, why = pcall(require, library)
  end
  if found and async.able() then
    local loop = require("spec.support.loops." .. name)
    busted.describe("the adapter for " .. (library or "one's own loop"),
      function()
        contract(loop)
        exchange(loop)
        life(loop, name)
        paging(loop)
      end)
    return loop
  end
  busted.describe("the adapter for " .. (library or "one's own loop"),
    function()
      if not found then
        busted.pending("needs " .. library .. ": "
          .. tostring(why):match "[^\n]+")
        return
      end
      busted.it("refuses plain Lua 5.1 with a sentence", function()
        local loaded, message = pcall(require, "spec.support.loops." .. name)
        assert(not loaded)
        assert(tostring(message):find("plain Lua 5.1, which can't", 1, true),
          message)
      end)
    end)
end
