-- status/page: facts in, HTML out. How a browser shows it is in
-- spec/serve/status_page_spec.lua.
local page = require "equinix.service.status.page"
local tables = require "equinix.base.table"

local function facts(changes)
  return tables.update({
    at = 1800000000, title = "The <title>", build = { version = "1.2.3",
      nginx = "<4>" }, renews = true, life = 3600, left = 1800,
    latched = false, stats = { token_requests = 7, tokens = 6, failures = 1,
      rejections = 0 }, cache = { slots = 256, used = 2, evicted = 0 },
    paused = false,
  }, changes)
end

-- An hour in which everything happened in every minute.
local function full()
  local minutes = {}
  for i = 1, 60 do
    minutes[i] = { at = 1800000000 - (60 - i) * 60 }
    for _, name in ipairs(require("equinix.service.status.hour").NAMES) do
      minutes[i][name] = 123456789
    end
  end
  return minutes
end

describe("the state", function()
  it("is what matters most", function()
    for state, changes in pairs {
      ["Token in use"] = {}, ["Credentials held back"] = { latched = true },
      ["Token is over"] = { left = 0 }, ["Renewal is due"] = { left = 200 },
      ["Static token"] = { renews = false },
    } do
      local class, found = page.state(facts(changes))
      assert.equal(state, found)
      assert.matches(("<title>%s - "):format(state), page.html(facts(changes)))
      assert.is_truthy(("ok warn bad"):find(class, 1, true))
    end
    local none = facts()
    none.life, none.left = nil, nil
    assert.equal("No token yet", select(2, page.state(none)))
    assert.matches("None was fetched", page.html(none))
  end)
end)

describe("the page", function()
  it("shows texts as texts", function()
    local html = page.html(facts { minutes = full() })
    assert.matches("The &lt;title&gt;", html, 1, true)
    assert.matches("&lt;4&gt;", html, 1, true)
    assert.is_nil(html:find("<title>The", 1, true))
  end)

  it("has no script, no attribute of style, and asks for nothing", function()
    local html = page.html(facts { minutes = full() })
    for _, unwanted in ipairs { "<script", " style=", " on%l+=", "http:",
      "https:", "src=", "@import" } do
      assert.is_nil(html:find(unwanted), unwanted)
    end
  end)

  it("weighs under 60 kB, whatever happened", function()
    assert.is_true(#page.html(facts { minutes = full() }) < 60000)
  end)

  it("is asked for again, until that is paused", function()
    local html = page.html(facts())
    assert.matches('<meta http-equiv="refresh" content="15">', html, 1, true)
    assert.matches('<a href="/?pause">', html, 1, true)
    html = page.html(facts { paused = true })
    assert.is_nil(html:find("refresh\"", 1, true))
    assert.matches('<a href="/">', html, 1, true)
  end)

  it("shows tokens of any life", function()
    for _, life in ipairs { 0, 1, 2.5, 86400 } do
      for _, part in ipairs { 0, 0.001, 1 / 3, 1 } do
        assert.is_string(page.html(facts { life = life, left = life * part }))
      end
    end
  end)
end)
