--- nginx: nginx in the foreground, with a generated configuration.
--
-- Law of this file: everything that nginx reads or writes is in one private
-- directory (0700) that is removed afterwards; the machine's own nginx
-- configuration is neither read nor changed. A message about a missing program
-- names the packages to install.

local core = require "equinix.core"
local file = require "equinix.base.file"
local fill = require("equinix.base.template").fill
local shell = require "equinix.base.shell"

local M = {}

local output, quote = shell.output, shell.quote

local function exists(path)
  local opened = io.open(path, "rb")
  if opened then
    opened:close()
  end
  return opened ~= nil
end

local FOLDER = "pwd"
local USER = "id -u"
local TEMPORARY = 'cd "${TMPDIR:-/tmp}" && pwd'

--- The absolute form of a path.
---@param path string
---@return string
function M.absolute(path)
  return path:find "^/" and path or output(FOLDER) .. "/" .. path
end

-- Finding nginx -------------------------------------------------------------

local BINARIES = {
  "openresty", "nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx",
  "/usr/local/openresty/nginx/sbin/nginx", "/opt/homebrew/bin/openresty",
  "/opt/homebrew/bin/nginx", "/usr/local/bin/openresty",
}

-- An OpenResty that the variable names comes first.
local function binaries()
  local prefix = os.getenv "OPENRESTY_PREFIX"
  local names = { prefix and prefix .. "/nginx/sbin/nginx" }
  for _, name in ipairs(BINARIES) do
    names[#names + 1] = name
  end
  return names
end

local MODULE_DIRECTORIES = {
  "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules",
  "/usr/share/nginx/modules", "/usr/local/lib/nginx/modules",
  "/usr/local/libexec/nginx", "/opt/homebrew/lib/nginx/modules",
}

local MISSING = "nginx with Lua is missing: "
  .. "install libnginx-mod-http-lua and nginx-light (apt), "
  .. "openresty (dnf, from the repository of openresty.org), "
  .. "or openresty/brew/openresty (brew); an OpenResty in a folder of its own "
  .. "is found by OPENRESTY_PREFIX"

local MISSING_MODULE = "%s has no Lua module: "
  .. "install libnginx-mod-http-lua (apt) or openresty (dnf, brew)"

-- The module files to load: {} when they are built in, nil when missing.
local function lua_modules(build)
  if build:find("openresty", 1, true) or build:find("ngx_lua", 1, true)
    or build:find "%-%-add%-module=%S*lua%-nginx%-module" then
    return {}
  end
  local directories = { build:match "%-%-modules%-path=(%S+)" }
  for _, directory in ipairs(MODULE_DIRECTORIES) do
    directories[#directories + 1] = directory
  end
  for _, directory in ipairs(directories) do
    local lua = directory .. "/ngx_http_lua_module.so"
    local ndk = directory .. "/ndk_http_module.so" -- which it may need
    if exists(lua) then
      return exists(ndk) and { ndk, lua } or { lua }
    end
  end
end

-- Prints where a program is, and what nginx says of itself.
local function look_for(name)
  name = quote(name)
  return ("command -v %s && %s -V 2>&1"):format(name, name)
end

---@class equinix.Nginx
---@field binary string
---@field modules string[] files to load
---@field version integer 1022001 for 1.22.1
---@field build string what `nginx -V` prints

--- Finds an nginx that can run Lua.
---@param path? string only this one
---@return equinix.Nginx|nil
---@return string|nil message with what to install
function M.find(path)
  local without_lua
  for _, name in ipairs(path and { path } or binaries()) do
    local binary, build = output(look_for(name)):match "^([^\n]+)\n(.*)$"
    local major, minor, patch = (build or "")
      :match "version: %S-/(%d+)%.(%d+)%.(%d+)"
    if major then
      binary = M.absolute(binary)
      local modules = lua_modules(build)
      if modules then
        return {
          binary = binary,
          modules = modules,
          version = major * 1000000 + minor * 1000 + patch,
          build = build,
        }
      end
      without_lua = without_lua or binary
    end
  end
  if without_lua then
    return nil, MISSING_MODULE:format(without_lua)
  end
  return nil, path and ("there is no nginx at " .. path) or MISSING
end

--- Whether it knows a directive, of its own or of its module for Lua. Versions
--- do not tell: `nginx -V` has none of modules that are loaded.
---@param nginx equinix.Nginx
---@param name string
---@return boolean
function M.has_directive(nginx, name)
  local function has(path)
    return (file.read(path) or ""):find(name, 1, true) ~= nil
  end
  for _, path in ipairs(nginx.modules) do
    if has(path) then
      return true
    end
  end
  return has(nginx.binary)
end

-- The configuration ---------------------------------------------------------

-- Where this file is: as `require` says where Lua does (5.2 and later); the
-- name in code that was compiled by the build is that in its own tree.
local HERE = "^(.*)equinix/supervisor/nginx%.lua$"
local DIRECTORY = (select(2, ...) or ""):match(HERE)
  or debug.getinfo(1, "S").source:sub(2):match(HERE)
local LIBRARY = ("cd %s && pwd"):format(quote(DIRECTORY == "" and "."
  or DIRECTORY))

--- The folder that holds equinix/, as an absolute path.
---@return string
function M.library()
  return output(LIBRARY)
end

-- nginx creates a folder for each of these, by default where only root can.
local TEMPORARY_PATHS = { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }

local function temporary_paths(nginx)
  local lines = {}
  for _, name in ipairs(TEMPORARY_PATHS) do
    if not nginx.build:find("--without-http_" .. name .. "_module", 1, true)
    then
      lines[#lines + 1] = ("  %s_temp_path tmp_%s;"):format(name, name)
    end
  end
  return table.concat(lines, "\n")
end

-- Relative paths are below the prefix, which is the private directory.
local CONFIGURATION = [[
daemon off;
pid nginx.pid;
error_log error.log %(level)s;
worker_processes %(workers)s;
%(main)s
events { worker_connections 8192; }
http {
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
%(temporary)s
  lua_package_path "%(library)s/?.lua;%(library)s/?/init.lua;;";
  init_worker_by_lua_block { require("equinix.supervisor.orphan").watch() }
%(http)s
}
]]

--- The text of nginx.conf.
---@param nginx equinix.Nginx
---@param options {workers: integer, http: string, main?: string,
---  level?: string} http, main: further lines of these parts; level: of the
---  error log in the directory, default "warn"
---@return string|nil
---@return string|nil message
function M.configuration(nginx, options)
  local main = {}
  for i, path in ipairs(nginx.modules) do
    main[i] = ("load_module %s;"):format(path)
  end
  -- When root starts nginx, its workers would change to another user, one
  -- that can't read the directory, nor perhaps the Lua files.
  if output(USER) == "0" then
    main[#main + 1] = "user root;"
  end
  main[#main + 1] = options.main
  local library = M.library()
  if library:find "[;?$\"\\]" or library:find "[%z\1-\31\127]" then
    return nil, ("nginx can't load Lua files from %s: move them to a path "
      .. "without any of ; ? $ \" \\ and control characters"):format(library)
  end
  return fill(CONFIGURATION, {
    workers = ("%d"):format(options.workers),
    main = table.concat(main, "\n"),
    level = options.level or "warn",
    temporary = temporary_paths(nginx),
    library = library,
    http = options.http,
  })
end

--- The `listen` directive for one address, as this version spells it.
---@param nginx equinix.Nginx
---@param address string "127.0.0.1:8443"
---@param tls boolean TLS with HTTP/2, else plain HTTP
---@return string
function M.listen(nginx, address, tls)
  if not tls then
    return ("listen %s;"):format(address)
  elseif nginx.version >= 1025001 then
    return ("listen %s ssl; http2 on;"):format(address)
  end
  return ("listen %s ssl http2;"):format(address)
end

-- Files ---------------------------------------------------------------------

-- Reads the name of a directory and then one more line. When that line does
-- not come, because this process has ended, it removes the directory: twice,
-- since a command that this process started may still be writing into it. When
-- the directory was handed over, it is removed if the supervisor's own cleaner
-- has not started within a minute.
local CLEANER = [[
trap '' INT TERM HUP QUIT
read -r dir || exit
if ! read -r line; then
  rm -rf "$dir"
  (sleep 1; rm -rf "$dir") </dev/null >/dev/null 2>&1 &
elif [ -n "$line" ]; then
  (
    tries=600
    while [ -d "$dir" ] && [ ! -e "$dir/held" ] && [ "$tries" != 0 ]; do
      sleep 0.1
      tries=$((tries - 1))
    done
    [ -e "$dir/held" ] || rm -rf "$dir"
  ) </dev/null >/dev/null 2>&1 &
fi]]

---@class equinix.supervisor.nginx.Directory
---@field path string
---@field cleaner file* the pipe to the process that removes it

--- Whether a folder of another user is above that path. Under sudo the
--- environment is that of the user who called it; the folder's owner could put
--- another nginx.conf in the place of ours.
function M.is_foreign(path)
  return select(2, core.may_make_folder(path)) == "foreign"
end

-- The folder for temporary files, the system's where TMPDIR is another user's.
local function temporary()
  local path = output(TEMPORARY)
  return path ~= "" and M.is_foreign(path .. "/equinix") and "/tmp" or path
end

-- A folder is not made where there is something of that name.
local function random_name()
  return core.sha256(tostring(core.random())):sub(1, 10)
end

--- Creates a directory that only this user can enter. It is removed when this
--- process ends, unless `run` took it over; `drop` removes it at once.
---@return equinix.supervisor.nginx.Directory|nil
---@return string|nil message
function M.directory()
  local folder = temporary()
  local path = folder ~= "" and folder .. "/equinix." .. random_name() or ""
  -- The process that removes it starts before it exists.
  local cleaner = assert(io.popen(CLEANER, "w"))
  cleaner:write(path, "\n")
  cleaner:flush()
  if path == "" or not core.make_private_folder(path) then
    cleaner:write "\n" -- what is at that path is not ours
    cleaner:close()
    return nil, "can't create a directory in " .. (os.getenv "TMPDIR"
      or "/tmp")
  end
  return { path = path, cleaner = cleaner }
end

--- Removes a directory, after a start that failed before `run`.
---@param directory equinix.supervisor.nginx.Directory
function M.drop(directory)
  directory.cleaner:close() -- without that line
end

--- Writes files into a directory, for this user alone.
---@param dir string
---@param files table<string, string> name = text
---@return boolean|nil
---@return string|nil message
function M.write_files(dir, files)
  for name, text in pairs(files) do
    local ok, message = file.write_private(dir .. "/" .. name, text)
    if not ok then
      return nil, message
    end
  end
  return true
end

--- Starts to ask the machine what `find`, `configuration` and `directory` need
--- to know, while this process goes on.
---@param path? string the nginx to use
function M.ask_ahead(path)
  local commands = { FOLDER, LIBRARY, USER, TEMPORARY }
  for _, name in ipairs(path and { path } or { binaries()[1], "nginx" }) do
    commands[#commands + 1] = look_for(name)
  end
  shell.ask_ahead(commands)
end

--- Whether there is a command of that name.
function M.has_command(name)
  return output("command -v " .. quote(name)) ~= ""
end

--- Runs a command in a directory; its output goes to commands.log there.
---@return boolean
function M.command(dir, line)
  local ok = os.execute(("cd %s && umask 077 && { %s; } >>commands.log 2>&1")
    :format(quote(dir), line))
  return ok == true or ok == 0 -- Lua 5.1 gives the number
end

return M
