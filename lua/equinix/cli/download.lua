--- download: writes a body into a file, completely or not at all.
--
-- Law of this file: until the last byte has arrived the data goes to a
-- temporary file in the same folder, which only its owner can read; then that
-- is renamed. An existing file is replaced, so from then on it has mode 0600.
-- Only regular files are replaced, and no symbolic links: programs that read
-- the link's target would not see the new data.

local output = require "equinix.cli.output"
local quote = require("equinix.base.shell").quote
local shell = require "equinix.cli.shell"

local M = {}

---@class equinix.cli.Download
---@field path string
---@field temp string path of the temporary file
---@field bytes integer written so far
---@field reason? string why the first failed write failed
local Download = {}
Download.__index = Download

-- A path that no program takes for an option.
local function safe_path(path)
  return path:find "^%-" and "./" .. path or path
end

-- mktemp makes a new file with mode 0600, and never follows a link.
local MAKE = [[
path=%s
if [ -L "$path" ]; then
  echo "it is a symbolic link; name the file that it leads to"
elif [ -e "$path" ] && [ ! -f "$path" ]; then
  echo "it exists and is not a regular file"
else
  mktemp "$path.XXXXXX"
fi]]

local function failure(path, reason)
  return ("%s can't be written: %s"):format(path, reason)
end

--- Opens the temporary file.
---@param path string
---@return equinix.cli.Download|nil
---@return string|nil message
function M.open(path)
  local safe = safe_path(path)
  local temp = shell.output(MAKE:format(quote(safe)))
  if temp:sub(1, #safe + 1) ~= safe .. "." then
    return nil, failure(path, temp:match "^.*: (.*)$" or temp)
  end
  local file, reason = io.open(temp, "wb")
  if not file then
    return nil, failure(path, reason)
  end
  return setmetatable({
    path = safe,
    temp = temp,
    file = file,
    bytes = 0,
    progress = output.progress(),
  }, Download)
end

--- Writes a chunk. The first failure is the one that is reported.
---@param text string
---@return boolean
function Download:write(text)
  local ok, reason = self.file:write(text)
  if not ok then
    self.reason = self.reason or tostring(reason)
    return false
  end
  self.bytes = self.bytes + #text
  self.progress:show(("%.1f MiB"):format(self.bytes / 1048576))
  return true
end

--- Discards what was written.
function Download:discard()
  self.progress:clear()
  self.file:close()
  os.remove(self.temp)
end

--- Renames the temporary file to the path.
---@return boolean|nil
---@return string|nil message
function Download:commit()
  self.progress:clear()
  local ok, reason = self.file:close() -- may be the first to see a full disk
  if self.reason == nil and ok then
    ok, reason = os.rename(self.temp, self.path)
    if ok then
      return true
    end
  end
  os.remove(self.temp)
  return nil, failure(self.path, self.reason or tostring(reason))
end

--- Lets `fetch` write into the file through the function that it gets.
---@param path string
---@param fetch fun(sink: fun(chunk: string)): any, any the file is kept only
---  if the first value that it returns is true
---@return any result the values that `fetch` returned
---@return any err
function M.run(path, fetch)
  local self, message = M.open(path)
  if not self then
    return nil, message
  end
  local write_failed = {} -- our own error, unlike any other
  local ran, result, err = pcall(fetch, function(chunk)
    if not self:write(chunk) then
      error(write_failed, 0) -- ends the transfer
    end
  end)
  if ran and result then
    local ok
    ok, message = self:commit()
    return ok and result, message
  end
  self:discard()
  if not ran and result ~= write_failed then
    error(result, 0)
  elseif not ran then
    return nil, failure(path, self.reason)
  end
  return result, err
end

return M
