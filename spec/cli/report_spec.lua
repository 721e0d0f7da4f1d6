-- cli/report: items as `--output` and `--fields` say.
local fields = require "equinix.cli.fields"
local report = require "equinix.cli.report"

local ITEMS = {
  '{"id":12345678901234567890,"name":"a\\tb","place":{"code":"AM"}}',
  '{"id":2,"place":null,"more":[]}',
}

local function write(items, asked)
  local parts, said = {}, {}
  asked.fields = asked.fields and assert(fields.parse(asked.fields))
  report.write(items, asked, function(text)
    parts[#parts + 1] = text
  end, function(message)
    said[#said + 1] = message
  end)
  return table.concat(parts), table.concat(said, "\n")
end

describe("a report", function()
  it("in JSON has flat members, null where they are missing", function()
    local text, said = write(ITEMS, { format = "json",
      fields = "id,place.code,x" })
    assert.equal('[\n{"id":12345678901234567890,"place.code":"AM","x":null},\n'
      .. '{"id":2,"place.code":null,"x":null}\n]\n', text)
    assert.equal("--fields: no item has 'x'", said)
  end)

  it("in JSON of one object is one", function()
    assert.equal('{"id":2}\n', (write({ ITEMS[2] }, { format = "json",
      fields = "id", single = true })))
  end)

  it("in JSON without fields is what the server wrote", function()
    assert.equal("[\n" .. table.concat(ITEMS, ",\n") .. "\n]\n",
      (write(ITEMS, { format = "json" })))
  end)

  it("in tsv has a line for each item, and no header", function()
    assert.equal("a\\tb\t12345678901234567890\tAM\n\t2\t\n",
      (write(ITEMS, { format = "tsv", fields = "name,id,place.code" })))
    -- `place` is an object in one of them, `more` a list.
    assert.equal("a\\tb\t12345678901234567890\n\t2\n",
      (write(ITEMS, { format = "tsv" })))
  end)

  it("as a table has a header", function()
    assert.equal("name                    id\n"
      .. "a\\tb  12345678901234567890\n"
      .. "                         2\n",
      (write(ITEMS, { format = "table" })))
  end)

  it("as a table on a terminal drops columns that it chose, and cuts those "
    .. "that were named", function()
      assert.equal("name\na\\tb\n\n", (write(ITEMS, { format = "table",
        width = 20 })))
      assert.equal("name              id\n"
        .. "a\\tb  1234567890123…\n"
        .. "                   2\n", (write(ITEMS, { format = "table",
        width = 20, fields = "name,id" })))
    end)

  it("of no items is empty, or the header that was asked for", function()
    assert.equal("[]\n", (write({}, { format = "json", fields = "a" })))
    assert.equal("", (write({}, { format = "tsv", fields = "a" })))
    assert.equal("", (write({}, { format = "table" })))
    assert.equal("a  b.c\n", (write({}, { format = "table",
      fields = "a,b.c" })))
  end)
end)

describe("the items of a response", function()
  local function items(body)
    return report.items { body = body }
  end

  it("are those of the list in it", function()
    for _, body in ipairs { '{"data":[ 1 , {"a":2.0}],"pagination":{}}',
      '[1,{"a":2.0}]', '\239\187\191{"content":[1,{"a":2.0}]}' } do
      assert.same({ { "1", '{"a":2.0}' }, false }, { items(body) })
    end
    assert.same({ {}, false }, { items '{"data":[]}' })
  end)

  it("are the answer itself where there is no list in it", function()
    assert.same({ { '{"state":"UP"}' }, true }, { items ' {"state":"UP"}\n' })
    assert.same({ { "3" }, true }, { items "3" })
  end)

  it("are none of an answer that is not JSON", function()
    local list, message = items "<html>"
    assert.is_nil(list)
    assert.matches("^the answer is not JSON %(.*%); leave %-%-output and "
      .. "%-%-fields out to see it$", message)
  end)
end)
