-- access: which requests are allowed in.
local access = require "equinix.service.access"
local json = require "equinix.base.json"

local function status(d, headers)
  headers.host = headers.host or "localhost:8080"
  local refusal = d:check { headers = headers }
  if not refusal then
    return 200
  end
  assert.equal("application/problem+json", refusal.headers["Content-Type"])
  assert.equal("no-store", refusal.headers["Cache-Control"])
  assert.equal(refusal.status, json.decode(refusal.body).status)
  return refusal.status, refusal
end

describe("the Host", function()
  it("may be any name of loopback, with any port", function()
    local d = access.new {}
    for _, host in ipairs { "localhost", "LOCALHOST:1", "127.0.0.1",
      "127.0.0.1:9090", "[::1]", "[::1]:8080" } do
      assert.equal(200, (status(d, { host = host })), host)
    end
  end)

  it("may be no other name, however similar", function()
    local d = access.new {}
    for _, host in ipairs { "", "evil.example", "localhost.evil.example",
      "localhost.", "127.0.0.1.evil.example", "127.0.0.2", "[::2]", "::1",
      "localhost:", "localhost:80:80", "localhost:8080x", "x@localhost",
      "localhost, evil.example", "localhost/", " localhost", "0.0.0.0" } do
      local expected = host == "localhost:" and 200 or 403
      assert.equal(expected, (status(d, { host = host })), host)
    end
    assert.is_table(d:check { headers = {} })
  end)

  it("may be a configured name: with any port, or with one",
    function()
      local d = access.new { allowed_hosts = { "Api.Example", "one:8080" } }
      for host, expected in pairs { ["api.example"] = 200,
        ["API.example:99"] = 200, ["one:8080"] = 200, ["one:8081"] = 403,
        ["one"] = 403, ["x.api.example"] = 403 } do
        assert.equal(expected, (status(d, { host = host })), host)
      end
    end)

  it("is no longer than a name can be, and is read in one pass", function()
    local long = ("a"):rep(256)
    local d = access.new { allowed_hosts = { long, long .. "x" } }
    assert.equal(200, (status(d, { host = long .. ":65535" })))
    assert.equal(403, (status(d, { host = long .. "x:65535" })))
    assert.equal(403, (status(d, { origin = "http://" .. long
      .. "x:65535" })))
    -- Each takes half a second with a pattern that backtracks at each digit.
    local digits, before = ("1"):rep(8000) .. "!", os.clock()
    for _ = 1, 100 do
      assert.equal(403, (status(d, { host = digits })))
      assert.equal(403, (status(d, { origin = "http://" .. digits })))
    end
    assert.is_true(os.clock() - before < 10)
  end)

  it("has a port after a colon and nowhere else", function()
    local d = access.new { allowed_hosts = { "one:8080" } }
    for host, expected in pairs { ["[::1]8080"] = 403, ["[::1]:x"] = 403,
      ["[::1]:1:1"] = 403, ["one:8080"] = 200, ["one::8080"] = 403,
      [":8080"] = 403, ["one:80 80"] = 403 } do
      assert.equal(expected, (status(d, { host = host })), host)
    end
  end)

  it("is checked each time, whatever request came before", function()
    local d = access.new {}
    for _ = 1, 2 do
      assert.equal(200, (status(d, { host = "localhost" })))
      assert.equal(403, (status(d, { host = "evil.example" })))
    end
  end)
end)

describe("the Origin", function()
  it("may be missing, or a known name", function()
    local d = access.new { allowed_hosts = { "api.example" } }
    for _, origin in ipairs { "http://localhost", "https://localhost:3000",
      "http://127.0.0.1:8080", "http://[::1]:8080", "HTTP://LocalHost",
      "https://api.example" } do
      assert.equal(200, (status(d, { origin = origin })), origin)
    end
  end)

  it("may be no other, null or unreadable", function()
    local d = access.new {}
    for _, origin in ipairs { "null", "", "http://evil.example",
      "http://localhost.evil.example", "http://localhost@evil.example",
      "file://", "file://localhost", "localhost", "http://localhost/x",
      "http://localhost, http://evil.example", "http://", "ftp://localhost" }
    do
      assert.equal(403, (status(d, { origin = origin })), origin)
    end
  end)

  it("proves nothing by being the same as the Host", function()
    assert.equal(403, (status(access.new {}, { host = "evil.example",
      origin = "http://evil.example" })))
  end)
end)

