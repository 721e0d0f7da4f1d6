-- validate: mistakes in a request raise at the caller's line.
local validate = require "equinix.http.validate"
local raises = require "spec.support.raises"

local here, assert_raises = raises.here, raises.assert

describe("validate.request", function()
  it("accepts every field that there is", function()
    validate.request({ method = "POST", path = "/", query = { a = 1 },
      headers = { ["X-A"] = "b" }, json = false, timeout = 3,
      idempotent = true, retry = false, accept = { 404 },
      follow = false }, 1)
    validate.request({ path = "/", query = "a=1", body = "",
      follow = print }, 1)
  end)

  it("raises at the caller's line for mistakes in the program", function()
    for _, case in ipairs {
      { { pth = "/" }, "unknown request field 'pth', did you mean 'path'?" },
      { { path = 7 }, "request field 'path' must be a string, not a number" },
      { { json = 1, body = "" }, "give one of json, body and form" },
      { { form = {}, json = false }, "give one of json, body and form" },
      { { headers = { "A: b" } }, "headers must be a table of name = value" },
      { { headers = { AUTHORIZATION = "x" } }, "the client sets "
        .. "Authorization itself; use option token for a token of your own" },
      { { timeout = -1 }, "timeout must be a finite number greater than 0" },
      { { timeout = 1 / 0 },
        "timeout must be a finite number greater than 0" },
      { { query = { a = print } }, "query field 'a' must be a string, a "
        .. "number, a boolean or a list of them, not a function" },
      { { form = { a = { "b", {} } } }, "form field 'a' must be a string, a "
        .. "number, a boolean or a list of them, not a table" },
      { { follow = "/x" }, "request field 'follow' must be a boolean or a "
        .. "function, not a string" },
      { { accept = { "404" } },
        "accept must be a list of statuses (numbers)" },
      { { sink = "" }, "sink must be a file's path or a function" },
      { { retry = { bse = 1 } }, "unknown retry option 'bse', did you mean "
        .. "'base'?" },
    } do
      assert_raises(case[2], function()
        here() validate.request(case[1], 1)
      end)
    end
    assert_raises("request fields must be a table, not nil", function()
      here() validate.request(nil, 1)
    end)
  end)
end)
