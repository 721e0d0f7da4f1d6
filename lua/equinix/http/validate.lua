--- validate: checks the arguments of `client:request` and similar methods.
--
-- Law of this file: a mistake in the program raises here, at the line of the
-- call; what depends on data is an error that the call returns.

local check = require "equinix.base.check"
local lower = require("equinix.base.text").lower
local page_window = require("equinix.base.lazy") "equinix.http.page_window"

local M = {}

---@class equinix.RequestFields all but method and path
---@field query? table<string, any>|string a list repeats its name
---@field headers? table<string, string|number> never Authorization
---@field json? any a value, sent as JSON
---@field body? string bytes, sent unchanged
---@field form? table<string, any> sent as a form
---@field timeout? number seconds, for the whole call
---@field idempotent? boolean whether it may be sent twice
---@field retry? equinix.RetryPolicy|boolean
---@field accept? integer[] statuses that are a success too
---@field sink? string|fun(chunk: string) a file's path or a function, for
---  the body of the final 2xx response
---@field follow? boolean|fun(url: string): boolean whether a redirect of a GET
---  or HEAD within the origin is followed; false: never; a function is called
---  before anything is sent there

---@class equinix.Request: equinix.RequestFields
---@field method? string "GET"
---@field path string "/...", or an absolute URL on an allowed origin

---@class equinix.PagedRequest: equinix.RequestFields
---@field method? "GET"|"POST" POST: a search
---@field raise? boolean false: an error is not raised, but comes as
---  `false, err`
---@field ahead? integer pages that may be asked for ahead; 8
---@field on_progress? fun(done: integer, total?: integer) is called after each
---  page; without a total where the list does not say it

local REQUEST = {
  method = "string",
  path = "string",
  query = "table string",
  headers = "table",
  json = "any",
  body = "string",
  form = "table",
  timeout = "number",
  idempotent = "boolean",
  retry = "table boolean",
  accept = "table",
  sink = "string function",
  follow = "boolean function",
}

local PRINTABLE = { string = true, number = true, boolean = true }

-- The values that a query or a form can have.
local function check_values(values, what, level)
  for name, value in pairs(values) do
    local list = type(value) == "table" and value or { value }
    for _, member in pairs(list) do
      if not PRINTABLE[type(member)] then
        check.raise(level + 1, "%s '%s' must be a string, a number, a boolean "
          .. "or a list of them, not a %s", what, tostring(name),
          type(member))
      end
    end
  end
end

local function check_headers(headers, level)
  for name in pairs(headers) do
    if type(name) ~= "string" then
      check.raise(level + 1, "headers must be a table of name = value")
    elseif lower(name) == "authorization" then
      check.raise(level + 1, "the client sets Authorization itself; "
        .. "use option token for a token of your own")
    end
  end
end

local function check_accept(statuses, level)
  for _, status in ipairs(statuses) do
    if type(status) ~= "number" then
      check.raise(level + 1, "accept must be a list of statuses (numbers)")
    end
  end
end

--- Checks the table of a request; raises at the caller's line. Most requests
--- have a path and little else, so a missing field costs one lookup.
---@param opts table
---@param level integer
function M.request(opts, level)
  check.names(opts, REQUEST, "request field", level + 1)
  local json, body, form = opts.json ~= nil, opts.body, opts.form
  if json and (body or form) or body and form then
    check.raise(level + 1, "give one of json, body and form")
  end
  if opts.headers then
    check_headers(opts.headers, level + 1)
  end
  if opts.timeout and not check.positive(opts.timeout) then
    check.raise(level + 1, "timeout must be a finite number greater than 0")
  end
  if opts.query and type(opts.query) == "table" then
    check_values(opts.query, "query field", level + 1)
  end
  if form then
    check_values(form, "form field", level + 1)
  end
  if opts.accept then
    check_accept(opts.accept, level + 1)
  end
  if opts.sink == "" then
    check.raise(level + 1, "sink must be a file's path or a function")
  end
  if opts.retry then
    check.retry(opts.retry, level + 1)
  end
end

--- All fields of a call in one table; raises at the caller's line.
---@param method string|nil
---@param path any
---@param opts any
---@param level integer
---@return table
function M.joined(method, path, opts, level)
  if opts ~= nil and type(opts) ~= "table" then
    check.raise(level + 1,
      "the second argument must be a table of request fields")
  end
  local all = { method = method, path = path }
  for name, value in pairs(opts or {}) do
    if all[name] ~= nil then
      check.raise(level + 1, "field '%s' is given twice", name)
    end
    all[name] = value
  end
  return all
end

local PAGING = { raise = "boolean", ahead = "number",
  on_progress = "function" }

--- Takes what says how a list is read out of the table of a paged request, and
--- checks it; raises at the caller's line.
---@param all table changed
---@param level integer
---@return equinix.PagingOptions
function M.take_paging(all, level)
  local how = {}
  for name in pairs(PAGING) do
    how[name], all[name] = all[name], nil
  end
  check.names(how, PAGING, "request field", level + 1)
  local ahead = how.ahead
  if ahead and not (ahead >= 1 and ahead <= page_window.MOST
    and ahead % 1 == 0) then
    check.raise(level + 1, "request field 'ahead' must be a whole number from "
      .. "1 to %d", page_window.MOST)
  end
  return how
end

local ALL = { concurrency = "number", connections = "number",
  timeout = "number", on_progress = "function" }

--- Checks the arguments of `client:all`; raises at the caller's line.
---@param requests table
---@param opts table|nil
---@param level integer
function M.all(requests, opts, level)
  if type(requests) ~= "table" then
    check.raise(level + 1, "all takes a list of requests, not a %s",
      type(requests))
  end
  for i, fields in ipairs(requests) do
    M.request(fields, level + 1)
    if type(fields.sink) == "function" then
      check.raise(level + 1, "request %d has a function as sink: in all() it "
        .. "can only be a file's path", i)
    end
    if fields.timeout then
      check.raise(level + 1, "request %d has a timeout: give one to all() "
        .. "for all of them", i)
    end
  end
  check.names(opts or {}, ALL, "option", level + 1)
  for name, kind in pairs(ALL) do
    if kind == "number" and opts and opts[name]
      and not check.positive(opts[name]) then
      check.raise(level + 1,
        "option '%s' must be a finite number greater than 0", name)
    end
  end
  for _, name in ipairs { "concurrency", "connections" } do
    if opts and opts[name] and opts[name] % 1 ~= 0 then
      check.raise(level + 1, "option '%s' must be a whole number", name)
    end
  end
end

return M
