-- release: what is published agrees with itself: the version in every place,
-- both rockspecs, the packages, the image.
--
-- Law of this file: it reads files and runs nothing; `make release-check` runs
-- it, and then builds what it is about. Only lua/equinix/base/version.lua says
-- the version; the rest has to follow.
local lfs = require "lfs"
local version = require("equinix.base.version").VERSION

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- The values that a rockspec sets.
local function rockspec(path)
  local values = {}
  local chunk = assert((loadstring or load)(read(path)))
  if setfenv then
    setfenv(chunk, values)
  else
    debug.setupvalue(chunk, 1, values)
  end
  chunk()
  return values
end

local NUMBER = "(%d+%.%d+%.%d+)"

-- The first version in a file behind each of these.
local PLACES = {
  ["src/core.h"] = { '#define EQ_VERSION "' },
  ["src/core.meta.lua"] = { 'the version of the core, "' },
  ["man/equinix-auth.1"] = { "\n%.Os lua%-equinix " },
  ["CHANGELOG.md"] = { "\n## " },
  ["debian/changelog"] = { "^lua%-equinix %(" },
  ["Containerfile"] = { "image%.version=\"", "%-t equinix%-auth:",
    ":ro equinix%-auth:" },
  ["examples/kubernetes.yaml"] = { "/equinix%-auth:" },
  ["docs/install.md"] = { "install lua%-equinix%-", "%-t equinix%-auth:" },
  ["bench/loop.h"] = { "User%-Agent: lua%-equinix/" },
  ["bench/loop_runners.lua"] = { '"lua%-equinix/' },
}

describe("the version", function()
  for path, befores in pairs(PLACES) do
    it("is the same in " .. path, function()
      for _, before in ipairs(befores) do
        assert.equal(version, read(path):match(before .. NUMBER), before)
      end
    end)
  end

  it("has its date in both changelogs", function()
    local year, month, day = read "CHANGELOG.md":match("\n## "
      .. version:gsub("%p", "%%%0") .. " %- (%d+)%-(%d+)%-(%d+)\n")
    local names = "JanFebMarAprMayJunJulAugSepOctNovDec"
    local name = names:sub(month * 3 - 2, month * 3)
    assert.matches("  %a%a%a, " .. day .. " " .. name .. " " .. year .. " ",
      read "debian/changelog")
  end)

  it("stands below what is not released yet", function()
    local headings = {}
    for heading in read "CHANGELOG.md":gmatch "\n## (%S+)" do
      headings[#headings + 1] = heading
    end
    assert.same({ "Unreleased", version }, { headings[1], headings[2] })
  end)
end)

describe("the rockspec of the version", function()
  local path = ("lua-equinix-%s-1.rockspec"):format(version)
  local released, scm = rockspec(path), rockspec "lua-equinix-scm-1.rockspec"

  it("names the version, and the archive of the tag", function()
    assert.equal(version .. "-1", released.version)
    assert.equal("lua-equinix-" .. version, released.source.dir)
    assert.matches("/lua%-equinix%-" .. version:gsub("%p", "%%%0")
      .. "%.tar%.gz$", released.source.url)
  end)

  it("is in all else the one of a checkout", function()
    for _, values in ipairs { released, scm } do
      values.version, values.source = nil, nil
    end
    assert.same(scm, released)
  end)

  it("is the only one beside that", function()
    local found = {}
    for name in lfs.dir "." do
      found[#found + 1] = name:match "^.*%.rockspec$"
    end
    table.sort(found)
    assert.same({ path, "lua-equinix-scm-1.rockspec" }, found)
  end)
end)

--- The names of packages in a field of equinix-auth's, in debian/control.
local function packages(field)
  local text = read "debian/control":gsub("\n +", " ")
  local part = text:match "\nPackage: equinix%-auth(\n.*)$"
  local names = {}
  local value = part:match("\n" .. field .. ": ([^\n]*)"):gsub("%b()", "")
  for name in value:gmatch "%l[%w.+-]+" do
    names[#names + 1] = name
  end
  return names
end

describe("the image", function()
  local text = read "Containerfile"
  local installed = text:match "\n  apt%-get install .-\n([^\n]*\n[^\n]*)"

  it("has all that the command can use", function()
    local count = 0
    for _, field in ipairs { "Recommends", "Suggests" } do
      for _, name in ipairs(packages(field)) do
        count = count + 1
        assert.truthy((installed .. " "):find("%s" .. name:gsub("%p", "%%%0")
          .. "%s"), name)
      end
    end
    assert.is_true(count >= 5)
  end)

  it("runs as a user by number, since that is how a pod checks it", function()
    local user, group = text:match "\nUSER (%d+):(%d+)\n"
    assert.is_true(tonumber(user) > 0 and tonumber(group) > 0)
  end)

  it("is made without what was built here", function()
    assert.equal(".git\nbuild\n", read ".dockerignore")
  end)
end)

describe("the packages", function()
  it("have the unit of the examples, for their own command", function()
    assert.matches("\nExecStart=/usr/local/bin/equinix%-auth serve ",
      read "examples/equinix-auth.service")
    assert.truthy(read "debian/rules":find(
      "'s,/usr/local/bin/,/usr/bin/,' examples/equinix-auth.service", 1, true))
  end)

  it("start no server that was not asked for", function()
    for _, field in ipairs { "Depends", "Recommends" } do
      for _, name in ipairs(packages(field)) do
        assert.is_nil(name:find "nginx", name)
      end
    end
  end)
end)
