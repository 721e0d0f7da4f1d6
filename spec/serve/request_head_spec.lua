-- serve/request_head: what the service reads of a request.
local json = require "cjson"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local missing = nginx.missing()
if missing then
  pending("reading by nginx: " .. missing)
  return
end

describe("the head of a request", function()
  local n

  setup(function()
    n = nginx.start { server = [[
      location / { content_by_lua_block {
        local head = require "equinix.serve.request_head"
        local had = head.drop_conditions()
        local request = head.read(function(target)
          return target == "/ours"
        end)
        local shared = setmetatable({}, head.shared_headers)
        ngx.print(require("cjson").encode { had,
          request.method, request.path, request.query or false,
          request.headers.host or false, request.headers["x-one"] or false,
          request.headers["x-none"] or false, shared["x-one"] or false,
          ngx.var.http_if_match or false })
      } }
    ]] }
  end)
  teardown(function()
    n:stop()
  end)

  local function read(target, headers)
    local response = assert(n:send("GET", target,
      { headers = headers }))
    return json.decode(response.body)
  end

  it("is its method, path, query and the headers that are asked for",
    function()
      local seen = read("/a/b?c=d", { { "X-One", "1" } })
      assert.same({ false, "GET", "/a/b", "c=d" },
        { seen[1], seen[2], seen[3], seen[4] })
      assert.same({ "1", false, "1" }, { seen[6], seen[7], seen[8] })
      seen = read "/ours"
      assert.same({ "/ours", false }, { seen[3], seen[4] })
    end)

  it("joins the lines of a header that comes twice", function()
    local seen = read("/", { { "X-One", "1" }, { "X-One", "2" } })
    assert.equal("1, 2", seen[6])
  end)

  it("has no Host that differs from the target's", function()
    for _, host in ipairs { "other.example", "other.example:8080" } do
      assert.equal(host, read("/", { { "Host", host } })[5])
    end
    -- A target with a host of its own is written by hand.
    local connection = assert(socket.connect("127.0.0.1", n.port))
    connection:settimeout(30)
    connection:send("GET http://one.example/ HTTP/1.1\r\n"
      .. "Host: two.example\r\nConnection: close\r\n\r\n")
    local answer = assert(connection:receive "*a")
    connection:close()
    assert.equal("", json.decode(answer:match "%b[]")[5])
  end)

  it("loses its conditions, and says that it had some", function()
    local seen = read("/", { { "If-Match", '"x"' } })
    assert.is_true(seen[1])
    assert.is_false(seen[9])
  end)
end)
