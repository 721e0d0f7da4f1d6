-- child_killed: starts an nginx and another program, prints the directory of
-- the one and the number of the other, and waits to be killed.
local child = require "equinix.supervisor.child"
local core = require "equinix.core"
local launch = require "equinix.emulator.launch"

local made = assert(launch.set_up { plain = true, port = 0 })
local one = assert(child.start(made.run))
io.write(made.run.directory.path, " ")
io.stdout:flush()
os.execute "sleep 600 </dev/null >/dev/null 2>&1 & echo $!"
core.sleep(600)
one:stop()
