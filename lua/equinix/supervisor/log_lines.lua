--- log_lines: lines of JSON for a log, and nginx's own lines made into such.
--
-- Law of this file: what comes out is one JSON object a line, whatever went
-- in: several lines of a stack trace are one message, and so is a line that
-- nginx did not write. The part of nginx's messages that quotes a request is
-- left out, since it may hold a secret. No line is so long that a pipe could
-- mix it with another one.

local core = require "equinix.core"
local json = require "equinix.base.json"
local printable = require "equinix.base.printable"
local tables = require "equinix.base.table"

local M = {}

local MAX_LINE = 4000 -- bytes; a pipe takes 4096 at once (PIPE_BUF of Linux)
local MAX_MESSAGE = 16384 -- bytes; nginx writes 2048 at most

--- One line, without its end. Of a message that is too long for a pipe it has
--- the beginning.
---@param level "info"|"warn"|"error"|string
---@param event string
---@param fields table<string, any>
---@return string
function M.text(level, event, fields)
  local line = tables.update({ event = event }, fields)
  line.time = os.date "!%Y-%m-%dT%H:%M:%SZ"
  line.level = level
  while true do
    local text = printable.json(json.encode(line) or "{}")
    if #text <= MAX_LINE or (line.message or "") == "" then
      return text
    end
    line.message = line.message:sub(1, math.floor(#line.message * 0.7))
  end
end

-- Our own lines say what they are about: "[error] nginx_stopped: why".
local OURS = "^%[([a-z]+)%] ([a-z_]+): (.*)$"
-- nginx's: time, level, process, perhaps the number of a connection.
local NGINX = "^%d+/%d+/%d+ [%d:]+ %[([a-z]+)%] %d+#%d+: (.*)$"

-- What an operator may want to be alerted about.
local function event_of(level, message)
  if message:find "^worker process %d+ exited on signal" then
    return "worker_died"
  elseif level == "emerg" or message:find "^init_by_lua error: " then
    return "reload_refused" -- at the start such a line is not copied
  end
  return "nginx"
end

-- The level, the event and the message of a record.
local function parse(text)
  local level, message = text:match(NGINX)
  if not level then
    local own_level, event, own_message = text:match(OURS)
    return own_level or "error", event or "supervisor", own_message or text
  end
  message = message:gsub("^%*%d+ ", ""):gsub(", client: .*$", "")
  return level, event_of(level, message), message
end

--- A record of nginx's error log, or of ours, as one line.
---@param record string perhaps of several lines
---@return string
function M.of_record(record)
  local level, event, message = parse(record)
  return M.text(level, event, { message = message })
end

local function begins_record(line)
  return line:find(NGINX) or line:find(OURS)
end

---@class equinix.supervisor.log_lines.Converter
---@field private write fun(text: string)
---@field private rest string the bytes after the last whole line
---@field private record? string that may have more lines
local Converter = {}
Converter.__index = Converter

--- Writes what has come so far: nothing comes for a while, or any more.
function Converter:flush()
  if self.record then
    self.write(M.of_record(self.record) .. "\n")
  end
  self.record = nil
end

-- Adds a whole line.
local function add(self, line)
  if line == "" then
    return
  elseif not self.record or begins_record(line)
    or #self.record + #line > MAX_MESSAGE then
    self:flush()
    self.record = line
  else
    self.record = self.record .. "\n" .. line
  end
end

--- Takes bytes as they come.
---@param bytes string
function Converter:feed(bytes)
  local text = self.rest .. bytes
  local from, stop = 1, text:find("\n", #self.rest + 1, true)
  while stop do
    add(self, text:sub(from, stop - 1))
    from, stop = stop + 1, text:find("\n", stop + 1, true)
  end
  self.rest = text:sub(from)
  if #self.rest > MAX_MESSAGE then
    add(self, self.rest)
    self.rest = ""
  end
end

--- Takes the last line, which may have no end.
function Converter:finish()
  if self.rest ~= "" then
    add(self, self.rest)
  end
  self:flush()
end

--- Makes a converter.
---@param write fun(text: string) gets whole lines
---@return equinix.supervisor.log_lines.Converter
function M.new(write)
  return setmetatable({ write = write, rest = "" }, Converter)
end

local IDLE = 0.1 -- seconds; the lines of a record come at once

--- Copies records from standard input as lines to standard output, up to its
--- end. SIGPIPE has to be ignored. Blocks this OS thread.
function M.run()
  local converter = M.new(core.output)
  while true do
    local bytes, message = core.input(converter.record and IDLE or nil)
    if bytes == "" or message then
      return converter:finish()
    elseif bytes then
      converter:feed(bytes)
    else
      converter:flush()
    end
  end
end

return M
