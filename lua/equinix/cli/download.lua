--- download: a body into a file, as a whole or not at all.
--
-- Law of this file: until the last byte is there the file is another one,
-- beside it, that nobody else may read; then it is renamed. So a file that was
-- there is its owner's alone from then on. What is no plain file is not
-- replaced, nor is a link: who reads what it leads to would not get the news.

local output = require "equinix.cli.output"
local shell = require "equinix.cli.shell"

local M = {}

---@class equinix.cli.Download
---@field path string
---@field temp string
---@field bytes integer so far
local Download = {}
Download.__index = Download

-- A path that no program takes for an option.
local function plain(path)
  return path:find "^%-" and "./" .. path or path
end

-- mktemp makes a new file with mode 0600, and never follows a link.
local MAKE = [[
path=%s
if [ -L "$path" ]; then
  echo "it is a link, and would be replaced; give the file that it leads to"
elif [ -e "$path" ] && [ ! -f "$path" ]; then
  echo "it is there, and no plain file"
else
  mktemp "$path.XXXXXX"
fi]]

local function problem(path, reason)
  return ("%s can't be written: %s"):format(path, reason)
end

--- Opens the file beside it.
---@param path string
---@return equinix.cli.Download|nil
---@return string|nil reason
function M.open(path)
  local temp = shell.output(MAKE:format(shell.quote(plain(path))))
  if temp:sub(1, #plain(path) + 1) ~= plain(path) .. "." then
    return nil, problem(path, temp:match ".*: (.-)$" or temp)
  end
  local file, reason = io.open(temp, "wb")
  if not file then
    return nil, problem(path, reason)
  end
  return setmetatable({
    path = plain(path),
    temp = temp,
    file = file,
    bytes = 0,
    progress = output.progress(),
  }, Download)
end

--- Writes a piece. After a failure there is none but the first to be told.
---@param text string
---@return boolean
function Download:write(text)
  local ok, reason = self.file:write(text)
  if not ok then
    self.reason = self.reason or tostring(reason)
    return false
  end
  self.bytes = self.bytes + #text
  self.progress:tell(("%.1f MiB"):format(self.bytes / 1048576))
  return true
end

--- Drops what came.
function Download:drop()
  self.progress:done()
  self.file:close()
  os.remove(self.temp)
end

--- Puts the file where it belongs.
---@return boolean|nil
---@return string|nil reason
function Download:keep()
  self.progress:done()
  local closed, reason = self.file:close() -- a full disk may be told only now
  if self.reason == nil and closed then
    closed, reason = os.rename(self.temp, self.path)
    if closed then
      return true
    end
  end
  os.remove(self.temp)
  return nil, problem(self.path, self.reason or tostring(reason))
end

--- Lets `fetch` write into the file; it gets a function for each piece.
---@param path string
---@param fetch fun(sink: fun(chunk: string)): any, any what it returns first
---  is kept only if it is true, and then so is the file
---@return any result
---@return any problem
function M.run(path, fetch)
  local self, reason = M.open(path)
  if not self then
    return nil, reason
  end
  local full = {} -- the one thing to raise that is ours
  local ran, result, trouble = pcall(fetch, function(chunk)
    if not self:write(chunk) then
      error(full, 0) -- ends the transfer
    end
  end)
  if ran and result then
    local kept
    kept, reason = self:keep()
    return kept and result, reason
  end
  self:drop()
  if not ran and result ~= full then
    error(result, 0)
  elseif not ran then
    return nil, problem(path, self.reason)
  end
  return result, trouble
end

return M
