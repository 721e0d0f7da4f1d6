-- Before any spec: the checkout's own modules come first on the paths, those
-- of the Lua that runs the specs. Nothing else is set here.
--
-- BUILD is the folder of another build (with a sanitizer), as in the Makefile.
local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local build = (os.getenv "BUILD" or "build") .. "/" .. lua

package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = build .. "/?.so;" .. package.cpath
