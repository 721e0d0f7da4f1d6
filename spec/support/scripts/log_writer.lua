-- Writes lines to a log as a worker of the service does: log_writer.lua LOG N
require "spec.support.init"
local log = require "equinix.serve.log"

log.set_path(arg[1])
for i = 1, tonumber(arg[2]) do
  log.write("error", "refused", { message = "why", number = i })
end
