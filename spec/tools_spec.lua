-- tools: what the steps of `make test` print when they can't run, and that the
-- workflow of the CI uses only targets of the Makefile.
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

describe("the workflow", function()
  it("uses only targets of the Makefile", function()
    local targets = {}
    for names in ("\n" .. read "Makefile"):gmatch "\n([%l ]+):" do
      for name in names:gmatch "%l+" do
        targets[name] = true
      end
    end
    local called = 0
    for name in read(".github/workflows/ci.yml"):gmatch "make (%l+)" do
      assert.is_true(targets[name], name)
      called = called + 1
    end
    assert.is_true(called >= 3)
  end)
end)
