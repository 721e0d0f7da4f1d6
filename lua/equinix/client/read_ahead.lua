--- read_ahead: the pages of a list in their order, the next ones asked for
--- while the caller works on one.
--
-- Law of this file: a guess is only a request that was sent early. Which page
-- comes next is decided by the pages before it alone (http/pagination), as
-- when one is read after the other; a page that was asked for elsewhere is
-- thrown away. An error waits until its page is next. A caller that reads the
-- first page only costs no other request, and nothing goes on when the caller
-- has stopped, in whatever way.

local call = require "equinix.client.call"
local core = require "equinix.core"
local errors = require "equinix.base.error"
local page_window = require "equinix.http.page_window"
local pagination = require "equinix.http.pagination"
local side_by_side = require "equinix.client.side_by_side"

local M = {}

---@class equinix.ReadAhead.Page: equinix.SideBySide.Entry
---@field position number in the list
---@field share? integer bytes that it may have, where the limit is smaller

---@class equinix.ReadAhead
---@field private client equinix.Client
---@field private paging equinix.Paging
---@field private window equinix.PageWindow
---@field private ahead boolean whether pages may be asked for ahead
---@field private calls? equinix.SideBySide from the second page on
---@field private queue equinix.ReadAhead.Page[] asked for, in their order
---@field private slowed number when the window was last made smaller
---@field private left? number when the caller got its last page
---@field private on_progress? fun(done: integer, total?: integer)
---@field private problem? {value: any} what that raised: it ended the list
---@field private thread? thread|"main" that waits for a page
local ReadAhead = {}
ReadAhead.__index = ReadAhead

--- Cancels what is under way. The next page can still be read.
function ReadAhead:close()
  self.queue = {}
  if self.calls then
    self.calls:close()
  end
end

ReadAhead.__close = ReadAhead.close

-- One 429 to each of the pages that were sent together is one reason.
local function slow_down(self, seconds, sent)
  self.calls.not_before = math.max(self.calls.not_before,
    core.now() + seconds)
  if sent >= self.slowed then
    self.slowed = core.now()
    self.window:narrow()
  end
end

-- When the second page is wanted.
local function begin(self)
  self.calls = side_by_side.new(self.client)
  self.calls.patient = true
  self.calls.on_told = function(seconds, sent)
    slow_down(self, seconds, sent)
  end
end

-- Asks for a page; `share`: the bytes it may have.
local function ask(self, opts, position, share)
  local page = self.calls:add(opts)
  page.position = position
  local one = page.call
  if one then
    page.seconds = one.deadline - core.now()
    if share and share < one.request.max_body then
      one.request.max_body, page.share = share, share
    end
  end
  table.insert(self.queue, page)
end

-- What is larger than its share is asked for again when its turn has come.
local function is_too_large(page)
  return page.err and page.share and page.err.code == "body_too_large"
end

-- The place of a page that failed. It ends the list, so nothing is asked for
-- behind it; those before it are waited for.
local function failed(self)
  for i, page in ipairs(self.queue) do
    if page.err and not is_too_large(page) then
      return i
    end
  end
end

local function fill(self)
  while self.window:size() > math.max(1, #self.queue)
    and not failed(self) do
    local opts, position = self.paging:ahead(#self.queue)
    if not opts then
      return
    end
    ask(self, opts, position, self.window:share())
  end
end

-- The pages that have come tell how large a page is.
local function note(self, ended)
  for _, page in ipairs(ended) do
    if page.response then
      self.window:seen(#page.response.body)
    elseif is_too_large(page) then
      self.window:too_large(page.share)
    end
  end
  for _ = (failed(self) or math.huge) + 1, #self.queue do
    self.calls:cancel(table.remove(self.queue))
  end
end

local function turn(self, seconds)
  note(self, self.calls:turn(seconds))
end

-- The first in the queue is the next page of the list, or is asked for now.
local function line_up(self)
  local first = self.queue[1]
  if first and is_too_large(first) then
    self:close()
  end
  if not self.queue[1] then
    ask(self, self.paging.opts, self.paging.position)
    fill(self)
  end
end

-- Waits for the page that is the first in the queue. Another task may close
-- the list meanwhile.
local function await_first(self)
  line_up(self)
  local page = self.queue[1]
  while not page.ended do
    turn(self)
  end
  if self.queue[1] ~= page then
    return errors.fail("closed", "the list was closed meanwhile")
  elseif is_too_large(page) then
    return await_first(self)
  end
  table.remove(self.queue, 1)
  return page.response, page.err
end

-- A page goes to who waits for it: two tasks would take each other's.
local function enter(self)
  local other, thread = self.thread, coroutine.running() or "main"
  if type(other) == "thread" and other ~= thread
    and coroutine.status(other) ~= "dead" then
    error("equinix: another task waits for the next page of this list: let "
      .. "one task read it, and give the others what they are to do", 0)
  end
  self.thread = thread
end

-- The next page's response. Raises its error.
local function fetch(self)
  enter(self)
  local response, err
  if self.calls then
    response, err = await_first(self)
  else
    response, err = call.run(self.client, self.paging.opts)
    self.window:seen(response and #response.body or 0)
  end
  self.thread = nil
  if not response then
    self:close()
    error(err, 0)
  end
  return response
end

-- The caller comes back; what happened meanwhile is looked at first.
local function come_back(self)
  if not self.calls then
    return
  elseif not self.client.tokens then
    self:close() -- the client was closed
    return
  end
  self.calls:away(core.now() - self.left)
end

-- Tells the caller's function, which may take its time. What that raises ends
-- the list.
local function tell(self)
  self.left = core.now()
  local ok, value = pcall(self.on_progress, self.paging.read,
    self.paging:total())
  if not ok then
    self.problem = { value = value }
    self:close()
    error(value, 0)
  end
  come_back(self)
end

-- The pages after the one that the caller gets are sent before it goes on.
-- Those of a wrong guess are thrown away.
local function send_ahead(self)
  local first = self.queue[1]
  if not self.paging.opts then
    self:close()
  elseif first and first.position == self.paging.position then
    self.window:right()
  elseif first then
    self:close()
    self.window:narrow()
  end
  if self.calls then
    fill(self)
  end
  if self.queue[1] then
    turn(self, 0)
  end
  self.left = core.now()
end

--- The next page, as the server sent it, and its response. Raises an
--- equinix.Error.
---@return any body nil: there are no more
---@return equinix.Response|nil
function ReadAhead:next()
  if self.problem then
    error(self.problem.value, 0)
  elseif not self.paging.opts then
    return nil
  end
  if self.ahead and not self.calls and self.paging:ahead(1) then
    begin(self)
  end
  come_back(self)
  local response = fetch(self)
  local ok, page = pcall(self.paging.take, self.paging, response)
  if not ok then
    self:close()
    error(page, 0)
  end
  if self.on_progress then
    tell(self)
  end
  send_ahead(self)
  return page.body, response
end

--- A way through a list; nothing is sent yet.
---@param client equinix.Client
---@param first equinix.Request of the first page, checked
---@param opts {ahead?: integer, on_progress?: fun(done: integer,
---  total?: integer)} pages ahead at most; what is called after each page
---@return equinix.ReadAhead
function M.new(client, first, opts)
  local ahead = opts.ahead or page_window.DEFAULT
  return setmetatable({
    client = client,
    paging = pagination.new(first),
    window = page_window.new(ahead),
    ahead = ahead > 1 and not first.sink
      and side_by_side.of(client.transport) ~= nil,
    queue = {},
    slowed = 0,
    on_progress = opts.on_progress,
  }, ReadAhead)
end

return M
