rockspec_format = "3.0"
package = "lua-equinix"
version = "0.1.0-1"

-- The archive of the tag, which `make release-check` makes and packs with this
-- file: the src.rock needs no address. Elsewhere put that of the archive here.
source = {
  url = "file://lua-equinix-0.1.0.tar.gz",
  dir = "lua-equinix-0.1.0",
}

description = {
  summary = "Equinix API client with a shared OAuth2 token cache, for Lua",
  detailed = [[
Every Equinix API call authenticated, with exactly one token request behind
all of them: across coroutines, threads, processes and nginx workers. Needs
libcurl, OpenSSL's libcrypto and zlib; comes with the command equinix-auth.]],
  license = "MIT",
}

-- No upper bound: a newer Lua is welcome to try. Optional: lyaml, by which the
-- command reads capability files in YAML.
dependencies = {
  "lua >= 5.1",
  "lua-cjson",
  "argparse",
}

-- Built by the Makefile, in a folder that is removed afterwards: a core.so in
-- the checkout could be loaded by a Lua that it was not built for. The headers
-- of curl, OpenSSL and zlib are no external_dependencies, since LuaRocks does
-- not look into multiarch folders: src/base/compat.h says what to install.
build = {
  type = "make",
  build_target = "luarocks-build",
  install_target = "luarocks-install",
  build_variables = {
    CFLAGS = "$(CFLAGS)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    LUA_PROGRAM = "$(LUA)",
  },
  install_variables = {
    LUADIR = "$(LUADIR)",
    LIBDIR = "$(LIBDIR)",
  },
  install = {
    bin = { "bin/equinix-auth" },
  },
  -- They go into the rock's own folder of the tree.
  copy_directories = { "docs", "man" },
}

-- The command chooses a Lua itself. A wrapper would be for one Lua, and the
-- last one that is installed would replace the others.
deploy = {
  wrap_bin_scripts = false,
}
