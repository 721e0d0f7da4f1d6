-- luv: the client on libuv's loop.
require "spec.support.loop_specs"("luv", "luv")
