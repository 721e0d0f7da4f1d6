rockspec_format = "3.0"
package = "lua-equinix"
version = "scm-1"

-- This rock is made from a checkout: `luarocks make`.
source = {
  url = "git+file://.",
}

description = {
  summary = "Equinix API client with a shared OAuth2 token cache, for Lua",
  detailed = [[
Every Equinix API call authenticated, with exactly one token request behind
all of them: across coroutines, threads, processes and nginx workers. Needs
libcurl and OpenSSL's libcrypto; comes with the command equinix-auth.]],
  license = "MIT",
}

-- No upper bound: a newer Lua is welcome to try.
dependencies = {
  "lua >= 5.1",
  "lua-cjson",
  "argparse",
}

-- The lists below are what is on disk; a spec compares them. The headers of
-- curl and OpenSSL are no external_dependencies, since LuaRocks does not look
-- into multiarch folders: src/compat.h says what to install.
build = {
  type = "builtin",
  modules = {
    ["equinix.core"] = {
      sources = {
        "src/answer.c",
        "src/base.c",
        "src/batch.c",
        "src/buffer.c",
        "src/clock.c",
        "src/compat.c",
        "src/core.c",
        "src/exec.c",
        "src/fault.c",
        "src/http.c",
        "src/leader.c",
        "src/lease.c",
        "src/multi.c",
        "src/outcome.c",
        "src/pin.c",
        "src/place.c",
        "src/process.c",
        "src/request.c",
        "src/seal.c",
        "src/setup.c",
        "src/sigpipe.c",
        "src/sink.c",
        "src/slot.c",
        "src/table.c",
        "src/tokens.c",
        "src/told.c",
        "src/transfer.c",
        "src/url.c",
        "src/value.c",
        "src/versions.c",
        "src/view.c",
        "src/wake.c",
      },
      libraries = { "curl", "crypto" },
      defines = { "_GNU_SOURCE" },
    },
    ["equinix"] = "lua/equinix/init.lua",
    ["equinix.account"] = "lua/equinix/account.lua",
    ["equinix.await"] = "lua/equinix/await.lua",
    ["equinix.call"] = "lua/equinix/call.lua",
    ["equinix.capability"] = "lua/equinix/capability.lua",
    ["equinix.check"] = "lua/equinix/check.lua",
    ["equinix.cli"] = "lua/equinix/cli.lua",
    ["equinix.cli.access"] = "lua/equinix/cli/access.lua",
    ["equinix.cli.emulator"] = "lua/equinix/cli/emulator.lua",
    ["equinix.cli.request"] = "lua/equinix/cli/request.lua",
    ["equinix.cli.token"] = "lua/equinix/cli/token.lua",
    ["equinix.client"] = "lua/equinix/client.lua",
    ["equinix.compose"] = "lua/equinix/compose.lua",
    ["equinix.credentials"] = "lua/equinix/credentials.lua",
    ["equinix.emulator"] = "lua/equinix/emulator.lua",
    ["equinix.emulator.accounts"] = "lua/equinix/emulator/accounts.lua",
    ["equinix.emulator.api"] = "lua/equinix/emulator/api.lua",
    ["equinix.emulator.api.colocation"] =
      "lua/equinix/emulator/api/colocation.lua",
    ["equinix.emulator.api.edge"] = "lua/equinix/emulator/api/edge.lua",
    ["equinix.emulator.api.fabric"] = "lua/equinix/emulator/api/fabric.lua",
    ["equinix.emulator.api.orders"] = "lua/equinix/emulator/api/orders.lua",
    ["equinix.emulator.api.power"] = "lua/equinix/emulator/api/power.lua",
    ["equinix.emulator.behaviour"] = "lua/equinix/emulator/behaviour.lua",
    ["equinix.emulator.body"] = "lua/equinix/emulator/body.lua",
    ["equinix.emulator.certificates"] =
      "lua/equinix/emulator/certificates.lua",
    ["equinix.emulator.control"] = "lua/equinix/emulator/control.lua",
    ["equinix.emulator.errors"] = "lua/equinix/emulator/errors.lua",
    ["equinix.emulator.faults"] = "lua/equinix/emulator/faults.lua",
    ["equinix.emulator.form"] = "lua/equinix/emulator/form.lua",
    ["equinix.emulator.kept"] = "lua/equinix/emulator/kept.lua",
    ["equinix.emulator.knobs"] = "lua/equinix/emulator/knobs.lua",
    ["equinix.emulator.lists"] = "lua/equinix/emulator/lists.lua",
    ["equinix.emulator.log"] = "lua/equinix/emulator/log.lua",
    ["equinix.emulator.oauth"] = "lua/equinix/emulator/oauth.lua",
    ["equinix.emulator.server"] = "lua/equinix/emulator/server.lua",
    ["equinix.emulator.tokens"] = "lua/equinix/emulator/tokens.lua",
    ["equinix.endpoint"] = "lua/equinix/endpoint.lua",
    ["equinix.env"] = "lua/equinix/env.lua",
    ["equinix.error"] = "lua/equinix/error.lua",
    ["equinix.failure"] = "lua/equinix/failure.lua",
    ["equinix.fields"] = "lua/equinix/fields.lua",
    ["equinix.flight"] = "lua/equinix/flight.lua",
    ["equinix.form"] = "lua/equinix/form.lua",
    ["equinix.grant"] = "lua/equinix/grant.lua",
    ["equinix.guard"] = "lua/equinix/guard.lua",
    ["equinix.host"] = "lua/equinix/host.lua",
    ["equinix.host.orphan"] = "lua/equinix/host/orphan.lua",
    ["equinix.host.supervise"] = "lua/equinix/host/supervise.lua",
    ["equinix.json"] = "lua/equinix/json.lua",
    ["equinix.lazy"] = "lua/equinix/lazy.lua",
    ["equinix.lead"] = "lua/equinix/lead.lua",
    ["equinix.many"] = "lua/equinix/many.lua",
    ["equinix.nearest"] = "lua/equinix/nearest.lua",
    ["equinix.operation"] = "lua/equinix/operation.lua",
    ["equinix.options"] = "lua/equinix/options.lua",
    ["equinix.pages"] = "lua/equinix/pages.lua",
    ["equinix.quick"] = "lua/equinix/quick.lua",
    ["equinix.response"] = "lua/equinix/response.lua",
    ["equinix.retry"] = "lua/equinix/retry.lua",
    ["equinix.static"] = "lua/equinix/static.lua",
    ["equinix.target"] = "lua/equinix/target.lua",
    ["equinix.token"] = "lua/equinix/token.lua",
    ["equinix.transport.curl"] = "lua/equinix/transport/curl.lua",
  },
  install = {
    bin = { "bin/equinix-auth" },
  },
}
