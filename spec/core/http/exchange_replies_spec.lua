-- exchange_replies: where replies of RESP2 and RESP3 end.
local core = require "equinix.core"
local rawserver = require "spec.support.rawserver"
local resp = require "spec.support.resp"

-- It sends what it was asked to send: as a whole, or byte by byte.
local SERVER = resp.SERVER .. [[
  for bytes in command do
    local how, text = bytes:match "^(%S+) (.*)$"
    if how == "whole" then
      c:send(text)
    else
      for i = 1, #text do
        c:send(text:sub(i, i))
        c:sleep(0)
      end
    end
  end
]]

local BLOB = "$6\r\na\r\nb\r\n\r\n" -- "a\r\nb\r\n"

-- Each is one reply.
local GOOD = {
  "+OK\r\n", "+\r\n", "-ERR no\r\n", ":0\r\n", ":-12\r\n", ":+7\r\n",
  "$0\r\n\r\n", BLOB, "$-1\r\n", "*0\r\n", "*-1\r\n", "*1\r\n$-1\r\n",
  "*2\r\n:1\r\n*2\r\n+a\r\n" .. BLOB, "*1\r\n-ERR inside\r\n",
  -- RESP3
  "_\r\n", "#t\r\n", "#f\r\n", ",1.5\r\n", ",-inf\r\n", ",nan\r\n",
  ",1e10\r\n", "(123456789012345678901234567890\r\n", "!5\r\nERR x\r\n",
  "=7\r\ntxt:a\r\n\r\n", "~2\r\n+a\r\n+b\r\n", "%1\r\n+a\r\n:1\r\n", "%0\r\n",
  "*2\r\n|1\r\n+ttl\r\n:3\r\n+a\r\n+b\r\n", ("*1\r\n"):rep(31) .. "*0\r\n",
  ("*1\r\n"):rep(32) .. ":1\r\n",
}

-- Each is refused.
local BAD = {
  "HTTP/1.1 200 OK\r\n\r\n", "OK\r\n", "\r\n", "\n", "+OK\n", "+O\rK\r\n",
  ":\r\n", ":1a\r\n", ":-\r\n", "$\r\n", "$-2\r\n", "$+1\r\n", "$1a\r\n",
  "$1\r\nab\r\n", "$1\r\na\n\n", "$0000000000000001\r\na\r\n", "*-2\r\n",
  "*x\r\n", "*?\r\n", "$?\r\n", "#x\r\n", "#\r\n", "_x\r\n", ",\r\n", ",x\r\n",
  "(\r\n", "(1.5\r\n", "!-1\r\n", "*1\r\n>1\r\n+a\r\n",
  ("*1\r\n"):rep(33) .. ":1\r\n", "+OK\r\n+OK\r\n", "+OK\r\n\r\n", "+OK\r\nx",
}

describe("the replies of an exchange", function()
  local server, engine

  setup(function()
    server = rawserver.start(SERVER)
    engine = core.engine()
  end)
  teardown(function()
    engine:close()
    server:stop()
  end)

  local function ask(how, text, fields)
    local options = resp.options(server.port, fields)
    options.send = resp.command(how .. " " .. text)
    return resp.send(engine, options)
  end

  it("end where they end, whole or byte by byte", function()
    for _, how in ipairs { "whole", "bytes" } do
      for _, text in ipairs(GOOD) do
        local response, err = ask(how, text)
        assert(response, text .. (err and err.message or ""))
        assert.equal(text, response.body)
      end
    end
    local all = table.concat(GOOD)
    local response = assert(ask("whole", all, { replies = #GOOD }))
    assert.equal(all, response.body)
    assert.is_true(response.kept)
  end)

  it("are nothing else than those that were asked for", function()
    for _, how in ipairs { "whole", "bytes" } do
      for _, text in ipairs(BAD) do
        -- Byte by byte, what follows a reply is found by the next exchange.
        if how == "whole" or not text:find "^%+OK\r\n" then
          local response, err = ask(how, text)
          assert(not response, text)
          assert.equal("garbage", err.code, text)
          assert.equal("protocol", err.kind)
          assert.is_true(err.maybe_sent)
          assert.equal(("127.0.0.1:%d does not answer as Redis does (RESP)")
            :format(server.port), err.message)
        end
      end
    end
  end)

  it("come without what a server says beside them", function()
    local push = ">2\r\n+message\r\n:1\r\n"
    local attribute = "|1\r\n+ttl\r\n:3600\r\n"
    local response = assert(ask("whole", push .. "+a\r\n" .. attribute
      .. ">0\r\n+b\r\n", { replies = 2 }))
    assert.equal("+a\r\n+b\r\n", response.body)
    local before = server:connections()
    response = assert(ask("whole", "+a\r\n" .. push))
    assert.equal("+a\r\n", response.body)
    assert.equal(before, server:connections())
    -- That connection might say more.
    assert.is_false(assert(ask("whole", "+c\r\n")).kept)
  end)

  it("take as much memory as max_reply says, whatever a length claims",
    function()
      local fields = { max_reply = 1000 }
      for size = 992, 993 do -- with 8 bytes around it
        local text = ("$%d\r\n%s\r\n"):format(size, ("x"):rep(size))
        assert.equal(size == 992 and text or nil,
          (ask("whole", text, fields) or {}).body)
      end
      for _, text in ipairs { "$2000000\r\n", "*999999999999\r\n",
        "%1001\r\n", "+" .. ("x"):rep(1000) .. "\r\n",
        "*3\r\n$500\r\n" .. ("x"):rep(500) .. "\r\n$900\r\n"
          .. ("x"):rep(600) } do
        local response, err = ask("whole", text, fields)
        assert(not response)
        assert.equal("garbage", err.code)
        assert.truthy(err.message:find("larger than max_reply", 1, true))
      end
    end)

  -- Such a server would hold the thread, however short the deadline is.
  it("end where a server talks on and on beside them", function()
    for _, aside in ipairs { "|1\r\n+a\r\n:1\r\n", ">1\r\n+a\r\n" } do
      local response, err = ask("whole", aside:rep(10000),
        { max_reply = 50000 })
      assert(not response)
      assert.equal("garbage", err.code)
      assert.truthy(err.message:find("larger than max_reply", 1, true))
    end
  end)

  it("may be large, and many", function()
    local text = ("$300000\r\n" .. ("x"):rep(300000) .. "\r\n")
    assert.equal(text, assert(ask("whole", text)).body)
    local many = (":1\r\n"):rep(20000)
    assert.equal(many, assert(ask("whole", many, { replies = 20000 })).body)
  end)
end)
