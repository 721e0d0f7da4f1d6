-- docs/architecture.md is the map of the tree: its tables have every room and
-- every file, its pictures the rooms and the states that the text explains.
local lfs = require "lfs"
local readme = require "spec.support.readme"

local PATH = "docs/architecture.md"
local text = readme.text(PATH)

--- The files of a room (without its header files), by their names in it.
local function files_in(folder, pattern, found, prefix)
  found, prefix = found or {}, prefix or ""
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    if name:sub(1, 1) ~= "." then
      if lfs.attributes(path, "mode") == "directory" then
        files_in(path, pattern, found, prefix .. name .. "/")
      elseif name:find(pattern) then
        found[prefix .. name:match(pattern)] = true
      end
    end
  end
  return found
end

--- The rooms under a folder, with their files.
local function rooms_in(folder, pattern)
  local rooms = {}
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    if name:sub(1, 1) ~= "." and lfs.attributes(path, "mode") == "directory"
    then
      rooms[name] = files_in(path, pattern)
    end
  end
  return rooms
end

--- The rooms of a table, with the files in its last column.
local function listed(heading)
  local rooms = {}
  local part = assert(text:match("\n## " .. heading .. "\n(.-)\n## "))
  for row in part:gmatch "\n(|[^\n]+|)%f[\n]" do
    local room, files = row:match "`([%w_]+)/` |.*| ([^|]+) |$"
    if room then
      rooms[room] = {}
      for name in files:gmatch "`([%w_/]+)`" do
        rooms[room][name] = true
      end
    end
  end
  return rooms
end

--- The first word of each node of a picture, or of each of its states.
local function words_of(piece, pattern)
  local found = {}
  for word in readme.block(PATH, piece):gmatch(pattern) do
    found[word] = true
  end
  return found
end

describe("the chapter on the architecture", function()
  it("has every room of lua/equinix with its files, and no other", function()
    assert.same(rooms_in("lua/equinix", "^(.*)%.lua$"),
      listed "The rooms of lua/equinix")
  end)

  it("has every room of src with its files, and no other", function()
    local rooms = rooms_in("src", "^(.*)%.[ch]$")
    rooms.src = {}
    for name in lfs.dir "src" do
      local file = name:match "^(.*)%.c$"
      if file then
        rooms.src[file] = true
      end
    end
    assert.same(rooms, listed "The rooms of src")
  end)

  it("has every room of lua/equinix in its picture, and no other", function()
    local rooms = {}
    for name in pairs(rooms_in("lua/equinix", "^(.*)%.lua$")) do
      rooms[name] = true
    end
    assert.same(rooms, words_of("flowchart TD", '%["([%l_]+)/:'))
  end)

  it("explains every state in its picture of a token's life", function()
    local explained, drawn = {}, {}
    for state in text:match "\n| state | a caller gets |\n(.-)\n\n"
      :gmatch "%f[^\n%z]| (%l[%l-]+) |" do
      explained[state] = true
    end
    for word in pairs(words_of("stateDiagram-v2", "%-%-> (%l+):")) do
      drawn[word == "backoff" and "back-off" or word] = true
    end
    assert.same(drawn, explained)
  end)

  it("has files in its text that are there", function()
    local part = assert(text:match "\n## The path of one call\n(.-)\n## ")
    local count = 0
    for name in part:gmatch "`(%l[%w_]*/[%w_/]+)`" do
      count = count + 1
      assert.truthy(lfs.attributes("lua/equinix/" .. name .. ".lua"), name)
    end
    assert.is_true(count > 10)
  end)
end)
