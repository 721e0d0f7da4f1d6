-- init: runs before the specs and puts the modules of the checkout first on
-- the paths, those for the Lua that runs the specs. It sets nothing else.
--
-- BUILD names the folder of another build (with a sanitizer), as in the
-- Makefile.
local lua = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"
local build = (os.getenv "BUILD" or "build") .. "/" .. lua

package.path = "lua/?.lua;lua/?/init.lua;./?.lua;" .. package.path
package.cpath = build .. "/?.so;" .. package.cpath
