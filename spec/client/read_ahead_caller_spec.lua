-- read_ahead: what the caller's on_progress may do meanwhile.
local core = require "equinix.core"
local equinix = require "equinix"
local paged = require "spec.support.paged"

local server
before_each(function()
  server = paged.start()
end)
after_each(function()
  server:stop()
end)

local function client(opts)
  local all = { base_url = server.url, token = "t", retry = { base = 0.01 } }
  for name, value in pairs(opts or {}) do
    all[name] = value
  end
  return assert(equinix.new(all))
end

describe("on_progress", function()
  it("ends the list when it raises, at any page", function()
    for _, place in ipairs { 1, 2, 9, 20 } do
      local problem = { "mine" }
      local next_page = client():pages("/list?total=20&size=1", {
        on_progress = function(done)
          if done == place then
            error(problem, 0)
          end
        end,
      })
      for _ = 1, place - 1 do
        assert.truthy(next_page())
      end
      for _ = 1, 3 do
        local ok, raised = pcall(next_page)
        assert.is_false(ok)
        assert.equal(problem, raised)
      end
    end
  end)

  it("takes time that no page has less for it", function()
    local ids = {}
    local c = client { timeout = 0.5, retry = false }
    for item in c:items("/list?total=30&size=1&sleep=0.05", {
      on_progress = function(done)
        if done == 10 then
          core.sleep(1)
        end
      end,
    }) do
      ids[#ids + 1] = item.id
    end
    assert.equal(30, #ids)
  end)

  it("may read from the list itself, and close the client", function()
    local c, seen = client(), {}
    local next_page
    next_page = c:pages("/list?total=20&size=1", {
      raise = false,
      on_progress = function(done)
        if done == 4 then
          seen[#seen + 1] = next_page().data[1].id
        elseif done == 9 then
          c:close()
        end
      end,
    })
    local problem
    for page, err in next_page do
      seen[#seen + 1] = page and page.data[1].id or nil
      problem = not page and err
    end
    assert.same({ 1, 2, 3, 5, 4, 6, 7, 8, 9 }, seen)
    assert.equal("closed", problem.kind)
  end)
end)
