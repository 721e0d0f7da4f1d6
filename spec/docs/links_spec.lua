-- The documents as texts: how long the README is, that their links lead to
-- something, and that they are in plain words.
local process = require "spec.support.process"
local readme = require "spec.support.readme"

local DOCUMENTS = readme.documents()
for _, path in ipairs { "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md" } do
  DOCUMENTS[#DOCUMENTS + 1] = path
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

--- A document without its blocks and pieces of code.
local function prose(path)
  local text = ("\n" .. readme.text(path)):gsub("\n```.-\n```", "")
  return (text:gsub("`[^`\n]*`", ""))
end

--- The anchors of a document's headings, as GitHub makes them.
local function anchors(path)
  local found = {}
  local text = ("\n" .. readme.text(path)):gsub("\n```.-\n```", "")
  for heading in text:gmatch "\n#+ ([^\n]+)" do
    local anchor = heading:lower():gsub("[^%w%s_-]", ""):gsub("%s", "-")
    found[anchor] = true
  end
  return found
end

--- What a link of a document leads to, seen from the checkout.
local function resolve(path, link)
  local folder = path:match "^(.*/)" or ""
  local whole = folder .. link
  while whole:find "[^/]+/%.%./" do
    whole = whole:gsub("[^/]+/%.%./", "", 1)
  end
  return whole
end

local function assert_none(complaints)
  if #complaints > 0 then
    error("\n  " .. table.concat(complaints, "\n  "), 0)
  end
end

describe("the README", function()
  it("has 150 lines at most", function()
    local _, lines = readme.text "README.md":gsub("\n", "")
    assert.is_true(lines <= 150, lines .. " lines")
  end)

  it("names every chapter", function()
    for _, path in ipairs(readme.documents()) do
      assert.truthy(path == "README.md"
        or readme.text "README.md":find("](" .. path, 1, true), path)
    end
  end)
end)

describe("the documents", function()
  it("have links that lead to something", function()
    local complaints, count = {}, 0
    for _, path in ipairs(DOCUMENTS) do
      for link in prose(path):gmatch "%]%(([^)%s]+)%)" do
        if not link:find "^https?://" then
          count = count + 1
          local file, anchor = link:match "^([^#]*)#?(.*)$"
          local target = file == "" and path or resolve(path, file)
          if not exists(target) then
            complaints[#complaints + 1] = path .. ": " .. link
          elseif anchor ~= "" and not anchors(target)[anchor] then
            complaints[#complaints + 1] = path .. ": no heading for " .. link
          end
        end
      end
    end
    assert.is_true(count > 50)
    assert_none(complaints)
  end)

  it("name no target that make does not have", function()
    local targets, complaints, count = {}, {}, 0
    for names in readme.text "Makefile":gmatch "\n%.PHONY:([^\n]+)" do
      for name in names:gmatch "%l[%l-]*" do
        targets[name] = true
      end
    end
    for _, path in ipairs(DOCUMENTS) do
      local code = {}
      for _, block in ipairs(readme.blocks(path)) do
        code[#code + 1] = "\n" .. block.text
      end
      for piece in readme.text(path):gmatch "`([^`\n]+)`" do
        code[#code + 1] = "\n" .. piece
      end
      for name in table.concat(code):gmatch "\nmake (%l[%l-]*)%f[^%l-]" do
        count = count + 1
        if not targets[name] then
          complaints[#complaints + 1] = path .. ": make " .. name
        end
      end
    end
    assert.is_true(count > 10)
    assert_none(complaints)
  end)

  it("have each a link back, the chapters", function()
    for _, path in ipairs(readme.documents()) do
      assert.truthy(path == "README.md"
        or readme.text(path):find("](../README.md)", 1, true), path)
    end
  end)

  -- Words of a translation, or of a riddle.
  local AVOIDED = { "he", "nobody", "whoever", "shall", "mend", "mended",
    "told", "be had" }

  it("are in plain words, the man page too", function()
    local complaints = {}
    for _, path in ipairs { "man/equinix-auth.1",
      (table.unpack or unpack)(DOCUMENTS) } do
      local number = 0
      for line in (readme.text(path) .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        for _, word in ipairs(AVOIDED) do
          if line:lower():find("%f[%w_]" .. word .. "%f[^%w_]") then
            complaints[#complaints + 1] = ("%s:%d: %s"):format(path, number,
              word)
          end
        end
      end
    end
    assert_none(complaints)
  end)

  it("keep their lines under 80 columns, tables and links aside", function()
    local complaints = {}
    for _, path in ipairs(DOCUMENTS) do
      local number = 0
      for line in (readme.text(path) .. "\n"):gmatch "(.-)\n" do
        number = number + 1
        local width = #line:gsub("[\128-\191]", "")
        if width > 79 and not line:find "^|" and not line:find "%]%(" then
          complaints[#complaints + 1] = path .. ":" .. number .. " is wide"
        end
        if line:find "%s$" then
          complaints[#complaints + 1] = path .. ":" .. number .. " has blanks"
        end
      end
    end
    assert_none(complaints)
  end)
end)

describe("the rock", function()
  it("brings the chapters and the man page along", function()
    local said = process.capture "cat lua-equinix-scm-1.rockspec"
    assert.matches('copy_directories = { "docs", "man" }', said, 1, true)
  end)
end)
