-- What docs/emulator.md says about testing code against the emulator: its
-- example of a spec is one, and its table names every knob.
local emulator = require "equinix.emulator"
local knobs = require "equinix.emulator.knobs"
local process = require "spec.support.process"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- The search path from any folder.
local function absolute(path, root)
  return (path:gsub("[^;]+", function(template)
    return template:find "^/" and template or root .. "/" .. template
  end))
end

describe("the chapter on the emulator", function()
  local section = read "docs/emulator.md"

  it("shows a spec that passes as it stands", function()
    -- "Lua", since it is none of the blocks that run without busted.
    local code = assert(section:match "\n```Lua\n(.-)\n```")
    local dir = process.tempdir()
    finally(function()
      process.remove(dir)
    end)
    local file = assert(io.open(dir .. "/my_spec.lua", "w"))
    file:write(code)
    file:close()
    -- In a folder of its own: the settings in .busted are for these specs.
    local root = process.capture "pwd"
    local words = { "cd", dir, "&& env" }
    for name, value in pairs {
      LUA_PATH = absolute(package.path, root),
      LUA_CPATH = absolute(package.cpath, root),
    } do
      words[#words + 1] = process.quote(name .. "=" .. value)
    end
    words[#words + 1] = process.interpreter()
    words[#words + 1] = process.quote(root .. "/tools/busted.lua")
    words[#words + 1] = "-o plainTerminal my_spec.lua </dev/null 2>&1"
    local said, exit = process.capture(table.concat(words, " "))
    assert.equal(0, exit, said)
    local tests = select(2, code:gsub("\n%s+it%(", ""))
    assert.truthy(said:find(tests .. " successes", 1, true), said)
  end)

  it("names every member of an emulator, and no other", function()
    local e = assert(emulator.start { plain = true })
    local there = { ca_file = true }
    for _, members in ipairs { e, getmetatable(e).__index } do
      for name in pairs(members) do
        there[name] = not name:find "^__" or nil
      end
    end
    there.http, there.process = nil, nil -- its own
    e:stop()
    local table_of_members = section:match "\n| member |(.-)\n\n"
    local named = {}
    for cell in table_of_members:gmatch "\n| ([^|]+) |" do
      for name in cell:gmatch "`([%l_:]+)" do
        named[(name:gsub("^e:", ""))] = true
      end
    end
    assert.same(there, named)
  end)

  it("names every knob in its table, and no other", function()
    local named, known = {}, {}
    local table_of_knobs = section:match "\n## Knobs(.-)\n## "
    for cell in table_of_knobs:gmatch "\n| [^|\n]- | ([^\n]+) |" do
      for name in cell:gmatch "`([%l_]+)`" do
        named[name] = true
      end
    end
    for _, knob in ipairs(knobs.list) do
      known[knob.name] = true
    end
    assert.same(known, named)
  end)
end)
