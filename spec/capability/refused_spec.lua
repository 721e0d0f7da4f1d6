-- What is refused, by name and place. The mark @@ stands where the mistake is.
local capability = require "spec.support.capability"

-- The text of the marks' mistakes: each has its line, and no line is more.
local function assert_refused(expected, ...)
  local text, places = capability.changed(...)
  local lines = capability.mistakes(text)
  assert.truthy(lines, "it was accepted")
  assert.equal(#places, #lines, table.concat(lines, "\n"))
  for i, place in ipairs(places) do
    assert.equal("f:" .. place .. ": ", lines[i]:match "^f:%d+:%d+: ",
      lines[i])
  end
  for _, part in ipairs(type(expected) == "table" and expected
    or { expected }) do
    assert.truthy(table.concat(lines, "\n"):find(part, 1, true),
      table.concat(lines, "\n"))
  end
end

local ENTRY = "      call: fabric.change-port\n"
local TOOL = "\n    - name: change-port\n"
local CASES = {
  { "an unknown key, with the nearest one", "did you mean 'method'?",
    "        method: PATCH\n",
    "        method: PATCH\n        @@metod: GET\n" },
  { "an unknown key of the file", "unknown key 'infos' in the file; did you "
    .. "mean 'info'?", "info:\n", "@@infos: x\ninfo:\n" },
  { "steps", "'steps' is not supported", ENTRY,
    ENTRY .. "      @@steps: []\n" },
  { "ref", "'ref' is not supported", "      call: fabric.change-port\n",
    "      @@ref: x.y\n" },
  { "aggregates", "'aggregates' is not supported", "  exposes:\n",
    "  @@aggregates: []\n  exposes:\n" },
  { "mappings", "'mappings' is not supported", ENTRY,
    ENTRY .. "      @@mappings: []\n" },
  { "forward", "'forward' is not supported",
    "    - path: /v1/ports/{portId}\n",
    "    - path: /v1/ports/{portId}\n      @@forward: {}\n" },
  { "import", "'import' is not supported", "  consumes:\n",
    "  consumes:\n  - @@import: registry\n    @@from: ./x.yml\n" },
  { "resources of MCP", "only tools are served", "    tools:\n",
    "    @@resources: []\n    tools:\n" },
  { "prompts of MCP", "only tools are served", "    tools:\n",
    "    @@prompts: []\n    tools:\n" },
  { "a control adapter", "type 'control' is not served", "  - type: mcp\n",
    "  - @@type: control\n    port: 9\n    management: {}\n  - type: mcp\n" },
  { "script", "'script' is not supported", ENTRY,
    ENTRY .. "      @@script: x\n" },
  { "authentication other than bearer", "the service sends its own",
    "      type: bearer\n", "      @@type: apikey\n      key: X\n" },
  { "a literal secret", "literal secret", "      token: '{{env.SITE}}'\n",
    "      @@token: s3cr3t-value\n" },
  { "a literal secret in an input", "literal secret",
    "          value: '{{env.SITE}}'\n",
    "          value: '{{env.SITE}}'\n        - name: X-Auth-Token\n"
    .. "          in: header\n          @@value: s3cr3t-value\n" },
  { "authentication of an adapter", "--auth-token-file",
    "    namespace: ports-mcp\n",
    "    namespace: ports-mcp\n    @@authentication: {type: bearer}\n" },
  { "another raw format", "outputRawFormat 'xml'",
    "        outputRawFormat: json\n", "        @@outputRawFormat: xml\n" },
  { "a call that leads nowhere", "did you mean 'fabric.change-port'?", ENTRY,
    "      @@call: fabric.chang-port\n" },
  { "a tool without a call", "has no 'call'",
    "    - name: change-port\n" .. ENTRY, "    - @@name: change-port\n" },
  { "an operation twice", "the operation 'fabric.get-port' stands twice",
    "      - name: change-port\n        method: PATCH\n",
    "      - @@name: get-port\n        method: GET\n"
    .. "      - name: change-port\n        method: PATCH\n" },
  { "a tool twice", "stands twice", TOOL, "\n    - @@name: get-port\n" },
  { "a route twice", "the route GET /v1/ports/{} stands twice",
    "  - type: mcp\n", "    - path: /v1/ports/{other}\n      operations:\n"
    .. "      - @@method: GET\n        call: fabric.get-port\n"
    .. "        with: {portId: rest.other}\n  - type: mcp\n" },
  { "in: path without such a variable", "did you mean 'portId'?",
    "        - name: site\n          in: query\n"
    .. "          value: '{{env.SITE}}'\n",
    "        - name: portIx\n          @@in: path\n" },
  { "with naming an unknown input of the operation",
    "has no input 'portIx'; did you mean 'portId'?",
    "        portId: tools.portId\n", "        @@portIx: tools.portId\n" },
  { "with naming an input that is not declared", "is not declared",
    "        portId: tools.portId\n", "        @@portId: tools.prt\n"
    .. "      inputParameters:\n      - @@name: port\n"
    .. "        type: string\n" },
  { "an exposed address off loopback", "use --listen and --auth-token-file",
    "    port: 9090\n", "    port: 9090\n    @@address: 0.0.0.0\n" },
  { "a second rest", "a second adapter of type rest", "  - type: mcp\n",
    "  - @@type: rest\n    resources: []\n  - type: mcp\n" },
  { "an unknown version", "only 1.0.0-alpha1 and 1.0.0-alpha2",
    "naftiko: 1.0.0-alpha2\n", "@@naftiko: 1.0.0-alpha9\n" },
  { "no version", "it is no capability file", "naftiko: 1.0.0-alpha2\ninfo",
    "@@info" },
  { "an unknown method", "unknown method 'GETT'", "        method: PATCH\n",
    "        @@method: GETT\n" },
  { "an unknown place", "in: 'cookie' is not supported",
    "          in: query\n", "          @@in: cookie\n" },
  { "an unknown type", "did you mean 'string'?", "          type: string\n",
    "          @@type: strng\n" },
  { "a flag that is neither true nor false", "must be true or false",
    "        readOnly: true\n", "        @@readOnly: yes\n" },
  { "a port that is none", "a port from 1 to 65535", "    port: 8080\n",
    "    @@port: 80800\n" },
  { "a credential of ours as a bind", "can't be bound", "    SITE: SITE\n",
    "    SITE: SITE\n    @@X: EQUINIX_API_CLIENTSECRET\n" },
  { "a bind in a body", "a bind is only for the value",
    "            name: '{{name}}'\n", "            @@name: '{{env.SITE}}'\n" },
  { "binds from elsewhere", "binds come from the environment",
    "- namespace: env\n", "- namespace: env\n  @@location: file:///x\n" },
  { "a body of another type", "a body is json or formUrlEncoded",
    "          type: json\n", "          @@type: xml\n" },
  { "a body's text that is not JSON", "this is not JSON",
    "          data:\n            name: '{{name}}'\n",
    "          @@data: '{\"a\": }'\n" },
  { "a path that is none of an answer", "is no path such as",
    "          mapping: $.\n", "          @@mapping: $..x\n" },
  { "an unknown transport", "it is http or stdio", "    transport: http\n",
    "    @@transport: sse\n" },
  { "a name that no tool has", "has to be 1 to 128 of", TOOL,
    "\n    - @@name: change port\n" },
  { "the reserved name", "is reserved", TOOL,
    "\n    - @@name: equinix_request\n" },
  { "a path of the service itself", "is a path of the service",
    "    - path: /v1/ports/{portId}\n      name: port\n"
    .. "      operations:\n      - method: GET\n        name: get-port\n"
    .. "        call: fabric.get-port\n        with:\n"
    .. "          portId: rest.portId\n",
    "    - @@path: /metrics\n      name: port\n"
    .. "      operations:\n      - method: GET\n        name: get-port\n"
    .. "        call: fabric.get-port\n" },
  { "a tool's input that goes nowhere", "goes nowhere", ENTRY,
    ENTRY .. "      inputParameters:\n      - @@name: titel\n"
    .. "        type: string\n" },
  { "a constant that is none", "neither an input nor a constant",
    "          portId: rest.portId\n", "          @@portId:\n" },
  { "a value that is none", "value must be a text",
    "          value: '{{env.SITE}}'\n", "          @@value: ~\n" },
  { "a body without data", "data is empty",
    "          data:\n            name: '{{name}}'\n", "          @@data:\n" },
  { "a template as an output", "is a template", "          mapping: $.\n",
    "          @@value: '{{x}}'\n" },
}

describe("a capability file is refused for", function()
  it("nothing where there is nothing", function()
    local lines = capability.mistakes(capability.BASE)
    assert.is_nil(lines and table.concat(lines, "\n"))
  end)

  for _, case in ipairs(CASES) do
    it(case[1], function()
      local rest = {}
      for i = 3, #case do
        rest[#rest + 1] = case[i]
      end
      assert_refused(case[2], (table.unpack or unpack)(rest))
    end)
  end

  it("a header that is not a file's to set", function()
    for _, name in ipairs { "Authorization", "host", "Cookie", "Content-Type",
      "content-length", "Transfer-Encoding", "CONNECTION", "Proxy-Connection",
      "Expect", "te", "Trailer", "Upgrade", "Keep-Alive", "Accept-Encoding",
      "X-HTTP-Method-Override", "X-Http-Method", "x-method-override",
      "X Space", "X:" } do
      assert_refused("can't be set by a file", "        - name: site\n"
        .. "          in: query\n          value: '{{env.SITE}}'\n",
        "        - name: '" .. name .. "'\n          @@in: header\n")
    end
  end)

  it("a path that two programs could read differently", function()
    for path, message in pairs {
      ["/fabric//v4"] = "an empty segment",
      ["/fabric/../v4"] = "a dot segment", ["/fabric/./v4"] = "a dot segment",
      ["fabric"] = "must begin with /",
      ["/a%2fb"] = "a character that is not", ["/a\\\\b"] = "a character",
      ["/a?b=c"] = "has a query", ["/a#b"] = "has a query",
      ["/a;b"] = "a character", ["/a b"] = "a character",
      ["/{a"] = "a brace", ["/a}"] = "a brace", ["/{a b}"] = "a brace",
      ["/{}"] = "a brace",
    } do
      local text, places = capability.changed(
        "      path: /fabric/v4/ports/{portId}\n",
        "      @@path: \"" .. path .. "\"\n")
      local lines = table.concat(capability.mistakes(text), "\n")
      assert.truthy(lines:find("f:" .. places[1] .. ": ", 1, true), lines)
      assert.truthy(lines:find(message, 1, true), lines)
    end
  end)

  it("whatever gives tokens out, but the two operations", function()
    for _, path in ipairs { "/oauth2/v1/userinfo", "/OAuth2/v1/token",
      "/use/token", "/sts/Use/Token", "/oauth2/v1/token/" } do
      assert_refused("gives tokens out",
        "      path: /fabric/v4/ports/{portId}",
        "      @@path: " .. path, [[
        inputParameters:
        - name: portId
          in: path
          type: string
        - name: site
          in: query
          value: '{{env.SITE}}'
]], "", "          portId: rest.portId\n", "          site: x\n",
        "        portId: tools.portId\n", "        site: x\n")
    end
  end)

  it("a constant that its place can't hold", function()
    local SITE = "          in: query\n          value: '{{env.SITE}}'\n"
    assert_refused("is no value for a header", SITE,
      "          in: header\n          @@value: \"a\\r\\nb\"\n")
    assert_refused("is no value for a path",
      "          in: path\n          type: string\n",
      "          in: path\n          @@value: ../x\n",
      "          portId: rest.portId\n", "          site: x\n",
      "        portId: tools.portId\n", "        site: x\n")
  end)

  it("more than anything real has", function()
    local inputs, names, members = {}, {}, {}
    for i = 1, 101 do
      inputs[i] = ("        - {name: a%d, in: query}\n"):format(i)
      names[i] = ("        a%d: tools.a%d\n"):format(i, i)
      members[i] = ("            a%d: '{{a%d}}'\n"):format(i, i)
    end
    assert_refused("more than 100 inputs", "      - name: get-port\n",
      "      - @@name: get-port\n", "        - name: site\n",
      table.concat(inputs) .. "        - name: site\n")
    assert_refused("more than 100 inputs", "    - name: get-port\n      hints",
      "    - @@name: get-port\n      hints", "        portId: tools.portId\n",
      table.concat(names))
    assert_refused("more than 100 inputs", "      - name: change-port\n",
      "      - @@name: change-port\n", "            name: '{{name}}'\n",
      table.concat(members))
    assert_refused("is longer than 1000 bytes",
      "      path: /fabric/v4/ports/{portId}\n",
      "      @@path: " .. ("/{portId}"):rep(200) .. "\n")
  end)

  it("all of its mistakes at once, in the order of their places", function()
    local text, places = capability.changed(
      "naftiko: 1.0.0-alpha2\n", "@@naftiko: 2\n@@colour: red\n",
      "      type: bearer\n", "      @@type: basic\n",
      "    port: 8080\n", "    @@port: x\n",
      ENTRY, "      @@call: nowhere\n")
    local lines = capability.mistakes(text)
    assert.equal(5, #lines, table.concat(lines, "\n"))
    for i, place in ipairs(places) do
      assert.equal("f:" .. place .. ":", lines[i]:match "^f:%d+:%d+:")
    end
  end)

  it("mistakes of which none shows a secret", function()
    local text = capability.changed("      token: '{{env.SITE}}'\n",
      "      token: s3cr3t\n      password: s3cr3t\n      key: s3cr3t\n",
      "      type: bearer\n", "      type: basic\n",
      "    baseUri: https://api.equinix.com\n",
      "    baseUri: https://user:s3cr3t@api.equinix.com\n",
      "          value: '{{env.SITE}}'\n",
      "          value: s3cr3t {{x}}\n        - name: password\n"
      .. "          in: query\n          value: s3cr3t\n")
    local lines = table.concat(capability.mistakes(text), "\n")
    assert.is_nil(lines:find("s3cr3t", 1, true), lines)
    assert.truthy(lines:find("user information", 1, true), lines)
  end)

  it("thousands of mistakes, of which the first are shown", function()
    local keys = { "binds:\n" } -- six maps, since one has 1000 keys at most
    for i = 1, 5000 do
      keys[i + 1] = ("%s key%d: 1\n"):format(i % 900 == 1 and "-" or " ", i)
    end
    local lines = capability.mistakes((capability.changed("binds:\n"
      .. "- namespace: env\n  keys:\n    SITE: SITE\n",
      table.concat(keys))))
    assert.equal(101, #lines)
    assert.equal("f: 900 more at least", lines[101])
  end)
end)
