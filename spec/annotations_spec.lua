-- annotations: what an editor is told is what there is. The types of the C
-- module (src/*.meta.lua), of the client's methods, of options and fields.
local core = require "equinix.core"
local equinix = require "equinix"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local META = read "src/core.meta.lua" .. read "src/json.meta.lua"
  .. read "src/program.meta.lua"
  .. read "src/tokens.meta.lua"

local function sorted(set)
  local names = {}
  for name in pairs(set) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- The names that a pattern captures in a text.
local function captures(text, pattern)
  local set = {}
  for name in text:gmatch(pattern) do
    set[name] = true
  end
  return sorted(set)
end

local function functions(object)
  local set = {}
  for name, value in pairs(object) do
    set[name] = type(value) == "function" or nil
  end
  return sorted(set)
end

-- Our metatables are hidden from all but debug.
local function methods(object)
  return functions(debug.getmetatable(object).__index)
end

--- The fields of a class, its parent's too.
local function fields(path, class)
  local set, text = {}, read(path)
  while class do
    local rest, body = text:match("\n%-%-%-@class " .. class
      .. "%f[: \n]([^\n]*)\n(.-)\n[^-]")
    assert(body, class .. " is not in " .. path)
    for name in ("\n" .. body):gmatch "\n%-%-%-@field ([%w_]+)" do
      set[name] = true
    end
    class = rest:match "^: (equinix%.%S+)"
  end
  return sorted(set)
end

--- The keys of a table of names that a source file begins a line with.
local function keys(path, name)
  local body = read(path):match("\nlocal " .. name .. " = (%b{})")
  return captures(body, "([%w_]+) = \"")
end

describe("the types of the C module", function()
  it("name every function that is there, and no other", function()
    assert.same(functions(core), captures(META, "\nfunction core%.([%w_]+)%("))
    assert.same(functions(core.tokens),
      captures(META, "\nfunction core%.tokens%.([%w_]+)%("))
  end)

  it("name every method of a handle, of core.engine and of a slot", function()
    local handle = core.http()
    local slot = core.tokens.open("annotations", nil, true)
    local engine = core.engine()
    assert.same(methods(engine),
      captures(META, "\nfunction engine:([%w_]+)%("))
    engine:close()
    assert.same(methods(handle), captures(META, "\nfunction http:([%w_]+)%("))
    assert.same(methods(slot), captures(META, "\nfunction slot:([%w_]+)%("))
    slot:close()
    handle:close()
    local child = assert(core.start_command "true")
    assert.same(methods(child), captures(META, "\nfunction child:([%w_]+)%("))
    child:stop()
  end)

  it("name every part of a URL and of the versions", function()
    local function names(object)
      local set = {}
      for name in pairs(object) do
        set[name] = true
      end
      return sorted(set)
    end
    assert.same(names(core.url "https://host/path?query"),
      fields("src/core.meta.lua", "equinix.core.url"))
    assert.same(names(core.versions()), captures(
      META:match "\n%-%- core%.c.-function core.versions",
      "(lib%w+): string"))
  end)
end)

describe("the types of the client", function()
  it("name every method", function()
    local client = assert(equinix.new { token = "t" })
    local public = { authorization = true }
    for name in pairs(getmetatable(client)) do
      public[name] = not name:find "^__" or nil
    end
    local text, told = read "lua/equinix/client.lua", {}
    for _, pattern in ipairs { "\nfunction Client:(%l[%w_]*)%(",
      "\n%-%-%-@field ([%w_]+) equinix%.Client%.method",
      "\n%-%-%-@field (authorization) fun" } do
      for _, name in ipairs(captures(text, pattern)) do
        told[name] = true
      end
    end
    assert.same(sorted(public), sorted(told))
    client:close()
  end)

  it("name every option, and the fields of every call", function()
    assert.same(keys("lua/equinix/client/options.lua", "NEW"),
      fields("lua/equinix/client/options.lua", "equinix.Options"))
    assert.same(keys("lua/equinix/http/validate.lua", "REQUEST"),
      fields("lua/equinix/http/validate.lua", "equinix.Request"))
  end)
end)
