--- nginx: what nginx has to have, as the doctor sees it.
--
-- Law of this file: nginx itself is asked, with a configuration that holds
-- what matters. Who has no nginx with Lua needs none for the other commands,
-- so that is no failure, unless that very nginx was asked for.

local host = require "equinix.supervisor.nginx"
local result = require "equinix.cli.doctor.result"
local shell = require "equinix.cli.shell"

local M = {}

--- Is there one that runs Lua?
function M.nginx(state)
  local asked = state.args.nginx
  local nginx, reason = host.find(asked)
  if not nginx then
    return asked and result.failed(1, reason) or result.skipped(
      "%s (only serve and emulator need it)", reason)
  end
  state.nginx = nginx
  return result.ok("%s %s, with Lua", nginx.binary, nginx.build:match
    "version: (%S+)")
end

-- The first line that nginx calls an error, without where it stands.
local function complaint(text)
  local line = text:match "%[emerg%][^\n]*" or text:match "[^\n]*$"
  return (line:gsub("^%[emerg%]%s*[%d#: ]*", ""):gsub(" in /%S+$", ""))
end

local function test(nginx, dir)
  local configuration, reason = host.configuration(nginx, {
    workers = 1,
    http = "  lua_worker_thread_vm_pool_size 1;",
  })
  if configuration then
    configuration = "thread_pool equinix threads=1;\n" .. configuration
  end
  local written = configuration and host.write(dir, "nginx.conf",
    configuration)
  if not written then
    return reason or "no file can be written in " .. dir
  end
  local text = shell.output(("cd %s && %s -t -p %s -c %s%s"):format(
    shell.quote(dir), shell.quote(nginx.binary), shell.quote(dir),
    shell.quote(dir .. "/nginx.conf"), nginx.version >= 1019005
    and " -e error.log" or ""))
  return not text:find "test is successful" and complaint(text) or nil
end

local NO_THREADS = "this nginx can't call beside its event loop"
local BUILD = "use one that is built --with-threads, with ngx_lua 0.10.21 or "
  .. "newer (Debian 12 and Ubuntu 24.04 have it; else openresty)"

-- The pool in a configuration of the user's own.
local function look(nginx, path)
  local text = shell.output(("%s -T -q -c %s"):format(
    shell.quote(nginx.binary), shell.quote(host.absolute(path))))
  for line in text:gmatch "[^\n]+" do
    if line:find "^%s*thread_pool%s+equinix[%s;]" then
      return result.ok("%s has it", path)
    end
  end
  if not text:find("# configuration file", 1, true) then
    return result.failed(1, ("nginx refuses %s: %s"):format(path,
      complaint(text)), "mend it; `nginx -t` says more")
  end
  return result.failed(1, ("%s has no thread pool 'equinix'"):format(path),
    "add `thread_pool equinix threads=32;` to its main part, outside of "
    .. "http, and restart nginx")
end

--- Can calls run beside its event loop, and is the pool for them there?
function M.pool(state)
  local nginx = state.nginx
  if not nginx then
    return result.skipped "no nginx to look at"
  end
  local directory, reason = host.directory()
  if not directory then
    return result.failed(1, reason)
  end
  local trouble = test(nginx, directory.path)
  host.drop(directory)
  if trouble then
    return result.failed(1, NO_THREADS .. " (" .. trouble .. ")", BUILD)
  elseif state.args.nginx_conf then
    return look(nginx, state.args.nginx_conf)
  end
  return result.ok "this nginx can have one; serve does (yours: --nginx-conf)"
end

return M
