-- readme: the documents' blocks of code, and a desk to paste them on. The
-- documents are README.md and the chapters in docs/.
--
--   local text = readme.block("docs/command.md", "equinix-auth doctor")
--   local desk = readme.desk { EQUINIX_API_ENDPOINT = e.base_url }
--   local said, code = desk:paste(text)                  -- both outputs
--   local ready = desk:serve(text, "--port 0")  -- what its ready file says
--   desk:stop()
--
-- Law of this file: a block runs as it stands there. What no desk has (a port,
-- a file, a user's key) is put in by `put`, which raises where there is
-- nothing of the kind. A desk is a folder of its own, HOME and all, with
-- `equinix-auth` on the PATH; nothing of this machine's account is there.
local json = require "equinix.base.json"
local process = require "spec.support.process"

local M = {}
local Desk = {}
Desk.__index = Desk

local ROOT = process.capture "pwd"

--- Every document whose blocks are run: README.md, then the chapters.
---@return string[] paths
function M.documents()
  local list = { "README.md" }
  for path in process.capture("ls docs/*.md"):gmatch "%S+" do
    list[#list + 1] = path
  end
  assert(#list > 10, "the chapters are not there")
  return list
end

--- A document of the checkout.
---@param path string
---@return string
function M.text(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

--- All blocks of a document, in their order.
---@param path string
---@return {language: string, text: string}[]
function M.blocks(path)
  local list = {}
  for language, text in M.text(path):gmatch "\n```([^\n]*)\n(.-)\n```" do
    list[#list + 1] = { language = language, text = text }
  end
  return list
end

--- The one block of a document that a piece of text is in.
---@param path string
---@param piece string
---@return string
function M.block(path, piece)
  local found
  for _, block in ipairs(M.blocks(path)) do
    if block.text:find(piece, 1, true) then
      assert(not found, "two blocks of " .. path .. " have " .. piece)
      found = block.text
    end
  end
  return found or error("no block of " .. path .. " has " .. piece, 2)
end

--- A text with every `from` in it replaced; there has to be one.
---@param text string
---@param from string
---@param to string
---@return string
function M.put(text, from, to)
  local changed, count = text:gsub(from:gsub("%p", "%%%0"), function()
    return to
  end)
  assert(count > 0, "there is no " .. from)
  return changed
end

-- `equinix-auth`, with the words of MORE at its end.
local COMMAND = [[#!/bin/sh
exec %s/bin/equinix-auth "$@" $MORE
]]

--- Sets one up.
---@param env? table<string, string>
---@param folders? string[] more of the PATH, before the system's
function M.desk(env, folders)
  local dir = process.tempdir()
  local self = setmetatable({ dir = dir, programs = {} }, Desk)
  os.execute("mkdir " .. dir .. "/bin")
  self:write("bin/equinix-auth", COMMAND:format(process.quote(ROOT)))
  os.execute("chmod 700 " .. dir .. "/bin/equinix-auth")
  local path = { dir .. "/bin" }
  for _, folder in ipairs(folders or {}) do
    path[#path + 1] = folder
  end
  path[#path + 1] = os.getenv "PATH"
  self.env = { HOME = dir, XDG_RUNTIME_DIR = dir,
    PATH = table.concat(path, ":") }
  for name, value in pairs(env or {}) do
    self.env[name] = value
  end
  return self
end

--- Writes a file of its folder, for its owner only; returns the path.
function Desk:write(name, text)
  local path = self.dir .. "/" .. name
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  file:close()
  os.execute("chmod 600 " .. process.quote(path))
  return path
end

--- Puts a file or folder on it, under a name.
function Desk:link(path, name)
  os.execute(("ln -s %s %s"):format(process.quote(path),
    process.quote(self.dir .. "/" .. name)))
end

-- The words that paste a text into a shell, which stops at the first failure.
local function words(self, text, shell)
  local argv = { "env", "-i" }
  for name, value in pairs(self.env) do
    argv[#argv + 1] = name .. "=" .. value
  end
  for _, word in ipairs { "sh", "-c", 'cd "$0" && exec "$@"', self.dir,
    shell or "sh", "-ec", text } do
    argv[#argv + 1] = word
  end
  return argv
end

--- Pastes a text, and waits for its end.
---@param text string
---@param shell? string "sh"
---@return string said on both outputs
---@return integer|nil code
function Desk:paste(text, shell)
  local program = process.start(words(self, text, shell))
  local code = program:wait(60)
  program:stop()
  return program:stdout() .. program:stderr(), code
end

--- Pastes one whose `equinix-auth` goes on until the desk's end, and waits
--- until it listens.
---@param text string
---@param more string further words for it
---@return table what it wrote into its ready file
function Desk:serve(text, more)
  local path = ("%s/ready-%d.json"):format(self.dir, #self.programs)
  self.env.MORE = ("--until-eof --ready-file %s %s"):format(path, more)
  local program = process.start(words(self, text), { until_eof = true })
  table.insert(self.programs, program)
  self.env.MORE = nil
  local ready = process.eventually(function()
    local file = io.open(path)
    local text_of_it = file and file:read "*a"
    if file then
      file:close()
    end
    return text_of_it and json.decode(text_of_it) or not program:alive() and {}
  end, 30)
  if not ready or not next(ready) then
    error("it did not start: " .. program:stderr(), 2)
  end
  return ready
end

--- Ends all of it.
function Desk:stop()
  for _, program in ipairs(self.programs) do
    program:stop()
  end
  process.remove(self.dir)
end

return M
