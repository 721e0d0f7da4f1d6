--- lockout_page: the bad attempts of many accounts, in one text of a limited
--- size.
--
-- Law of this file: whatever number of accounts callers bring, what is kept of
-- them fits into so many pages, an account always has the same one, and no
-- refusal is forgotten at its account's expense. Where a page is full, the
-- accounts with the fewest refusals leave it, and the most that one of them
-- had counts from then on for every account that is not on the page: the
-- floor, for a day. What is in flight stays, and so does a service's own; and
-- callers never take all the room.
--
-- Pure: text in, text out. Accounts are named by 64 bits of a digest.

local core = require "equinix.core"
local before = require("equinix.base.text").before
local json = require "equinix.base.json"
local policy = require("equinix.base.lazy") "equinix.oauth.lockout_policy"

local M = {}

--- How many pages there are; the cache keeps room for them (EQ_NOTES_MIN).
M.COUNT = 16

--- How long a page may be: what a slot keeps as a note.
M.MAX_BYTES = 4096

local OURS = 768 -- bytes of it, for what no caller brought
local FLOOR_LIFE = 24 * 3600 -- seconds
local MAX_ACCOUNTS = 1000 -- in a text that others may have written
local MAX_PARTS = 64 -- secrets or attempts of one account there

---@class equinix.LockoutPage
---@field accounts table<string, table> states of lockout_policy, by name
---@field floor integer refusals of an account that is not on the page
---@field callers integer of callers among them
---@field floor_at number when the last account left it
---@field kept boolean it stays where it is, even if it is empty
local Page = {}
Page.__index = Page

local function name_of(identity)
  return core.sha256(identity):sub(1, 16)
end

--- The number of the page that an account is on, from 0.
---@param identity string
---@return integer
function M.number(identity)
  return tonumber(core.sha256(identity):sub(17, 20), 16) % M.COUNT
end

--- An empty page.
---@return equinix.LockoutPage
function M.new()
  return setmetatable({ accounts = {}, floor = 0, callers = 0, floor_at = 0,
    kept = false }, Page)
end

-- Reading --------------------------------------------------------------------
-- Others can write to a store, so what is read there may be anything.

local function is_count(value)
  return type(value) == "number" and value >= 0 and value < 2 ^ 31
    and value % 1 == 0
end

local function is_moment(value)
  return type(value) == "number" and math.abs(value) < 2 ^ 50
end

local FINGERPRINT = "^" .. ("%x"):rep(8) .. "$"
local NAME = "^" .. ("%x"):rep(16) .. "$"

local function mark_of(value)
  return type(value) == "string" and value:find(FINGERPRINT) and value or nil
end

-- Reads each member of a table by `read`; nil when one of them is wrong.
local function each(value, read)
  if type(value) ~= "table" then
    return nil
  end
  local parts, count = {}, 0
  for name, part in pairs(value) do
    count = count + 1
    parts[name] = count <= MAX_PARTS and mark_of(name)
      and type(part) == "table" and read(part) or nil
    if not parts[name] then
      return nil
    end
  end
  return parts
end

local function read_secret(part)
  return is_count(part[1]) and is_moment(part[2])
    and { n = part[1], at = part[2] / 1000 }
end

local function read_attempt(part)
  return is_moment(part[1]) and is_count(part[2]) and is_count(part[3])
    and { at = part[1] / 1000, seconds = part[2], beside = part[3],
      caller = (part[4] == 1 or part[4] == 3) or nil,
      here = (part[4] == 2 or part[4] == 3) or nil,
      secret = mark_of(part[5]) }
end

local function read_state(value)
  if type(value) ~= "table" or not is_count(value.c or 0)
    or not is_count(value.k or 0) or not is_count(value.u or 0) then
    return nil
  end
  local secrets = each(value.s or {}, read_secret)
  local attempts = each(value.f or {}, read_attempt)
  return secrets and attempts and {
    count = value.c or 0,
    callers = math.min(value.k or 0, value.c or 0),
    secrets = secrets,
    attempts = attempts,
    own = value.o == 1 or nil,
    accepted = mark_of(value.a),
    unsaved = value.u,
  }
