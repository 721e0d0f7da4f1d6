--- cli.precompiled: modules that the build has compiled already.
--
-- Law of this file: to read Lua's text is most of what a short command would
-- do. Compiled code takes the place of a text only if it was made from the
-- very same one, byte by byte: so it does not matter whether it is up to date,
-- nor where the text is found. Lua does not check such code, so it is read
-- from nowhere but beside the core, which is machine code and trusted no less.
-- (tools/precompile.lua writes the file, and says what is in it. All releases
-- of one version of Lua load it; Lua refuses that of another version.)

local M = {}

-- Nothing is read ahead: the parts are large.
local function open(path)
  local file = io.open(path, "rb")
  return file and file:setvbuf "no" and file
end

-- Offset, size of the text and size of the code of a module, or nothing.
local function place_of(index, name)
  local _, stop = index:find(" " .. name .. " ", 1, true)
  if stop then
    return index:match("^(%d+) (%d+) (%d+) ", stop + 1)
  end
end

-- The text of a module, and what was compiled from it. The file is opened
-- anew for each, since a program that is started later would inherit it.
local function read(chunks, index, name)
  local offset, text_size, code_size = place_of(index, name)
  local file = offset and open(chunks)
  if not file then
    return nil
  end
  file:seek("set", #index + 1 + offset)
  local text = file:read(tonumber(text_size))
  local code = file:read(tonumber(code_size))
  file:close()
  return text, code
end

-- Whether the file has this text, and nothing else.
local function has(path, text)
  local file = open(path)
  if file then
    local same = file:read(#text + 1) == text
    file:close()
    return same
  end
end

local function searcher(chunks, index)
  return function(name)
    local text, code = read(chunks, index, name)
    local path = code and package.searchpath(name, package.path)
    local chunk = path and has(path, text) and load(code, name, "b")
    if chunk then
      return chunk, path
    end
  end
end

--- From now on `require` takes them; without such a file all is as usual.
function M.use()
  local core = package.searchers
    and package.searchpath("equinix.core", package.cpath)
  local chunks = core and core:gsub("[^/]*$", "") .. "start.chunks"
  local file = chunks and io.open(chunks, "rb")
  local index = file and file:read "*l"
  if file then
    file:close()
  end
  if index then
    table.insert(package.searchers, 2, searcher(chunks, index))
  end
end

return M
