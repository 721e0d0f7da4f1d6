-- cli/all_pages: `request --all-pages`, a whole list or nothing.
local all_pages = require "equinix.cli.all_pages"
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local lists = require "spec.support.lists"
local rawserver = require "spec.support.rawserver"

describe("equinix-auth request --all-pages", function()
  local e
  setup(function()
    e = emulator.start { plain = true }
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    e:stop()
  end)

  local function run(words, env)
    table.insert(words, 1, "request")
    words[#words + 1] = "--all-pages"
    return command.run(words, { env = env or command.env(e) })
  end

  it("prints one array with all items in their order", function()
    local code, out, said = run { "GET", "/fabric/v4/ports", "-q", "limit=4" }
    assert.equal(0, code, said)
    assert.equal("", said)
    local ports = json.decode(out)
    assert.equal(25, #ports)
    for i, port in ipairs(ports) do
      assert.equal(("port-%04d"):format(i), port.name)
    end
    assert.equal(7, e:count "GET /fabric/v4/ports")
    assert.equal(1, e:log().token_requests)
  end)

  it("pages through a search, whose paging is in its body", function()
    local code, out, said = run { "POST", "/fabric/v4/connections/search",
      "-d", '{"filter":{"and":[]},"pagination":{"limit":3,"offset":0}}' }
    assert.equal(0, code, said)
    local found = json.decode(out)
    assert.is_true(#found > 3)
    assert.is_true(e:count "POST /fabric/v4/connections/search" > 1)
  end)

  it("prints nothing of a list whose second page fails", function()
    local server = rawserver.start [[
      local c = ...
      local function page(n)
        return c.ok('{"data":[{"a":' .. n .. '}],"pagination":{"offset":' .. n
          .. ',"limit":1,"total":3}}')
      end
      local request = c:request()
      while request do
        local n = request.path:match "offset=(%d+)"
        c:send(not n and page(0)
          or "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        request = c:request()
      end
    ]]
    finally(function()
      server:stop()
    end)
    local code, out, said = run({ "GET", "/list" }, {
      EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t",
    })
    assert.equal(1, code)
    assert.equal("", out)
    assert.matches("404", said)
    assert.is_true(#server:requests() <= 3) -- one was asked for ahead
  end)

  it("sends a search as it was given, empty arrays too", function()
    local server = rawserver.start [[
      local c = ...
      while c:request() do
        c:send(c.ok '{"data":[]}')
      end
    ]]
    finally(function()
      server:stop()
    end)
    local code, out = run({ "POST", "/search", "-d", '{"and":[],"a":{}}' }, {
      EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t",
    })
    assert.equal(0, code)
    assert.equal("[]\n", out)
    local sent = server:requests()[1]
    assert.equal("application/json", sent.headers["content-type"])
    assert.is_truthy(sent.body:find('"and":[]', 1, true), sent.body)
    assert.is_truthy(sent.body:find('"a":{}', 1, true), sent.body)
  end)

  it("keeps what Lua's numbers and tables would change", function()
    local server = rawserver.start [[
      local c = ...
      while c:request() do
        c:send(c.ok '{"data":[{"z":[],"a":{},"n":12345678901234567890}]}')
      end
    ]]
    finally(function()
      server:stop()
    end)
    local code, out, said = run({ "GET", "/list" }, {
      EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t",
    })
    assert.equal(0, code, said)
    assert.equal('[\n{"z":[],"a":{},"n":12345678901234567890}\n]\n', out)
  end)

  it("says so where the response contains no list", function()
    local code, out, said = run { "GET", "/fabric/v4/health" }
    assert.equal(1, code)
    assert.equal("", out)
    assert.matches("GET /fabric/v4/health: .*not a list.*\"apiServices\"",
      said)
  end)

  it("follows the rule of client:items for what is a list", function()
    local server = lists.serve(lists.RESPONSES)
    finally(function()
      server:stop()
    end)
    for i, response in ipairs(lists.RESPONSES) do
      local code, out, said = run({ "GET", "/" .. i }, {
        EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t",
      })
      if response.items then
        assert.equal(0, code, response[1] .. said)
        assert.equal(#response.items == 0 and "[]\n" or "[\n"
          .. table.concat(response.items, ",\n") .. "\n]\n", out)
      else
        assert.equal(1, code, response[1])
        assert.equal("", out)
        assert.truthy(said:find(response.message, 1, true), said)
      end
    end
  end)

  it("ends, and prints nothing of a list without an end", function()
    for name, list in pairs(lists.ENDLESS) do
      local server = lists.serve_endless(list)
      local code, out, said = run({ "GET", "/list" }, {
        EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t",
      })
      local requests = #server:requests()
      server:stop()
      assert.equal(1, code, name)
      assert.equal("", out)
      assert.matches("GET /list: .*this list can't be paged through", said)
      assert.is_true(requests <= list.at + 8, name)
    end
  end)

  it("prints nothing of a list with a number that is none", function()
    local server = lists.serve(lists.NUMBERS)
    finally(function()
      server:stop()
    end)
    for i = 1, #lists.NUMBERS, 8 do -- the rest is in http/pagination_spec
      local code, out, said = run({ "GET", "/" .. i }, {
        EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t",
      })
      assert.equal(1, code, lists.NUMBERS[i][1])
      assert.equal("", out)
      assert.truthy(said:find(lists.NUMBERS[i].member .. " of the response",
        1, true), said)
    end
  end)

  it("prints nothing of a list with a page that is not JSON", function()
    for _, body in ipairs { "[", '["', '[1,"\\', '{"a', '{"data":', "[[[[",
      '{"data":[{"a":1' } do
      local server = rawserver.start(([[
        local c = ...
        while c:request() do
          c:send(c.ok(%q))
        end
      ]]):format(body))
      local code, out, said = run({ "GET", "/list" }, {
        EQUINIX_API_ENDPOINT = server.url, EQUINIX_API_TOKEN = "t",
      })
      server:stop()
      assert.equal(1, code, body)
      assert.equal("", out)
      assert.matches("is not JSON", said)
    end
  end)

  it("accepts GET, and POST for a search in JSON", function()
    for _, words in ipairs {
      { "DELETE", "/x" }, { "POST", "/x", "-d", "1" },
      { "POST", "/x", "-d", "a=1", "-H", "Content-Type: text/plain" },
      { "GET", "/x", "-i" },
    } do
      local code, out = run(words)
      assert.equal(2, code, words[2])
      assert.equal("", out)
    end
    assert.same({}, e:log().routes)
  end)
end)

describe("the array of all items", function()
  it("is JSON, however long", function()
    for _, items in ipairs { {}, { "1" }, { "1", "[]", "{}" } } do
      local text = {}
      all_pages.write(items, function(part)
        text[#text + 1] = part
      end)
      assert.equal(#items, #json.decode(table.concat(text)))
    end
  end)
end)

describe("the items of a page", function()
  local function page_items(text)
    return all_pages.page_items(json.decode(text), text)
  end

  it("keep their bytes: long numbers, order, empty arrays, escapes",
    function()
      local items = {
        "12345678901234567890", "1.50", "1e3", '{"z":[],"a":{},"m":null}',
        [["a \" ] } , \\"]],
        [=[{"b\"]":"}{][","c":[[["]"]]]}]=], "true", "null",
        '"\\u00e9"',
      }
      assert.same(items, page_items('{"data":['
        .. table.concat(items, ",") .. "]}"))
      assert.same(items, page_items('{"data": [\n  '
        .. table.concat(items, " ,\n  ") .. "\n]}"))
      assert.same(items, all_pages.page_items({ 1 }, "\239\187\191 [ "
        .. table.concat(items, ",") .. "]"))
      assert.same(items, page_items('{"payLoad":{"x":1,"data":[ '
        .. table.concat(items, " ,\t") .. "]}}"))
    end)
end)

describe("a value that is decoded to be sent again", function()
  it("keeps its empty arrays", function()
    for _, text in ipairs {
      '{"filter":{"and":[]},"list":[[],{"a":[]}],"none":{}}',
      ' {"filter" : {"\\u0061nd": [ ]},"list":[ [],{"a":[]}],"none":{}}\n',
    } do
      local sent = assert(json.encode(assert(all_pages.decode(text))))
      for _, part in ipairs { '"and":[]', '[[],{"a":[]}]', '"none":{}' } do
        assert.is_truthy(sent:find(part, 1, true), sent)
      end
    end
  end)

  it("has to be JSON, and the message says where it is not", function()
    local value, message = all_pages.decode "{"
    assert.is_nil(value)
    assert.is_string(message)
  end)
end)

describe("the progress of --all-pages", function()
  it("says pages of how many, rate and time left", function()
    for text, words in pairs {
      ["1 of 120 pages, 20 items"] = { 1, 120, 20, 0.5 },
      ["30 of 120 pages, 600 items, 4.0 pages/s, 23 s left"] =
        { 30, 120, 600, 7.5 },
      ["2 of 1000 pages, 40 items, 2.0 pages/s, 8:19 left"] =
        { 2, 1000, 40, 1 },
      ["120 of 120 pages, 2400 items, 12.0 pages/s"] = { 120, 120, 2400, 10 },
      ["5 pages, 9 items, 2.5 pages/s"] = { 5, nil, 9, 2 },
      ["7 of 5 pages, 9 items, 3.5 pages/s"] = { 7, 5, 9, 2 },
      ["2 pages, 9 items"] = { 2, nil, 9, 0 },
    } do
      assert.equal(text, all_pages.progress_text((table.unpack or unpack)(
        words, 1, 4)))
    end
  end)
end)
