-- cli/token: `equinix-auth token` and `equinix-auth refresh`.
local command = require "spec.support.command"
local emulator = require "spec.support.emulator"
local json = require "equinix.base.json"
local process = require "spec.support.process"

describe("equinix-auth token", function()
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

  local function run(...)
    local code, out, said = command.run({ ... }, { env = command.env(e) })
    assert.equal(0, code, said)
    assert.equal("", said)
    return out
  end

  local function opens(authorization)
    return e:send("GET", "/fabric/v4/health", {
      headers = { { "Authorization", authorization } },
    }).status == 200
  end

  it("prints the token and nothing else", function()
    local token = run("token"):match "^(%w+)\n$"
    assert.is_true(opens("Bearer " .. token))
  end)

  it("prints it as a header for curl", function()
    local value = run("token", "--header"):match
      "^Authorization: (Bearer %w+)\n$"
    assert.is_true(opens(value))
  end)

  it("prints the whole token as JSON", function()
    local token = json.decode(run("token", "--json"))
    assert.is_true(opens("Bearer " .. token.access_token))
    assert.equal("Bearer", token.token_type)
    assert.equal(3600, token.expires_in)
    assert.equal("demo@example.com", token.user_name)
    assert.is_number(token.expires_at)
  end)

  it("prints a new one for refresh", function()
    local first = run("token")
    assert.not_equal(first, run("refresh"))
    assert.matches("^Authorization: ", run("refresh", "--header"))
  end)
end)

describe("equinix-auth in a script", function()
  local e, env
  setup(function()
    e = emulator.start { plain = true }
    env = command.env(e, { XDG_RUNTIME_DIR = process.tempdir() })
  end)
  before_each(function()
    e:reset()
  end)
  teardown(function()
    process.remove(env.XDG_RUNTIME_DIR)
    e:stop()
  end)

  local TOKEN = "POST /oauth2/v1/token"

  it("makes one token request, however often it is called", function()
    local first
    for _ = 1, 5 do
      local code, out, said = command.run({ "token" }, { env = env })
      assert.equal(0, code, said)
      first = first or out
      assert.equal(first, out)
    end
    assert.equal(1, e:count(TOKEN))
  end)

  it("keeps a file that shows neither the token nor the secret", function()
    local _, out = command.run({ "token" }, { env = env })
    local all, code = process.capture("cat " .. process.quote(
      env.XDG_RUNTIME_DIR) .. "/equinix/*")
    assert.equal(0, code)
    assert(#all > 50)
    for _, secret in ipairs { out:match "%w+", e.client_secret,
      e.client_id } do
      assert.is_nil(all:find(secret, 1, true))
    end
  end)

  it("sends a wrong secret once, however often it is called", function()
    env.EQUINIX_API_CLIENTSECRET = "a-secret-that-is-wrong"
    for _ = 1, 5 do
      local code, _, said = command.run({ "token" }, { env = env })
      assert.equal(3, code, said)
    end
    env.EQUINIX_API_CLIENTSECRET = e.client_secret
    assert.equal(1, e:count(TOKEN))
  end)

  it("works where no token can be kept, and says so", function()
    local nowhere = { XDG_RUNTIME_DIR = false, HOME = false,
      XDG_CACHE_HOME = false }
    local code, out, said = command.run({ "token" },
      { env = command.env(e, nowhere) })
    assert.equal(0, code, said)
    assert.matches("^%w+\n$", out)
    assert.matches("not kept for the next call", said)
    code, out, said = command.run({ "token", "--no-store" },
      { env = command.env(e, nowhere) })
    assert.equal(0, code, said)
    assert.matches("^%w+\n$", out)
    assert.equal("", said)
  end)
end)

-- For one program: a name server that does not answer until a file exists.
local SLOW_NAMES = [[
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>
int getaddrinfo(const char *n, const char *s, const struct addrinfo *h,
                struct addrinfo **list)
{
  for (int i = 0; i < 300 && access(getenv("ANSWER"), F_OK) != 0; i++) {
    usleep(100000);
  }
  (void)n, (void)s, (void)h, (void)list;
  return EAI_FAIL;
}
]]

describe("equinix-auth's time limit", function()
  it("also limits a name look-up that does not end", function()
    local curl = require("equinix.core").versions().libcurl
    local minor = tonumber(curl:match "7%.(%d+)")
    if process.capture "uname -s" ~= "Linux" then
      return pending "the slow look-up needs LD_PRELOAD"
    elseif minor and minor < 87 then
      return pending("libcurl before 7.87 waits for names; this is " .. curl)
    end
    local dir = process.tempdir()
    local file = assert(io.open(dir .. "/slow.c", "w"))
    file:write(SLOW_NAMES)
    file:close()
    assert.equal(0, select(2, process.capture(
      ("cc -shared -fPIC -o %s/slow.so %s/slow.c"):format(dir, dir))))
    local p = process.start({ "bin/equinix-auth", "token", "--no-store",
      "--timeout", "1" }, { env = {
        LD_PRELOAD = dir .. "/slow.so",
        ANSWER = dir .. "/answer",
        EQUINIX_API_ENDPOINT = "https://equinix.example",
        EQUINIX_API_CLIENTID = "a",
        EQUINIX_API_CLIENTSECRET = "b",
      } })
    local code = p:wait(60)
    p:stop()
    process.remove(dir)
    assert.equal(4, code, p:stderr())
  end)
end)
