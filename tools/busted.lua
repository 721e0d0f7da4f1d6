-- busted as a plain script, so that the caller chooses the Lua that runs it
-- (and valgrind or a sanitizer watch that Lua, not a launcher's child).
-- The output before a crash is not lost.
io.stdout:setvbuf "line"
-- A collector that never pauses finds objects that are collected too early.
if os.getenv "GC" == "aggressive" then
  require("spec.support.collector").restless()
end
require "busted.runner" { standalone = false }
