-- fields: what the headers and the body of a response say.
--
-- Input: a status (two bytes), a field, a line break, the body.
local date = require "equinix.http.date"
local error_body = require "equinix.http.error_body"
local http_response = require "equinix.http.response"
local json = require "equinix.base.json"
local list_page = require "equinix.http.list_page"
local media_type = require "equinix.http.media_type"
local retry = require "equinix.http.retry"
local traceparent = require "equinix.http.traceparent"

local NOW = 1.8e9
local SECRET = "hunter2-hunter2-hunter2"

-- The same way as the API's own: os.time knows no time zone here.
local function check_date(text)
  local at = date.parse(text, NOW)
  if at then
    assert(at % 1 == 0, "a date is a whole second")
    local written = os.date("!%a, %d %b %Y %H:%M:%S GMT", math.floor(at))
    assert(date.parse(written, NOW) == at, "a date is the same written anew")
  end
  local after = retry.after(text, NOW, 3600)
  assert(not after or after >= 0 and after <= 3600,
    "Retry-After has its bounds")
end

local function check_body(status, field, body)
  local received = { status = status, headers = { { "Content-Type", field } },
    body = body .. SECRET, elapsed = 0 }
  local response = http_response.new(received, "https://api.equinix.com/")
  local err = error_body.error(response, "GET /", {
    kind = "http", secrets = { SECRET } })
  assert(err and err.kind and type(err.message) == "string",
    "an error has a kind and words")
  assert(not tostring(err):find(SECRET, 1, true), "an error has no secret")
  assert(not tostring(err):find "[%z\1-\8\11-\31\127]",
    "an error has no control character")
end

return function(text)
  local high, low, field, body = text:match "^(.)(.)([^\n]*)\n?(.*)$"
  if not high then
    return
  end
  local status = 300 + (high:byte() * 256 + low:byte()) % 300
  check_date(field)
  media_type.is_json(field)
  media_type.is_html(field)
  traceparent.is_valid(field)
  check_body(status, field, body)
  local page = json.decode(body)
  if type(page) == "table" then
    list_page.find(page, body)
  end
end
