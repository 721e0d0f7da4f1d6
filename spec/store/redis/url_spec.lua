-- url: the URL of a Redis, as options; what is wrong is named, and nothing of
-- a login is ever shown.
local url = require "equinix.store.redis.url"

describe("a URL of Redis", function()
  local GOOD = {
    ["redis://h"] = { host = "h" },
    ["REDIS://h"] = { host = "h" },
    ["redis://h:6380/3"] = { host = "h", port = 6380, db = 3 },
    ["redis://h/"] = { host = "h" },
    ["rediss://h"] = { host = "h", tls = true },
    ["redis://[::1]:7/0"] = { host = "::1", port = 7, db = 0 },
    ["redis://app:pw@h"] = { host = "h", username = "app", password = "pw" },
    ["redis://:pw@h"] = { host = "h", password = "pw" },
    ["redis://app@h?password_file=/run/p"] =
      { host = "h", username = "app", password_file = "/run/p" },
    ["redis://a%40b:p%3a%2F%40%25%00@h"] =
      { host = "h", username = "a@b", password = "p:/@%\0" },
    ["redis://app:p:w@h"] = { host = "h", username = "app", password = "p:w" },
    ["redis://:p@w@h"] = { host = "h", password = "p@w" },
    ["rediss://h?ca_file=%2Fetc%2Fca.pem&timeout=0.25&grace=2&prefix=app:"] = {
      host = "h", tls = true, ca_file = "/etc/ca.pem", timeout = 0.25,
      grace = 2, prefix = "app:",
    },
    ["unix:///run/redis.sock"] = { path = "/run/redis.sock" },
    ["unix://:pw@/run/r%20s.sock?db=2"] =
      { path = "/run/r s.sock", password = "pw", db = 2 },
    ["redis+cluster://a:1,[::1]:2,c"] =
      { cluster = { "a:1", "[::1]:2", "c" } },
    ["rediss+cluster://a/?server_name=c.example"] =
      { cluster = { "a" }, tls = true, server_name = "c.example" },
    ["redis+sentinel://a:1,b/mymaster"] =
      { sentinel = { name = "mymaster", nodes = { "a:1", "b" } } },
    ["rediss+sentinel://u:pw@a/m/2?sentinel_username=s&sentinel_tls=false"
      .. "&sentinel_password_file=/run/s"] = {
      tls = true, username = "u", password = "pw", db = 2,
      sentinel = { name = "m", nodes = { "a" }, username = "s", tls = false,
        password_file = "/run/s" },
    },
  }
  for text, opts in pairs(GOOD) do
    it("is read: " .. text, function()
      local read, message = url.read(text)
      assert.is_nil(message)
      assert.same(opts, read)
    end)
  end

  local BAD = {
    [""] = "must begin with redis://",
    ["h:6379"] = "must begin with redis://",
    ["redis:h"] = "must begin with redis://",
    ["valkey://h"] = "unknown scheme 'valkey'.*'redis'%?",
    ["https://h"] = "unknown scheme 'https'.*'rediss'%?",
    ["redi://h"] = "unknown scheme 'redi'.*'redis'%?",
    ["redis+cluser://h"] = "'redis%+cluster'%?",
    ["redis+socket:///x"] = "'unix'%?",
    ["redis-over-some-very-long-scheme-name://h"] = "unknown scheme",
    ["redis://"] = "there is no host",
    ["redis://:hunter2@"] = "there is no host",
    ["redis://:hunter2@h:x"] = "a port must be",
    ["redis://:@h"] = "empty password",
    ["redis://:hunter%2@h"] = "%% without two hexadecimal digits",
    ["redis://:hunter2%@h"] = "%% without two hexadecimal digits",
    ["redis://:hun/ter2@h"] = "must be written as.*%%2F",
    ["redis://:hun#ter2@h"] = "must be written as.*%%23",
    ["redis://:hun?ter2@h"] = "must be written as.*%%3F",
    ["redis://:hunter2@h#x"] = "must be written as",
    ["redis://u:p@hun?ter2&x@h"] = "must be written as.*%%3F",
    ["redis://u:p@hun/ter2@h"] = "must be written as.*%%2F",
    ["redis://h?password_file=/run/a@b"] = "%%40",
    ["redis://:hun ter2@h"] = "space or a control character",
    ["redis://::1:6379"] = "in brackets",
    ["redis://a,b"] = "redis%+cluster:// or redis%+sentinel://",
    ["redis://h/one"] = "number of a db",
    ["redis://h/1/2"] = "number of a db",
    ["rediss://h?ca=/x"] = "'ca' of url, did you mean 'ca_file'%?",
    ["redis://h?password=x"] = "'password' .*did you mean 'password_file'%?",
    ["redis://h?tiemout=1"] = "'tiemout' of url, did you mean 'timeout'%?",
    ["redis://h?password=hunter2"] = "unknown parameter 'password'",
    ["redis://h?timeout=soon"] = "'timeout' of url must be a number",
    ["redis://h?timeout="] = "'timeout' of url needs a value",
    ["redis://h?timeout"] = "'timeout' of url needs a value",
    ["redis://h?prefix=%x"] = "'prefix' of url needs a value",
    ["redis://h?db=1&db=2"] = "gives 'db' twice",
    ["redis://h/1?db=2"] = "gives 'db' twice",
    ["redis://u:hunter2@h?username=x"] = "gives 'username' twice",
    ["unix://h/x"] = "unix:///PATH",
    ["unix://"] = "unix:///PATH",
    ["redis+sentinel://h"] = "name of the master is missing",
    ["redis+sentinel://h/m/x"] = "number of a db",
    ["redis+sentinel://h/m?sentinel_tls=1"] = "must be true or false",
    ["redis+cluster://a,,b"] = "there is no host",
    ["redis+cluster://a,"] = "there is no host",
  }
  for text, pattern in pairs(BAD) do
    it("is refused: " .. text, function()
      local read, message = url.read(text)
      assert.is_nil(read)
      assert.matches(pattern, message)
      assert.not_matches("ter2", message)
    end)
  end
end)
