-- With all that can be said of what happens, nothing confidential is said:
-- every command and every method, against servers that repeat what they get.
-- What is hidden is found by spec/support/secret_scan, which shares nothing
-- with the code that hides it.
local command = require "spec.support.command"
local echoes = require "spec.support.echoes"
local process = require "spec.support.process"
local secret_scan = require "spec.support.secret_scan"
local serve = require "spec.support.serve"

local SECRETS = {
  token = "kQ8vZ2mT9rXw4YbN7cLd1FhJ6gPsA3eU5iOqR0tVyWzB",
  refresh_token = "rT5uJ8nM2kD7fW4xP9sG1hQ6bC3vZ0yLaEoIwXcVtKpN",
  client_id = "app-7H3kM9qZ2xW8vB",
  client_secret = "cS_9xK2 mQ7/wE4+zR8.pL1-vN6~bT3",
  user_password = 'pW "5\\6 dK8jH2fV7sX4',
  static_token = "sT4kE8zX2vQ7wM9nB3cJ6hG1fD5rL0yP",
  another_secret = "aN7xW3kQ9vM5zB2cR8tL4hF6",
  store_password = "rD6wQ2xK8vM4nZ7bT9c",
  proxy_password = "pX3vK9mQ5wZ8nB2tR7c",
  unknown = "one-time-secret-of-another",
}

local server, env

setup(function()
  server = echoes.start(SECRETS.token, SECRETS.refresh_token)
  env = {
    EQUINIX_API_ENDPOINT = server.url,
    EQUINIX_API_CLIENTID = SECRETS.client_id,
    EQUINIX_API_CLIENTSECRET = SECRETS.client_secret,
  }
end)

teardown(function()
  server:stop()
end)

-- Nothing of a secret, and at least so much.
local function assert_clean(text, least, what)
  assert.is_true(#text >= least, what .. " says too little: " .. text)
  local found = secret_scan.find(text, SECRETS)
  assert.is_nil(found, found and what .. ": " .. found)
  for line in text:gmatch "[^\n]+" do
    assert.is_nil(line:find "[%z\1-\31\127]", what)
    assert.is_true(#line < 2000, what)
  end
end

local function run(words, options)
  options = options or {}
  options.env = options.env or env
  local _, out, said = command.run(words, options)
  return said, out
end

describe("what is said with --verbose --verbose", function()
  it("is found where something is said", function() -- the scan itself
    local token = SECRETS.token
    for _, text in ipairs { "x" .. token:sub(5, 12) .. "y",
      secret_scan.base64("ab" .. token .. "c"),
      "%51" .. token:sub(1, 1) .. token:sub(4, 20) } do
      assert.truthy(secret_scan.find(text, SECRETS))
    end
    assert.is_nil(secret_scan.find(token:sub(5, 11), SECRETS))
  end)

  it("has no secret: token, refresh, doctor", function()
    for _, words in ipairs { { "token" }, { "refresh", "--force" },
      { "token", "--json" }, { "doctor" } } do
      words[#words + 1] = "-vv"
      assert_clean(run(words), 400, words[1])
    end
  end)

  for _, mode in ipairs { "plain", "headers", "redirect", "failed" } do
    it("has no secret: a request that is answered by " .. mode, function()
      local said = run { "request", "GET", "/echo/" .. mode .. "?limit=2",
        "--verbose", "--verbose", "--no-store" }
      assert.truthy(said:find("/echo/" .. mode, 1, true))
      assert_clean(said, 400, mode)
    end)
  end

  it("has no secret: a body and a header of the caller's", function()
    local said = run({ "request", "POST", "/echo/plain", "-d", "-", "-H",
      "X-Note: " .. SECRETS.client_secret, "-q", "q=" .. SECRETS.client_id,
      "-vv" }, { stdin = '{"a": "' .. SECRETS.client_secret .. '"}' })
    assert_clean(said, 400, "request")
  end)

  it("has no secret: every method, every grant, store and proxy", function()
    local own = { EQUINIX_LOG = "trace", USER_PASSWORD = SECRETS.user_password,
      STATIC_TOKEN = SECRETS.static_token,
      ANOTHER_SECRET = SECRETS.another_secret,
      STORE_URL = "redis://u:" .. SECRETS.store_password .. "@127.0.0.1:9/0",
      PROXY = "http://u:" .. SECRETS.proxy_password .. "@127.0.0.1:9" }
    for name, value in pairs(env) do
      own[name] = value
    end
    local argv = { process.interpreter():gsub("'", ""), nil }
    argv = { argv[1], "-e", 'package.path = "lua/?.lua;lua/?/init.lua;"'
      .. " .. package.path package.cpath = \"" .. package.cpath:match "^[^;]+"
      .. ';" .. package.cpath', "spec/support/scripts/trace_everything.lua",
      server.url, (table.unpack or unpack)(echoes.MODES) }
    local p = process.start(argv, { env = own })
    assert.equal(0, p:wait(60), p:stderr())
    local said = p:stderr()
    p:stop()
    for _, word in ipairs { " > GET ", " > POST ", " < 200 ", " < 503 ",
      "retry: ", "wait: ", "token_cache: ", "token_turn: ", "store_step: ",
      "store_failed: ", "token_renewed: ", "token_rejected",
      "refreshaccesstoken", "no answer after", "body: " } do
      assert.truthy(said:find(word, 1, true), word)
    end
    assert_clean(said, 10000, "the module")
  end)

  it("has no secret: an agent's calls over standard input", function()
    local said, out = run({ "mcp", "-vv", "--token-exposure", "handle",
      "--allow", "GET /echo/*" }, { stdin = table.concat({
      [[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
        "protocolVersion":"2025-06-18","capabilities":{},
        "clientInfo":{"name":"a","version":"1"}}}]],
      [[{"jsonrpc":"2.0","method":"notifications/initialized"}]],
      [[{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":
        "getoauth2accesstoken","arguments":{}}}]],
      [[{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":
        "equinix_request","arguments":{"method":"GET",
        "path":"/echo/plain"}}}]],
    }, "\0"):gsub("%s*\n%s*", ""):gsub("%z", "\n") .. "\n" })
    assert.truthy(out:find("eqh_", 1, true), out)
    assert.is_nil(said:find "eqh_")
    assert_clean(said, 200, "mcp")
  end)

  it("is nothing for commands that send nothing", function()
    for _, words in ipairs { { "capability", "show" },
      { "completion", "bash" } } do
      words[3] = "-vv"
      assert.equal("", (run(words)))
    end
  end)
