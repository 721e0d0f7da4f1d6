--- nginx: what the services need from nginx.
--
-- Law of this file: nginx itself decides, by testing a configuration that
-- contains what the services need. The other commands need no nginx, so a
-- missing one is a failure only if the user named it.

local host = require "equinix.supervisor.nginx"
local quote = require("equinix.base.shell").quote
local result = require "equinix.cli.doctor.result"
local shell = require "equinix.cli.shell"

local M = {}

--- Is there an nginx with Lua?
function M.nginx(state)
  local path = state.args.nginx
  local nginx, reason = host.find(path)
  if not nginx then
    return path and result.failed(1, reason) or result.skipped(
      "%s (only serve and emulator need it)", reason)
  end
  state.nginx = nginx
  return result.ok("%s %s, with Lua", nginx.binary, nginx.build:match
    "version: (%S+)")
end

-- The first line that nginx calls an error, without its position.
local function first_error(text)
  local line = text:match "%[emerg%][^\n]*" or text:match "^.*\n(.*)$" or text
  return (line:gsub("^%[emerg%]%s*[%d#: ]*", ""):gsub(" in /%S+$", ""))
end

-- Lets nginx test a configuration with a thread pool; returns an error or nil.
local function test(nginx, dir)
  local configuration, reason = host.configuration(nginx, {
    workers = 1,
    http = "  lua_worker_thread_vm_pool_size 1;",
  })
  if configuration then
    configuration = "thread_pool equinix threads=1;\n" .. configuration
  end
  local written = configuration and host.write_files(dir, {
    ["nginx.conf"] = configuration,
  })
  if not written then
    return reason or "no file can be written in " .. dir
  end
  local text = shell.output(("cd %s && %s -t -p %s -c %s%s"):format(
    quote(dir), quote(nginx.binary), quote(dir), quote(dir .. "/nginx.conf"),
    nginx.version >= 1019005 and " -e error.log" or ""))
  return not text:find "test is successful" and first_error(text) or nil
end

local NO_THREADS = "this nginx can't run calls outside of its event loop"
local BUILD = "use one that is built --with-threads, with ngx_lua 0.10.21 or "
  .. "newer (Debian 12 and Ubuntu 24.04 have it; else openresty)"

-- The pool in the user's own configuration.
local function find_pool(nginx, path)
  local text = shell.output(("%s -T -q -c %s"):format(quote(nginx.binary),
    quote(host.absolute(path))))
  for line in text:gmatch "[^\n]+" do
    if line:find "^%s*thread_pool%s+equinix[%s;]" then
      return result.ok("%s has it", path)
    end
  end
  if not text:find("# configuration file", 1, true) then
    return result.failed(1, ("nginx refuses %s: %s"):format(path,
      first_error(text)), "fix it; `nginx -t` says more")
  end
  return result.failed(1, ("%s has no thread pool 'equinix'"):format(path),
    "add `thread_pool equinix threads=2;` to its main part, outside of "
    .. "http, and restart nginx")
end

--- Can calls run outside of its event loop, and is there a thread pool?
function M.pool(state)
  local nginx = state.nginx
  if not nginx then
    return result.skipped "no nginx to check"
  end
  local directory, reason = host.directory()
  if not directory then
    return result.failed(1, reason)
  end
  local nginx_err = test(nginx, directory.path)
  host.drop(directory)
  if nginx_err then
    return result.failed(1, NO_THREADS .. " (" .. nginx_err .. ")", BUILD)
  elseif state.args.nginx_conf then
    return find_pool(nginx, state.args.nginx_conf)
  end
  return result.ok("this nginx can have one, and serve sets it up; to check "
    .. "your own configuration use --nginx-conf")
end

return M
