-- status/markup: texts and numbers for a page.
local markup = require "equinix.service.status.markup"

describe("a text", function()
  it("is never read as HTML", function()
    assert.equal("&lt;b a=&quot;&#39;&amp;", markup.escape '<b a="\'&')
    assert.equal("7", markup.escape(7))
    assert.equal("<p>&lt;i&gt;<i></p>", markup.fill("<p>%(a)s%[b]s</p>",
      { a = "<i>", b = "<i>" }))
    assert.equal("%(b)s", markup.fill("%(a)s", { a = "%(b)s", b = "c" }))
  end)

  it("that a template lacks is a mistake", function()
    assert.has_error(function()
      markup.fill("%(a)s", {})
    end)
  end)
end)

describe("a number", function()
  it("is in groups of three", function()
    local gap = "\226\128\175"
    for value, text in pairs { [0] = "0", [999] = "999",
      [1000] = "1" .. gap .. "000", [1234567] = "1" .. gap .. "234" .. gap
        .. "567" } do
      assert.equal(text, markup.count(value))
    end
  end)

  it("of seconds is in two units at most", function()
    for seconds, text in pairs { [0] = "0 s", [-1] = "0 s", [59.9] = "59 s",
      [60] = "1 min", [3599] = "59 min 59 s", [3600] = "1 h",
      [3605] = "1 h", [86399] = "23 h 59 min" } do
      assert.equal(text, (markup.duration(seconds):gsub("\194\160", " ")))
    end
    assert.equal("59\194\160min", markup.duration(3599, 1))
  end)

  it("of a picture is short", function()
    assert.equal("33.33", markup.coordinate(100 / 3))
    assert.equal("100", markup.coordinate(100))
    assert.equal("0", markup.coordinate(0))
    assert.equal("0.5", markup.coordinate(0.5))
  end)

  it("of Unix time is a time of day, in UTC", function()
    assert.equal("08:00", markup.time(1800000000.5))
    assert.equal("08:00:00", markup.time(1800000000.5, true))
  end)
end)
