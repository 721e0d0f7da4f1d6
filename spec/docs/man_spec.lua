-- man/equinix-auth.1: it renders without a warning, and it names every
-- command, option, variable and exit code of the command, and no other.
local exit_code = require "equinix.cli.exit_code"
local command = require "spec.support.command"
local process = require "spec.support.process"

local PAGE = "man/equinix-auth.1"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local source = read(PAGE)

local function has(program)
  return process.capture("command -v " .. program) ~= ""
end

--- The lines of a section, as they stand in the source.
local function section(title)
  return assert((source .. "\n.Sh "):match("\n%.Sh " .. title
    .. "\n(.-\n)%.Sh "), title)
end

--- The options that a text of mdoc has: --name and -x.
local function options_of(text)
  local found = {}
  for name in text:gmatch "Fl Fl ([%w-]+)" do
    found["--" .. name] = true
  end
  for letter in text:gmatch "Fl (%w)%f[%W]" do
    found["-" .. letter] = true
  end
  return found
end

--- The options that a help lists: each stands at the beginning of a line, or
--- behind the other name of the same option.
local function options_in(help)
  local found = {}
  local list = (help .. "\n\n"):match "\nOptions:\n(.-)\n\n"
  for line in ("\n" .. list):gmatch "\n +(%-[^\n]*)" do
    found[line:match "^%-%-?[%w-]+"] = true
    local other = line:match "^%-%w, (%-%-[%w-]+)"
    if other then
      found[other] = true
    end
  end
  return found
end

local function help(...)
  local code, text = command.run { ... }
  assert.equal(0, code)
  return text
end

--- The options of a command, and of the commands below it.
local function options_below(name)
  local text = help(name, "--help")
  local found = options_in(text)
  local below = (text .. "\n\n"):match "\nCommands:\n(.-)\n\n" or ""
  for inner in ("\n" .. below):gmatch "\n   (%l[%l-]*)" do
    for option in pairs(options_in(help(name, inner, "--help"))) do
      found[option] = true
    end
  end
  return found
end

local commands = {}
for name in (help "--help" .. "\n\n"):match "\nCommands:\n(.-)\n\n"
  :gmatch "%f[^\n%z]   (%l+)" do
  commands[#commands + 1] = name
end

describe("the man page", function()
  -- Each renderer, and how it says everything that it has to say.
  local RENDERERS = {
    { "man", "MANWIDTH=79 man --warnings -l %s" },
    { "groff", "groff -mandoc -Tutf8 -ww %s" },
    { "mandoc", "mandoc -Tlint -W warning %s && mandoc -Tutf8 %s" },
  }
  for _, renderer in ipairs(RENDERERS) do
    local program, how = renderer[1], renderer[2]
    it("is rendered without a warning by " .. program, function()
      if not has(program) then
        return pending(program .. " is not here")
      end
      local dir = process.tempdir()
      finally(function()
        process.remove(dir)
      end)
      local text, code = process.capture("LC_ALL=C.UTF-8 "
        .. how:gsub("%%s", PAGE) .. " 2>" .. dir .. "/stderr </dev/null")
      if text:find("minimized", 1, true) then
        return pending(program .. " is a stand-in on this minimized system")
      end
      assert.equal("", read(dir .. "/stderr"))
      assert.equal(0, code)
      -- Without the bold and the underlined of an old terminal, and colours.
      text = text:gsub(".\b", ""):gsub("\27%[[%d;]*m", "")
      assert.matches("EQUINIX%-AUTH%(1%)", text)
      assert.matches("\nEXIT STATUS\n", text)
    end)
  end

  it("has every section that such a page has", function()
    for _, title in ipairs { "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS",
      "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES",
      "SEE ALSO" } do
      assert.is_string(section(title))
    end
  end)

  it("names every command, and no other", function()
    local named, shown, known = {}, {}, {}
    for name in section "COMMANDS":gmatch "\n%.It Cm (%l+)" do
      named[name] = true
    end
    for name in section "SYNOPSIS":gmatch "%.Nm\n%.Cm (%l+)" do
      shown[name] = true
    end
    for _, name in ipairs(commands) do
      known[name] = true
    end
    assert.is_true(#commands > 5)
    assert.same(known, shown)
    assert.same(known, named)
  end)

  local COMMON = "%.Op Ar common options"
  local common = options_of(section "OPTIONS"
    :match "Common options\n(.-)%.Ss ")

  for _, name in ipairs(commands) do
    it("has every option of " .. name .. " in its synopsis", function()
      local stanza = assert((section "SYNOPSIS" .. ".Nm\n"):match(
        "%.Nm\n(%.Cm " .. name .. "\n.-)%.Nm\n"))
      local shown = options_of(stanza)
      local known = options_below(name)
      if stanza:find(COMMON) then
        for option in pairs(common) do
          shown[option] = true
        end
      end
      -- One of two names of an option is enough there.
      local SHORT = { ["--data"] = "-d", ["--query"] = "-q",
        ["--header"] = "-H", ["--include"] = "-i", ["--output-file"] = "-o",
        ["--help"] = "-h" }
      for option in pairs(known) do
        local short = SHORT[option]
        assert.truthy(option == "-h" or option == "--help" or shown[option]
          or (known[short] and shown[short]), option)
      end
      for option in pairs(shown) do
        assert.truthy(known[option], name .. " has no " .. option)
      end
    end)
  end

  it("explains every option, and no other", function()
    local known = options_in(help "--help")
    for _, name in ipairs(commands) do
      for option in pairs(options_below(name)) do
        known[option] = true
      end
    end
    local explained = {}
    for line in section "OPTIONS":gmatch "\n%.It ([^\n]+)" do
      for option in pairs(options_of(line)) do
        explained[option] = true
      end
    end
    assert.same(known, explained)
  end)

  it("names every environment variable, and no other", function()
    local known, named = { XDG_RUNTIME_DIR = true, XDG_CACHE_HOME = true,
      XDG_CONFIG_HOME = true, HOME = true, OPENRESTY_PREFIX = true,
      EQUINIX_CACHE_PLACES = true }, {} -- of files and the core
    local code = read "lua/equinix/client/environment.lua"
    for name in code:gmatch '"(EQUINIX_[%u_]+)"' do
      known[name] = true
    end
    for line in section "ENVIRONMENT":gmatch "Ev ([^\n]+)" do
      for name in line:gmatch "%u[%u_]+" do
        named[name] = true
      end
    end
    assert.same(known, named)
  end)

  it("names every exit code, and no other", function()
    local known, named = {}, {}
    for _, value in pairs(exit_code) do
      if type(value) == "number" then
        known[("%d"):format(value)] = true
      end
    end
    for code in section "EXIT STATUS":gmatch "\n%.It (%d)" do
      named[code] = true
    end
    assert.same(known, named)
  end)

  it("names the same exit codes as the chapter on the command", function()
    local listed, named = {}, {}
    for code in read "docs/command.md":gmatch "\n| (%d) |" do
      listed[code] = true
    end
    for code in section "EXIT STATUS":gmatch "\n%.It (%d)" do
      named[code] = true
    end
    assert.same(named, listed)
  end)
end)