end

--- The page in a text; what is no page is an empty one.
---@param text string|nil
---@return equinix.LockoutPage page
---@return boolean readable
function M.decode(text)
  local page, value = M.new(), text and json.decode(text)
  if type(value) ~= "table" or type(value.accounts or {}) ~= "table" then
    return page, false
  end
  local count = 0
  for name, part in pairs(value.accounts or {}) do
    count = count + 1
    local state = type(name) == "string" and name:find(NAME)
      and count <= MAX_ACCOUNTS and read_state(part)
    if not state then
      return M.new(), false
    end
    page.accounts[name] = state
  end
  local floor = value.floor
  if type(floor) == "table" and is_count(floor[1]) and is_count(floor[2])
    and is_moment(floor[3]) then
    page.floor, page.callers = floor[1], floor[2]
    page.floor_at = floor[3] / 1000
  end
  page.kept = value.kept == 1
  return page, true
end

-- Writing --------------------------------------------------------------------
-- By hand, since it is done for each attempt: names are hexadecimal digits,
-- and all values are whole numbers; times are milliseconds.

local function ms(seconds)
  return math.floor(seconds * 1000 + 0.5)
end

local function secrets_text(secrets)
  local parts = {}
  for fingerprint, latch in pairs(secrets) do
    parts[#parts + 1] = ('"%s":[%d,%d]'):format(fingerprint, latch.n,
      ms(latch.at))
  end
  return parts[1] and '"s":{' .. table.concat(parts, ",") .. "}"
end

local function attempts_text(attempts)
  local parts = {}
  for id, attempt in pairs(attempts) do
    parts[#parts + 1] = ('"%s":[%d,%d,%d,%d%s]'):format(id, ms(attempt.at),
      attempt.seconds, attempt.beside,
      (attempt.caller and 1 or 0) + (attempt.here and 2 or 0),
      attempt.secret and (',"%s"'):format(attempt.secret) or "")
  end
  return parts[1] and '"f":{' .. table.concat(parts, ",") .. "}"
end

local function count_text(name, count)
  return count and count > 0 and ('"%s":%d'):format(name, count)
end

