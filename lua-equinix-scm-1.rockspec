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
-- into multiarch folders: src/base/compat.h says what to install.
build = {
  type = "builtin",
  modules = {
    ["equinix.core"] = {
      sources = {
        "src/base/buffer.c",
        "src/base/clock.c",
        "src/base/compat.c",
        "src/base/digest.c",
        "src/base/errno_name.c",
        "src/base/fork.c",
        "src/base/object.c",
        "src/cache/entry.c",
        "src/cache/futex.c",
        "src/cache/leader.c",
        "src/cache/lease.c",
        "src/cache/lua_values.c",
        "src/cache/shared_table.c",
        "src/cache/slot.c",
        "src/cache/snapshot.c",
        "src/cache/tokens.c",
        "src/core.c",
        "src/crypto/cipher.c",
        "src/crypto/seal.c",
        "src/files/cleanup.c",
        "src/files/lease_file.c",
        "src/files/lock_fd.c",
        "src/files/private_dir.c",
        "src/files/record_dir.c",
        "src/http/async.c",
        "src/http/curl_init.c",
        "src/http/date.c",
        "src/http/easy_defaults.c",
        "src/http/easy_options.c",
        "src/http/easy_state.c",
        "src/http/error.c",
        "src/http/file_sink.c",
        "src/http/handle.c",
        "src/http/multi.c",
        "src/http/prepared_request.c",
        "src/http/push_response.c",
        "src/http/request.c",
        "src/http/response.c",
        "src/http/send_many.c",
        "src/http/sigpipe.c",
        "src/http/transfer.c",
        "src/http/url.c",
        "src/program/exec.c",
        "src/program/log_copy.c",
        "src/program/stdio.c",
        "src/program/termination.c",
      },
      incdirs = { "src" },
      libraries = { "curl", "crypto" },
      defines = { "_GNU_SOURCE" },
    },
    ["equinix"] = "lua/equinix/init.lua",
    ["equinix.base.check"] = "lua/equinix/base/check.lua",
    ["equinix.base.error"] = "lua/equinix/base/error.lua",
    ["equinix.base.file"] = "lua/equinix/base/file.lua",
    ["equinix.base.json"] = "lua/equinix/base/json.lua",
    ["equinix.base.json_text"] = "lua/equinix/base/json_text.lua",
    ["equinix.base.lazy"] = "lua/equinix/base/lazy.lua",
    ["equinix.base.shell"] = "lua/equinix/base/shell.lua",
    ["equinix.base.suggest"] = "lua/equinix/base/suggest.lua",
    ["equinix.base.table"] = "lua/equinix/base/table.lua",
    ["equinix.base.template"] = "lua/equinix/base/template.lua",
    ["equinix.cli"] = "lua/equinix/cli/init.lua",
    ["equinix.cli.all_pages"] = "lua/equinix/cli/all_pages.lua",
    ["equinix.cli.arguments"] = "lua/equinix/cli/arguments.lua",
    ["equinix.cli.client"] = "lua/equinix/cli/client.lua",
    ["equinix.cli.completion"] = "lua/equinix/cli/completion.lua",
    ["equinix.cli.doctor"] = "lua/equinix/cli/doctor.lua",
    ["equinix.cli.doctor.credentials"] =
      "lua/equinix/cli/doctor/credentials.lua",
    ["equinix.cli.doctor.network"] = "lua/equinix/cli/doctor/network.lua",
    ["equinix.cli.doctor.nginx"] = "lua/equinix/cli/doctor/nginx.lua",
    ["equinix.cli.doctor.result"] = "lua/equinix/cli/doctor/result.lua",
    ["equinix.cli.doctor.settings"] = "lua/equinix/cli/doctor/settings.lua",
    ["equinix.cli.doctor.tls"] = "lua/equinix/cli/doctor/tls.lua",
    ["equinix.cli.download"] = "lua/equinix/cli/download.lua",
    ["equinix.cli.emulator"] = "lua/equinix/cli/emulator.lua",
    ["equinix.cli.exit_code"] = "lua/equinix/cli/exit_code.lua",
    ["equinix.cli.lazy_service"] = "lua/equinix/cli/lazy_service.lua",
    ["equinix.cli.mcp"] = "lua/equinix/cli/mcp.lua",
    ["equinix.cli.output"] = "lua/equinix/cli/output.lua",
    ["equinix.cli.request"] = "lua/equinix/cli/request.lua",
    ["equinix.cli.serve"] = "lua/equinix/cli/serve.lua",
    ["equinix.cli.shell"] = "lua/equinix/cli/shell.lua",
    ["equinix.cli.token"] = "lua/equinix/cli/token.lua",
    ["equinix.client"] = "lua/equinix/client.lua",
    ["equinix.client.batch"] = "lua/equinix/client/batch.lua",
    ["equinix.client.call"] = "lua/equinix/client/call.lua",
    ["equinix.client.credentials"] = "lua/equinix/client/credentials.lua",
    ["equinix.client.environment"] = "lua/equinix/client/environment.lua",
    ["equinix.client.fast_get"] = "lua/equinix/client/fast_get.lua",
    ["equinix.client.options"] = "lua/equinix/client/options.lua",
    ["equinix.emulator.accounts"] = "lua/equinix/emulator/accounts.lua",
    ["equinix.emulator.admin"] = "lua/equinix/emulator/admin.lua",
    ["equinix.emulator.api"] = "lua/equinix/emulator/api.lua",
    ["equinix.emulator.api.colocation"] =
      "lua/equinix/emulator/api/colocation.lua",
    ["equinix.emulator.api.fabric"] = "lua/equinix/emulator/api/fabric.lua",
    ["equinix.emulator.api.network_edge"] =
      "lua/equinix/emulator/api/network_edge.lua",
    ["equinix.emulator.api.orders"] = "lua/equinix/emulator/api/orders.lua",
    ["equinix.emulator.api.smartview"] =
      "lua/equinix/emulator/api/smartview.lua",
    ["equinix.emulator.certificates"] =
      "lua/equinix/emulator/certificates.lua",
    ["equinix.emulator.errors"] = "lua/equinix/emulator/errors.lua",
    ["equinix.emulator.faults"] = "lua/equinix/emulator/faults.lua",
    ["equinix.emulator.json"] = "lua/equinix/emulator/json.lua",
    ["equinix.emulator.knobs"] = "lua/equinix/emulator/knobs.lua",
    ["equinix.emulator.launch"] = "lua/equinix/emulator/launch.lua",
    ["equinix.emulator.nginx_handler"] =
      "lua/equinix/emulator/nginx_handler.lua",
    ["equinix.emulator.oauth"] = "lua/equinix/emulator/oauth.lua",
    ["equinix.emulator.objects"] = "lua/equinix/emulator/objects.lua",
    ["equinix.emulator.pagination"] = "lua/equinix/emulator/pagination.lua",
    ["equinix.emulator.request_body"] =
      "lua/equinix/emulator/request_body.lua",
    ["equinix.emulator.request_log"] = "lua/equinix/emulator/request_log.lua",
    ["equinix.emulator.router"] = "lua/equinix/emulator/router.lua",
    ["equinix.emulator.tokens"] = "lua/equinix/emulator/tokens.lua",
    ["equinix.http.build"] = "lua/equinix/http/build.lua",
    ["equinix.http.date"] = "lua/equinix/http/date.lua",
    ["equinix.http.form"] = "lua/equinix/http/form.lua",
    ["equinix.http.media_type"] = "lua/equinix/http/media_type.lua",
    ["equinix.http.pagination"] = "lua/equinix/http/pagination.lua",
    ["equinix.http.problem"] = "lua/equinix/http/problem.lua",
    ["equinix.http.response"] = "lua/equinix/http/response.lua",
    ["equinix.http.retry"] = "lua/equinix/http/retry.lua",
    ["equinix.http.target"] = "lua/equinix/http/target.lua",
    ["equinix.http.traceparent"] = "lua/equinix/http/traceparent.lua",
    ["equinix.http.validate"] = "lua/equinix/http/validate.lua",
    ["equinix.nginx"] = "lua/equinix/nginx.lua",
    ["equinix.oauth.cache_key"] = "lua/equinix/oauth/cache_key.lua",
    ["equinix.oauth.grant"] = "lua/equinix/oauth/grant.lua",
    ["equinix.oauth.lockout"] = "lua/equinix/oauth/lockout.lua",
    ["equinix.oauth.lockout_policy"] = "lua/equinix/oauth/lockout_policy.lua",
    ["equinix.oauth.lockout_store"] = "lua/equinix/oauth/lockout_store.lua",
    ["equinix.oauth.operations"] = "lua/equinix/oauth/operations.lua",
    ["equinix.oauth.passthrough"] = "lua/equinix/oauth/passthrough.lua",
    ["equinix.oauth.token"] = "lua/equinix/oauth/token.lua",
    ["equinix.oauth.token_endpoint"] = "lua/equinix/oauth/token_endpoint.lua",
    ["equinix.oauth.token_response"] = "lua/equinix/oauth/token_response.lua",
    ["equinix.serve.answer_cache"] = "lua/equinix/serve/answer_cache.lua",
    ["equinix.serve.counters"] = "lua/equinix/serve/counters.lua",
    ["equinix.serve.handlers"] = "lua/equinix/serve/handlers.lua",
    ["equinix.serve.launch"] = "lua/equinix/serve/launch.lua",
    ["equinix.serve.log"] = "lua/equinix/serve/log.lua",
    ["equinix.serve.nginx_conf"] = "lua/equinix/serve/nginx_conf.lua",
    ["equinix.service.access"] = "lua/equinix/service/access.lua",
    ["equinix.service.mcp"] = "lua/equinix/service/mcp.lua",
    ["equinix.service.mcp.allowlist"] =
      "lua/equinix/service/mcp/allowlist.lua",
    ["equinix.service.mcp.error_text"] =
      "lua/equinix/service/mcp/error_text.lua",
    ["equinix.service.mcp.handle_tools"] =
      "lua/equinix/service/mcp/handle_tools.lua",
    ["equinix.service.mcp.jsonrpc"] = "lua/equinix/service/mcp/jsonrpc.lua",
    ["equinix.service.mcp.line_reader"] =
      "lua/equinix/service/mcp/line_reader.lua",
    ["equinix.service.mcp.protocol_2025"] =
      "lua/equinix/service/mcp/protocol_2025.lua",
    ["equinix.service.mcp.protocol_2026"] =
      "lua/equinix/service/mcp/protocol_2026.lua",
    ["equinix.service.mcp.rate_limit"] =
      "lua/equinix/service/mcp/rate_limit.lua",
    ["equinix.service.mcp.redact"] = "lua/equinix/service/mcp/redact.lua",
    ["equinix.service.mcp.request_tool"] =
      "lua/equinix/service/mcp/request_tool.lua",
    ["equinix.service.mcp.schema"] = "lua/equinix/service/mcp/schema.lua",
    ["equinix.service.mcp.server"] = "lua/equinix/service/mcp/server.lua",
    ["equinix.service.mcp.stdio"] = "lua/equinix/service/mcp/stdio.lua",
    ["equinix.service.mcp.token_tools"] =
      "lua/equinix/service/mcp/token_tools.lua",
    ["equinix.service.mcp.tools"] = "lua/equinix/service/mcp/tools.lua",
    ["equinix.service.metrics"] = "lua/equinix/service/metrics.lua",
    ["equinix.service.openapi"] = "lua/equinix/service/openapi.lua",
    ["equinix.service.refresh"] = "lua/equinix/service/refresh.lua",
    ["equinix.service.rest"] = "lua/equinix/service/rest.lua",
    ["equinix.service.token_handle"] = "lua/equinix/service/token_handle.lua",
    ["equinix.service.token_service"] =
      "lua/equinix/service/token_service.lua",
    ["equinix.store.arguments"] = "lua/equinix/store/arguments.lua",
    ["equinix.store.file"] = "lua/equinix/store/file.lua",
    ["equinix.store.redis"] = "lua/equinix/store/redis.lua",
    ["equinix.store.redis.errors"] = "lua/equinix/store/redis/errors.lua",
    ["equinix.store.redis.luasocket"] =
      "lua/equinix/store/redis/luasocket.lua",
    ["equinix.store.redis.resty"] = "lua/equinix/store/redis/resty.lua",
    ["equinix.store.session"] = "lua/equinix/store/session.lua",
    ["equinix.supervisor.free_port"] = "lua/equinix/supervisor/free_port.lua",
    ["equinix.supervisor.nginx"] = "lua/equinix/supervisor/nginx.lua",
    ["equinix.supervisor.orphan"] = "lua/equinix/supervisor/orphan.lua",
    ["equinix.supervisor.script"] = "lua/equinix/supervisor/script.lua",
    ["equinix.tokens.distributed"] = "lua/equinix/tokens/distributed.lua",
    ["equinix.tokens.fast_path"] = "lua/equinix/tokens/fast_path.lua",
    ["equinix.tokens.record"] = "lua/equinix/tokens/record.lua",
    ["equinix.tokens.renewal"] = "lua/equinix/tokens/renewal.lua",
    ["equinix.tokens.shared_error"] = "lua/equinix/tokens/shared_error.lua",
    ["equinix.tokens.source"] = "lua/equinix/tokens/source.lua",
    ["equinix.tokens.static"] = "lua/equinix/tokens/static.lua",
    ["equinix.transport.await"] = "lua/equinix/transport/await.lua",
    ["equinix.transport.curl"] = "lua/equinix/transport/curl.lua",
    ["equinix.transport.loop"] = "lua/equinix/transport/loop.lua",
    ["equinix.transport.loop.scheduler"] =
      "lua/equinix/transport/loop/scheduler.lua",
    ["equinix.transport.nginx"] = "lua/equinix/transport/nginx.lua",
    ["equinix.transport.nginx.errors"] =
      "lua/equinix/transport/nginx/errors.lua",
    ["equinix.transport.nginx.thread_pool"] =
      "lua/equinix/transport/nginx/thread_pool.lua",
    ["equinix.transport.nginx.worker"] =
      "lua/equinix/transport/nginx/worker.lua",
  },
  install = {
    bin = { "bin/equinix-auth" },
  },
  -- They go into the rock's own folder of the tree.
  copy_directories = { "docs", "man" },
}
