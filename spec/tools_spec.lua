-- tools: what the steps of `make test` print when they can't run, which
-- packages are looked for, and that the workflow of the CI uses only targets
-- of the Makefile.
local process = require "spec.support.process"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

describe("a step of the tests", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  -- Returns what it printed, and its result.
  local function step(environment, command)
    local said = process.capture(("%s tools/step.sh %s/result %s")
      :format(environment, dir, command))
    return said, read(dir .. "/result")
  end

  it("is skipped for the given reason, and does not pass", function()
    process.capture("echo 'the reason' >" .. dir .. "/why-not")
    local said, result = step("WHY_NOT=" .. dir .. "/why-not", "check true")
    assert.matches("^skip .* the reason$", said)
    assert.equal("0 0 1\n", result)
  end)

  it("runs where no reason is given", function()
    local _, result = step("WHY_NOT=" .. dir .. "/why-not", "check true")
    assert.equal("1 0 0\n", result)
  end)

  it("without a libcurl over GnuTLS gives the reason in one line", function()
    -- A PATH with everything that it needs except apt.
    local script = [[cd %s && mkdir bin && for c in rm mkdir cat; do
      ln -s "$(command -v $c)" bin/$c; done]]
    process.capture(script:format(dir))
    local _, code = process.capture(("sh=$(command -v sh); PATH=%s/bin "
      .. "$sh tools/gnutls.sh %s/gnutls 2>&1"):format(dir, dir))
    assert.equal(0, code)
    assert.matches("^[^\n]*apt[^\n]*\n$", read(dir .. "/gnutls/why-not"))
  end)
end)

describe("the list of what is missing", function()
  local dir
  before_each(function()
    dir = process.tempdir()
  end)
  after_each(function()
    process.remove(dir)
  end)

  -- The script on a PATH with what it runs itself, with no apt to install
  -- with, and with a curl-config that names this list of authorities.
  local function missing(set, authorities)
    local script = [[cd %s && for c in dirname sed awk id tr uname; do
      ln -s "$(command -v $c)" $c; done
      printf '#!%%s\necho %s\n' "$(command -v sh)" >curl-config
      chmod 755 curl-config]]
    process.capture(script:format(dir, authorities))
    return process.capture(("sh=$(command -v sh); env -i PATH=%s $sh "
      .. "tools/deps.sh %s 2>&1"):format(dir, set))
  end

  local FOR_TESTS = { "lua-busted", "valgrind", "clang", "strace",
    "redis-server", "wrk", "shellcheck", "lua5.3", "chromium" }

  it("has for using it nothing that only tests need", function()
    local said, code = missing("use", "/nowhere")
    assert.equal(1, code)
    local apt = said:match "apt%-get install ([^\n]+)"
    for _, package in ipairs { "gcc", "lua5.4", "libcurl4-openssl-dev",
      "libssl-dev", "lua-cjson", "lua-argparse", "luarocks" } do
      assert.is_truthy(apt:find(package, 1, true), package)
    end
    for _, package in ipairs(FOR_TESTS) do
      assert.is_nil(apt:find(package, 1, true), package)
    end
  end)

  it("has for the tests what they need", function()
    local said = missing("test", "/nowhere")
    for _, package in ipairs(FOR_TESTS) do
      assert.is_truthy(said:find(package, 1, true), package)
    end
  end)

  it("names ca-certificates where libcurl's list of authorities is not there",
    function()
      local said, code = missing("demo", dir .. "/nowhere.pem")
      assert.equal(1, code)
      assert.matches("missing: [^\n]*the list of authorities", said)
      assert.matches("apt%-get install[^\n]* ca%-certificates", said)
    end)

  it("does not name it where that list is there", function()
    local said = missing("demo", "README.md")
    assert.is_nil(said:find("ca-certificates", 1, true))
    assert.is_nil(said:find("authorities", 1, true))
  end)

  it("names it in the hint too, for apt and for dnf", function()
    local said = process.capture "tools/deps.sh hint"
    assert.matches("apt%-get install[^\n]* ca%-certificates", said)
    assert.matches("dnf install[^\n]* ca%-certificates", said)
  end)
end)

describe("make", function()
  it("installs with deps what using it needs, with deps-test more", function()
    assert.equal("tools/deps.sh use", (process.capture "make -n deps"))
    assert.equal("tools/deps.sh test", (process.capture "make -n deps-test"))
  end)

  it("is quiet about a Lua that has headers and no program", function()
    local dir = process.tempdir()
    local chunks = dir .. "/lua5.9/equinix/start.chunks"
    local said, code = process.capture(("make -s LUAS=lua5.9 BUILD=%s %s 2>&1")
      :format(dir, chunks))
    local made = read(chunks)
    process.remove(dir)
    assert.equal(0, code, said)
    assert.equal("\n", made)
    assert.not_matches("denied", said)
    assert.not_matches("not found", said)
  end)
end)

describe("the workflow", function()
  it("uses only targets of the Makefile", function()
    local targets = {}
    for names in ("\n" .. read "Makefile"):gmatch "\n([%l -]+):" do
      for name in names:gmatch "%l[%l-]*" do
        targets[name] = true
      end
    end
    local called = 0
    for name in read(".github/workflows/ci.yml"):gmatch "make (%l[%l-]*)" do
      assert.is_true(targets[name], name)
      called = called + 1
    end
    assert.is_true(called >= 3)
  end)
end)
