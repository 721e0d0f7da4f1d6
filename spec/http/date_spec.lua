-- date: the three forms of an HTTP-date, and nothing else.
local core = require "equinix.core"
local date = require "equinix.http.date"

local NOW = 1800000000 -- 2027-01-15
local DAY = 86400

describe("an HTTP-date", function()
  it("is read in its three forms", function()
    for _, text in ipairs {
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    } do
      assert.equal(784111777, date.parse(text, NOW), text)
    end
    assert.equal(date.parse("Mon, 16 Nov 1994 08:49:37 GMT", NOW),
      date.parse("Mon Nov 16 08:49:37 1994", NOW))
  end)

  it("follows the calendar", function()
    for text, time in pairs {
      ["Thu, 01 Jan 1970 00:00:00 GMT"] = 0,
      ["Wed, 31 Dec 1969 00:00:00 GMT"] = -DAY,
      ["Tue, 29 Feb 2000 12:00:00 GMT"] = 951825600,
      ["Sat, 31 Dec 2022 23:59:59 GMT"] = 1672531199,
      ["Fri, 01 Mar 2024 00:00:00 GMT"] = 1709251200,
      ["Mon, 01 Mar 2100 00:00:00 GMT"] = 4107542400,
      ["Fri, 31 Dec 9999 23:59:59 GMT"] = 253402300799,
    } do
      assert.equal(time, date.parse(text, NOW), text)
    end
  end)

  it("may be a leap second", function()
    assert.equal(1483228800,
      date.parse("Sat, 31 Dec 2016 23:59:60 GMT", NOW))
  end)

  it("has a day and a time that exist", function()
    for _, text in ipairs {
      "Sun, 06 Nov 1994 56:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 60 Nov 1994 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT",
      "Sun, 30 Feb 2000 08:49:37 GMT",
      "Sun, 29 Feb 2100 08:49:37 GMT",
      "Sunday, 31-Nov-94 08:49:37 GMT",
      "Sunday, 30-Feb-00 08:49:37 GMT",
      "Sun, 06 Nov 0094 08:49:37 GMT",
      "Sun, 06 Nov 0000 08:49:37 GMT",
      "Sun, 06 Nov 1582 08:49:37 GMT",
      "Sun Nov 31 08:49:37 1994",
    } do
      assert.is_nil(date.parse(text, NOW), text)
    end
  end)

  it("is nothing else, even where libcurl can read it", function()
    for _, text in ipairs {
      "06 Nov 1994 08:49:37 GMT",
      "Sunday, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06-Nov-94 08:49:37 GMT",
      "Sunday Nov  6 08:49:37 1994",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994",
      "Sun, 06 Nov 1994 08:49 GMT",
      "Sun, 06 Nov 1994",
      "Sun, 06 Nov 94 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 PST",
      "Sun, 06 Nov 1994 08:49:37 +0100",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Sun, 06 NOV 1994 08:49:37 GMT",
      "Nov, 06 Sun 1994 08:49:37 GMT",
      "Day, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Foo 1994 08:49:37 GMT",
      "Sun, 06 November 1994 08:49:37 GMT",
      "Sunday, 06-November-94 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun, 06 Nov 1994 08:49:37 GMT\0",
      "19941106",
      "784111777",
      "",
    } do
      assert.is_nil(date.parse(text, NOW), text)
    end
  end)
end)

describe("a year of two digits", function()
  -- The same moment of the year, read in that year.
  local function year_of(digits, now)
    local at = date.parse(("Friday, 01-Jan-%02d 00:00:00 GMT"):format(digits),
      now)
    return tonumber(os.date("!%Y", at))
  end

  it("is the last one that is not more than 50 years ahead", function()
    local now = core.date "01 Jul 2026 00:00:00 GMT"
    for digits, year in pairs { [26] = 2026, [25] = 2025, [27] = 2027,
      [0] = 2000, [70] = 2070, [76] = 2076, [77] = 1977, [78] = 1978,
      [94] = 1994, [99] = 1999 } do
      assert.equal(year, year_of(digits, now))
    end
    now = core.date "31 Dec 2099 00:00:00 GMT"
    assert.equal(2105, year_of(5, now))
    assert.equal(2050, year_of(50, now))
  end)

  it("counts the 50 years to the day", function()
    local text = "Wednesday, 01-Jul-76 00:00:00 GMT"
    local in_50_years = core.date "01 Jul 2076 00:00:00 GMT"
    local now = core.date "01 Jul 2026 00:00:00 GMT"
    assert.equal(in_50_years, date.parse(text, now + DAY))
    assert.equal(core.date "01 Jul 1976 00:00:00 GMT",
      date.parse(text, now - 2 * DAY))
  end)

  it("can be a leap year's, whatever the century's other ones are", function()
    local now = core.date "01 Jul 2055 00:00:00 GMT"
    -- 2100 has no 29 February, 2000 has.
    assert.equal(core.date "29 Feb 2000 00:00:00 GMT",
      date.parse("Tuesday, 29-Feb-00 00:00:00 GMT", now))
  end)
end)
