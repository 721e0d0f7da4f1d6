-- store.contract: the promises of a store, kept by the shortest one.
local contract = require "equinix.store.contract"
local memory_store = require "spec.support.memory_store"

describe("a store in memory", function()
  local store
  contract.declare {
    make = function()
      store = memory_store.new()
      return store
    end,
    peer = function()
      return memory_store.new(store.data)
    end,
    seconds = 0.05,
    lenient = true,
  }
end)
