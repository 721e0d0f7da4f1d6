-- The promise of the lock-out guard, on real parts and by chance: whatever
-- threads, processes and machines do at once, an endpoint that takes its time
-- never sees more than four bad attempts in a row for an account.
local host = require "spec.support.host"
local http_get = require "socket.http".request
local model = require "spec.support.machines"
local process = require "spec.support.process"
local rawserver = require "spec.support.rawserver"

-- `make soak` sets it to 1,000.
local ROUNDS = math.max(1, math.floor(tonumber(os.getenv "ROUNDS" or 50) / 50))

-- Each account has one right secret out of five, and a new one now and then.
-- An attempt counts at some moment between its arrival and its answer.
local ENDPOINT = [[
  local c = ...
  local share = c.share
  share.accounts = share.accounts or {}
  local function answer(status, body)
    return c:send(("HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
      .. "Content-Length: %d\r\n\r\n%s"):format(status, #body, body))
  end
  while true do
    local request = c:request()
    if not request then
      return
    elseif request.path == "/most" then
      local most, count = 0, 0
      for _, account in pairs(share.accounts) do
        most, count = math.max(most, account.most), count + 1
      end
      answer("200 OK", ("%d %d"):format(most, count))
    else
      local id = request.body:match '"client_id":"([^"]+)"'
      local number = tonumber(request.body:match "secret%-number%-(%d)")
      local account = share.accounts[id]
        or { right = math.random(5), bad = 0, most = 0 }
      share.accounts[id] = account
      c:sleep(math.random() * 0.03)
      local right = number == account.right
      if right then
        account.bad = 0
        account.right = math.random() < 0.3 and math.random(5)
          or account.right
      else
        account.bad = account.bad + 1
        account.most = math.max(account.most, account.bad)
      end
      c:sleep(math.random() * 0.03)
      if right then
        answer("200 OK", '{"access_token":"t","token_timeout":"1",'
          .. '"token_type":"Bearer"}')
      else
        answer("401 Unauthorized", '{"errorCode":"S1006"}')
      end
    end
  end
]]

describe("four bad attempts in a row and no more", function()
  local function try(machines, options, store, kills)
    local rounds, reached = 0, kills
    -- Chance decides whether a round comes as far as to four.
    while rounds < ROUNDS or not reached and rounds < ROUNDS + 10 do
      rounds = rounds + 1
      local server = rawserver.start(ENDPOINT)
      local dir = process.tempdir()
      local programs = {}
      for i = 1, machines do
        programs[i] = process.start(host.command(options, "guard_breaker",
          server.url, store and "file " .. dir .. "/store" or "none",
          kills or ""))
      end
      for _, program in ipairs(programs) do
        local code = program:wait(120)
        assert(code == 0, program:stderr() .. program:stdout())
        program:stop()
      end
      local most, accounts = http_get(server.url .. "/most")
        :match "(%d+) (%d+)"
      server:stop()
      process.remove(dir)
      -- What a killed process has sent, but not settled, counts too: then it
      -- may be less.
      assert(tonumber(most) <= 4, most)
      reached = reached or most == "4"
      assert(tonumber(accounts) >= 12, accounts)
    end
    assert.is_truthy(reached) -- it was tried, and held
  end

  it("come from forked processes", function()
    try(1, "--preload equinix --forks 8")
  end)

  it("come from threads", function()
    try(1, "--threads 8")
  end)

  it("come from processes of which some are killed meanwhile", function()
    try(1, "--preload equinix --forks 8", false, "kills")
  end)

  it("come from machines that share a store", function()
    try(3, "--preload equinix --forks 3", true)
  end)

  it("come from such machines, of which processes are killed", function()
    try(3, "--preload equinix --forks 4", true, "kills")
  end)
end)

-- The same in a model, where a round takes milliseconds.
describe("machines that share a store, in a model", function()
  if _VERSION == "Lua 5.1" and not jit then
    pending "this Lua can't yield in a pcall"
    return
  end

  local function try(right)
    local most = 0
    for seed = 1, 10 * ROUNDS do
      local world = model.new(seed, right)
      world:run()
      most = math.max(most, world.most)
      assert(world.most <= 4 and world:left() == 0
        and not (right and world.held > 0), ("seed %d: %d bad, %d left, %d "
        .. "held"):format(seed, world.most, world:left(), world.held))
    end
    assert.equal(right and 0 or 4, most)
  end

  it("send four bad attempts and no more", function()
    try(false)
  end)

  it("hold no right secret back", function()
    try(true)
  end)
end)