describe("the auth token", function()
  local d = access.new { auth_token = "s3cret/token==" }

  it("is accepted as a bearer token, in any case of that word", function()
    for _, word in ipairs { "Bearer", "bearer", "BEARER" } do
      assert.equal(200, (status(d, { authorization = word
        .. " s3cret/token==" })))
    end
  end)

  it("is requested when it is missing or wrong", function()
    for _, value in ipairs { false, "", "Bearer", "Bearer ", "Bearer x",
      "Bearer s3cret/token== x", "Basic s3cret/token==", "s3cret/token==",
      "Bearer s3cret/token", "Bearer S3CRET/TOKEN==" } do
      local got, refusal = status(d, { authorization = value or nil })
      assert.equal(401, got, tostring(value))
      assert.equal("Bearer", refusal.headers["WWW-Authenticate"])
    end
  end)

  it("does not make up for a wrong Host or Origin", function()
    assert.equal(403, (status(d, { host = "evil.example",
      authorization = "Bearer s3cret/token==" })))
    assert.equal(403, (status(d, { origin = "null",
      authorization = "Bearer s3cret/token==" })))
  end)

  it("is kept as a digest, not as itself", function()
    for _, value in pairs(d) do
      assert.is_true(type(value) ~= "string"
        or not value:find("s3cret", 1, true))
    end
  end)
end)

describe("access.read_token", function()
  local path
  before_each(function()
    path = os.tmpname()
  end)
  after_each(function()
    os.remove(path)
  end)

  local function read(text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    return access.read_token(path)
  end

  local TOKEN = "0123456789abcdef"

  it("accepts one line, with or without its end", function()
    for _, text in ipairs { TOKEN, TOKEN .. "\n", TOKEN .. "\r\n" } do
      assert.equal(TOKEN, (read(text)))
    end
  end)

  it("refuses a token that could be guessed, without quoting it", function()
    for _, text in ipairs { "a", "012345678901234", "012345678901234\n" } do
      local token, reason = read(text)
      assert.is_nil(token)
      assert.equal("the auth token in " .. path .. " has "
        .. #text:match "%w+" .. " bytes: give it 16 at least, such as "
        .. "`openssl rand -hex 32` prints", reason)
    end
    for _, text in ipairs { ("a"):rep(32), ("ab"):rep(8) } do
      assert.is_string((read(text))) -- how random it is can't be seen
    end
  end)

  it("refuses a file that others may read or write", function()
    for mode, allowed in pairs { ["0600"] = true, ["0400"] = true,
      ["0640"] = true, ["0440"] = true, ["0644"] = false, ["0604"] = false,
      ["0602"] = false, ["0666"] = false, ["0620"] = false } do
      read(TOKEN)
      os.execute("chmod " .. mode .. " " .. path)
      local token, reason = access.read_token(path)
      if allowed then
        assert.equal(TOKEN, token, mode)
      else
        assert.is_nil(token, mode)
        assert.equal("the auth token file " .. path .. " can be read or "
          .. "changed by others (mode " .. mode .. "): take their rights away "
          .. "(chmod 600), in Kubernetes with defaultMode: 0400", reason)
      end
      os.execute("chmod 600 " .. path)
    end
  end)

  it("looks at the file that a link leads to", function()
    read(TOKEN)
    local link = path .. ".link"
    finally(function()
      os.remove(link)
    end)
    os.execute("ln -s " .. path .. " " .. link)
    assert.equal(TOKEN, (access.read_token(link)))
    os.execute("chmod 644 " .. path)
    assert.is_nil((access.read_token(link)))
  end)

  it("reports what is wrong with any other file", function()
    for _, text in ipairs { "", "\n", "a b", "a\nb", "a\0b", "\195\164",
      ("x"):rep(4097) } do
      local token, reason = read(text)
      assert.is_nil(token)
      assert.is_truthy(reason:find(path, 1, true))
    end
    os.remove(path)
    local _, reason = access.read_token(path)
    assert.matches("there is no such file %(ENOENT%)", reason)
  end)
end)

describe("access.is_host", function()
  it("accepts names and nothing else", function()
    for text, expected in pairs { ["a.example"] = true, ["[::1]:1"] = true,
      ["a:1"] = true, ["http://a"] = false, ["a b"] = false, [""] = false }
    do
      assert.equal(expected, access.is_host(text), text)
    end
  end)
end)