end)

describe("what equinix-auth emulator --verbose says", function()
  it("has a line for each request, and no secret", function()
    local dir = process.tempdir()
    local p = process.start({ "bin/equinix-auth", "emulator", "--plain",
      "--port", "0", "--until-eof", "-v", "--ready-file", dir .. "/ready" },
      { until_eof = true })
    finally(function()
      p:stop()
      process.remove(dir)
    end)
    assert(process.eventually(function()
      return p:stdout():find "EQUINIX_API_CLIENTSECRET=%S+\n"
    end, 30))
    local own = {}
    for name, value in p:stdout():gmatch "export (EQUINIX_API_[A-Z]+)=(%S+)" do
      own[name] = value
    end
    local _, token = run({ "token", "--no-store" }, { env = own })
    for _, path in ipairs { "/_emulator/", "/_emulator/console/state?after=1",
      "/fabric/v4/ports/" .. token:match "%S+" } do
      run({ "request", "GET", path, "--no-store" }, { env = own })
    end
    assert(process.eventually(function()
      return p:stderr():find "GET /fabric/v4/ports"
    end, 30))
    local said = p:stderr()
    assert.truthy(said:find("emulator: POST /oauth2/v1/token -> 200", 1, true))
    -- A console that is open asks twice a second.
    assert.equal(1, select(2, said:gsub("GET /_emulator/", "")))
    assert.is_nil(secret_scan.find(said, { token = token:match "%S+",
      secret = own.EQUINIX_API_CLIENTSECRET }))
  end)
end)

describe("what equinix-auth serve --verbose logs", function()
  local s
  local it_serves = serve.missing() and pending or it

  it_serves("are lines of JSON, without a secret", function()
    s = assert(serve.start(nil, { "-vv", "--workers", "1",
      "--token-exposure", "handle", "--allow", "GET /echo/*" }, { env = env }))
    finally(function()
      s:stop()
    end)
    assert.equal(200, (s:rest("POST", "/oauth2/v1/token")))
    assert.equal(200, (s:rest("POST", "/oauth2/v1/token", { body =
      '{"client_id":"app-two","client_secret":"'
      .. SECRETS.another_secret .. '","grant_type":"client_credentials"}',
      headers = { ["Content-Type"] = "application/json" } })))
    local said
    assert(process.eventually(function()
      said = s.program:stderr()
      return select(2, said:gsub("oauth2/v1/token", "")) >= 2
    end, 30))
    local lines = 0
    for line in said:gmatch '[^\n]*"event":"trace"[^\n]*' do
      lines = lines + 1
      assert.truthy(line:find("^{"), line)
      assert.truthy(line:find '"pid":%d', line) -- each counts for itself
    end
    assert.is_true(lines > 5, said)
    assert_clean(said, 400, "serve")
  end)
end)
