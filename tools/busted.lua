-- busted as a plain script, so that the caller chooses the Lua that runs it
-- (and valgrind or a sanitizer watch that Lua, not a launcher's child).
-- What was said before a crash is not lost.
io.stdout:setvbuf "line"
-- A collector that never rests finds what nobody holds on to.
if os.getenv "GC" == "aggressive" then
  require("spec.support.collector").restless()
end
require "busted.runner" { standalone = false }
