-- visible: what may be shown, and what is hidden by its name or its bytes.
local visible = require "equinix.http.visible"

local function sees(text)
  return text:find("s3cret", 1, true) ~= nil
end

describe("a URL", function()
  it("is shown without user, fragment and values that are secrets", function()
    for url, shown in pairs {
      ["https://a.b/c?d=1&e=x"] = "https://a.b/c?d=1&e=x",
      ["https://u:p@a.b/c#f"] = "https://[hidden]@a.b/c",
      ["/x?access_token=abc&limit=5"] = "/x?access_token=[hidden]&limit=5",
      ["/x?access%5Ftoken=abc"] = "/x?access%5Ftoken=[hidden]",
      ["/x?X-Amz-Signature=abc;code=d"] =
        "/x?X-Amz-Signature=[hidden];code=[hidden]",
      ["/x?apiKey=1&q=key"] = "/x?apiKey=[hidden]&q=key",
      ["/x?authKey=1&sig=2&keys=3"] =
        "/x?authKey=[hidden]&sig=[hidden]&keys=3",
    } do
      assert.equal(shown, visible.url(url, sees))
    end
    assert.equal("/x?a=[hidden]&b=[hidden]", visible.url("/x?a=1&b=2", sees,
      true))
  end)

  it("loses its path, or its query, where a secret is in it", function()
    assert.equal("https://a.b/[hidden]", visible.url("https://a.b/c/s3cret",
      sees))
    assert.equal("/x?[hidden]", visible.url("/x?limit=5&q=s3cret", sees))
    assert.equal("[hidden]", visible.url("https://s3cret.b/c", sees))
  end)
end)

describe("headers", function()
  it("are shown but for values that are secrets", function()
    assert.same({ "Accept: a/b", "Authorization: [hidden]",
      "Set-Cookie: [hidden]", "X-Api-Key: [hidden]",
      "Location: /x?a=[hidden]", "X-Echo: [not shown: a secret is in it]" },
      visible.headers({ { "Accept", "a/b" }, { "Authorization", "Bearer x" },
        { "Set-Cookie", "a=b" }, { "X-Api-Key", "k" },
        { "Location", "/x?a=1" }, { "X-Echo", "a s3cret" } }, sees))
  end)

  it("are not shown where a secret is split over them", function()
    assert.same({ "[not shown: a secret is in it]" },
      visible.headers({ { "A", "x s3c" }, { "B", "ret y" } }, sees))
  end)

  it("are so many, and so long", function()
    local list = {}
    for i = 1, 70 do
      list[i] = { "A", ("x"):rep(1000) }
    end
    local lines = visible.headers(list, sees)
    assert.equal(65, #lines)
    assert.equal("[6 more]", lines[65])
    assert.is_true(#lines[1] < 300)
  end)
end)

describe("a body", function()
  it("is shown by its beginning", function()
    assert.equal('{"a":1}', visible.body('{"a":1}', sees))
    assert.equal(("x"):rep(256) .. "...", visible.body(("x"):rep(257), sees))
    assert.equal("[not shown: a secret is in it]", visible.body("a s3cret",
      sees))
  end)

  it("ends before a member that is called a secret", function()
    for body, shown in pairs {
      ['{"pass\\u0077ord":"p1"}'] = '{"password": [hidden] ...',
      ['{"id":1,"accessToken":"x"}'] = '{"id":1,"accessToken": [hidden] ...',
      ["a=1&client_secret=x"] = "a=1&client_secret= [hidden] ...",
      ["<a><password>x</password>"] = "<a><password> [hidden] ...",
      ['"{\\"token\\" : \\"x\\"}"'] = '"{\\"token\\" : [hidden] ...',
    } do
      assert.equal(shown, visible.body(body, sees))
    end
  end)
end)
