-- capability: capability files, from YAML and from JSON.
--
-- Input: the file's text.
local json = require "equinix.base.json"
local plan = require "equinix.capability.plan"

-- As YAML counts them: a CR, NEL, LS or PS ends a line, too.
local function count_lines(text)
  text = text:gsub("\r\n", "\n"):gsub("\194\133", "\n")
    :gsub("\226\128[\168\169]", "\n")
  return select(2, text:gsub("[\r\n]", "")) + 1
end

local function check_problems(problems, text)
  assert(#problems > 0, "a refusal has a reason")
  local lines = count_lines(text)
  for _, problem in ipairs(problems) do
    assert(type(problem.message) == "string" and problem.message ~= "",
      "a mistake has words")
    assert(not problem.message:find "[%z\1-\31\127]",
      "words have no control characters")
    assert(problem.line >= 1 and problem.line <= lines + 1
      and problem.column >= 1, "a mistake has a place in the file")
  end
end

return function(text)
  for _, name in ipairs { "mine.yaml", "mine.json", "mine" } do
    local made, problems = plan.of_text(text, name, { read_only =
      #text % 2 == 0 })
    if made then
      assert(json.encode(made), "a plan is plain data")
      assert(made.warnings, "a plan has its warnings")
    else
      check_problems(problems, text)
    end
  end
end
