-- sigpipe: a write to a connection that is gone does not end the program.
local Handle = require "spec.support.handle"
local rawserver = require "spec.support.rawserver"

describe("SIGPIPE", function()
  local handle, server, pid

  -- Whether this thread holds it back: bit 12 of the mask.
  local function is_held(status)
    local mask = status:match "SigBlk:%s*(%x+)"
    return math.floor(tonumber(mask:sub(-4), 16) / 4096) % 2 == 1
  end

  local function read_status()
    local file = assert(io.open("/proc/self/status"))
    local text = file:read "*a"
    file:close()
    return text
  end

  before_each(function()
    local file = io.open "/proc/self/stat"
    pid = file and file:read "*n"
    if file then
      file:close()
    end
    handle = Handle.new()
    -- The path is a process: its status is the answer, and with a body of
    -- "kill" it gets a SIGPIPE first.
    server = rawserver.start [[
      local c = ...
      for request in function() return c:request() end do
        local pid = tonumber(request.path:match "%d+")
        if request.body == "kill" then
          os.execute("kill -PIPE " .. pid)
        end
        local file = io.open(("/proc/%d/status"):format(pid))
        c:send(c.ok(file:read "*a"))
        file:close()
      end
    ]]
  end)
  after_each(function()
    handle:close()
    server:stop()
  end)

  it("is held back during a transfer, and only then", function()
    if not pid then
      pending "needs /proc"
      return
    end
    assert.is_false(is_held(read_status()))
    local url = ("%s/%d"):format(server.url, pid)
    assert.is_true(is_held(assert(handle:get(url)).body))
    assert.is_false(is_held(read_status()))
    local results = handle.http:send_many({ Handle.request("GET", url) }, 1,
      10)
    assert.is_true(is_held(results[1].response.body))
    assert.is_false(is_held(read_status()))
  end)

  it("is let go of when a request raises", function()
    if not pid then
      pending "needs /proc"
      return
    end
    assert.is_false((pcall(handle.get, handle, "")))
    assert.is_false(is_held(read_status()))
  end)

  it("of a transfer does not reach the program afterwards", function()
    if not pid then
      pending "needs /proc"
      return
    end
    -- Without our care this would end the program that runs this spec.
    assert(handle:post(("%s/%d"):format(server.url, pid),
      { body = "kill" }))
    assert.is_falsy(read_status():match "S[ih][gd]Pnd:%s*%x*1000")
  end)
end)