local function account_text(name, state)
  local parts = {}
  for _, part in pairs {
    count_text("c", state.count), count_text("k", state.callers),
    count_text("u", state.unsaved), secrets_text(state.secrets),
    attempts_text(state.attempts), state.own and '"o":1',
    state.accepted and ('"a":"%s"'):format(state.accepted),
  } do
    parts[#parts + 1] = part or nil
  end
  return ('"%s":{%s}'):format(name, table.concat(parts, ","))
end

local OVERHEAD = 100 -- bytes of a page beside its accounts, at most

-- Who leaves a full page first: the fewest refusals first; what has to stay
-- does not leave.
local function leaving(page)
  local names = {}
  for name, state in pairs(page.accounts) do
    if next(state.attempts) == nil and not state.own then
      names[#names + 1] = name
    end
  end
  table.sort(names, function(a, b)
    local one, other = page.accounts[a].count, page.accounts[b].count
    return one < other or one == other and before(a, b)
  end)
  return names
end

-- The texts of the accounts, and their length with commas.
local function texts_of(page)
  local texts, size = {}, OVERHEAD
  for name, state in pairs(page.accounts) do
    texts[name] = account_text(name, state)
    size = size + #texts[name] + 1
  end
  return texts, size
end

local function leave(page, name, now)
  local state = page.accounts[name]
  page.floor = math.max(page:floor_now(now), state.count)
  page.callers = math.max(page.callers, state.callers)
  page.floor_at = now
  page.accounts[name] = nil
end

--- The page as text. The accounts that find no room leave it.
---@param now number
---@return string text
function Page:encode(now)
  local texts, size = texts_of(self)
  local names = size > M.MAX_BYTES and leaving(self) or {}
  for _, name in ipairs(names) do
    if size <= M.MAX_BYTES then
      break
    end
    size = size - #texts[name] - 1
    texts[name] = nil
    leave(self, name, now)
  end
  local parts = {}
  for _, text in pairs(texts) do
    parts[#parts + 1] = text
  end
  return ('{"accounts":{%s}%s%s}'):format(table.concat(parts, ","),
    self.floor_at ~= 0 and (',"floor":[%d,%d,%d]'):format(self.floor,
      self.callers, ms(self.floor_at)) or "",
    self.kept and ',"kept":1' or "")
end

--- Whether there is room for what has to stay.
---@param caller? boolean for one more of a caller, which leaves some to us
---@return boolean
function Page:fits(caller)
  local room = M.MAX_BYTES - (caller and OURS or 0)
  local _, size = texts_of(self)
  if size > room then
    for _, name in ipairs(leaving(self)) do
      size = size - #account_text(name, self.accounts[name]) - 1
    end
  end
  return size <= room
end

-- Accounts -------------------------------------------------------------------

--- The refusals that count for an account which is not on the page.
---@param now number
---@return integer
function Page:floor_now(now)
  if now >= self.floor_at + FLOOR_LIFE then
    self.floor, self.callers = 0, 0
  end
  return self.floor
end

--- What is known of an account; it is on the page from then on.
---@param identity string
---@param now number
---@return table state of lockout_policy
function Page:account(identity, now)
  local name = name_of(identity)
  local state = self.accounts[name]
  if not state then
    state = policy.new()
    state.count = self:floor_now(now)
    state.callers = math.min(self.callers, state.count)
    self.accounts[name] = state
  end
  return state
end

--- Takes the account from the page where nothing more has to be known of it
--- than of any other.
---@param identity string
---@param now number
function Page:tidy(identity, now)
  local name = name_of(identity)
  local state, floor = self.accounts[name], self:floor_now(now)
  if state and next(state.secrets) == nil and next(state.attempts) == nil
    and state.count <= floor and state.callers <= self.callers
    and not state.own then
    self.accounts[name] = nil
  end
end

--- Whether it may be forgotten.
---@param now number
---@return boolean
function Page:is_clear(now)
  return not self.kept and next(self.accounts) == nil
    and self:floor_now(now) == 0
end

-- Two places -----------------------------------------------------------------

--- The page with every time moved, none to later than `latest`.
---@param by number seconds
---@param latest number
---@return equinix.LockoutPage
function Page:moved(by, latest)
  local copy = M.new()
  for name, state in pairs(self.accounts) do
    copy.accounts[name] = policy.moved(state, by, latest)
  end
  copy.floor, copy.callers, copy.kept = self.floor, self.callers, self.kept
  copy.floor_at = self.floor_at ~= 0
    and math.min(self.floor_at + by, latest) or 0
  return copy
end

--- The page that counts: a store's, and what this process could not write
--- there.
---@param known equinix.LockoutPage this process'
---@param now number
---@return equinix.LockoutPage self
function Page:join(known, now)
  local floor = self:floor_now(now)
  for name, state in pairs(known.accounts) do
    local there = self.accounts[name]
    if there or state.unsaved or state.own or policy.begun_here(state) then
      if not there then
        there = policy.new()
        there.count = state.own and 0 or floor
      end
      self.accounts[name] = policy.joined(there, state)
    end
  end
  self.floor = math.max(floor, known:floor_now(now))
  self.floor_at = math.max(self.floor_at, known.floor_at)
  self.callers = math.max(self.callers, known.callers)
  self.kept = known.kept
  return self
end

--- Forgets what other places had in flight and that had to end by then.
---@param now number math.huge: all of it
function Page:drop_elsewhere(now)
  for _, state in pairs(self.accounts) do
    for id, attempt in pairs(state.attempts) do
      if not attempt.here and attempt.at + attempt.seconds <= now then
        state.attempts[id] = nil
      end
    end
  end
end

--- Notes that a store has all of it, or that it has lost all of it.
---@param saved boolean
function Page:mark(saved)
  for _, state in pairs(self.accounts) do
    state.unsaved = not saved and state.count > 0 and state.count or nil
  end
end

--- Whether there is anything that a store has not.
---@return boolean
function Page:is_unsaved()
  for _, state in pairs(self.accounts) do
    if state.unsaved then
      return true
    end
  end
  return false
end

return M
