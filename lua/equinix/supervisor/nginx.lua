--- nginx: nginx in the foreground, with a generated configuration.
--
-- Law of this file: everything nginx reads or writes is in one private
-- directory (0700) that is gone afterwards, and nothing of the machine's own
-- nginx configuration is touched. What has to be installed is said by the
-- name of its package.

local quote = require("equinix.base.shell").quote
local supervise = require "equinix.supervisor.script"

local M = {}

-- What a command prints, without the last newline; "" when it fails.
local function output(command)
  local pipe = io.popen(command, "r")
  if not pipe then
    return ""
  end
  local text = pipe:read "*a" or ""
  pipe:close()
  return (text:gsub("\n+$", ""))
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

--- A path as it is understood in any folder.
---@param path string
---@return string
function M.absolute(path)
  return path:find "^/" and path or output "pwd" .. "/" .. path
end

-- Finding nginx -------------------------------------------------------------

local BINARIES = {
  "openresty", "nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx",
  "/usr/local/openresty/nginx/sbin/nginx", "/opt/homebrew/bin/openresty",
  "/opt/homebrew/bin/nginx", "/usr/local/bin/openresty",
}

local MODULE_DIRECTORIES = {
  "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules",
  "/usr/share/nginx/modules", "/usr/local/lib/nginx/modules",
  "/usr/local/libexec/nginx", "/opt/homebrew/lib/nginx/modules",
}

local MISSING = "nginx with Lua is missing: "
  .. "install libnginx-mod-http-lua and nginx-light (apt), "
  .. "openresty (dnf, from the repository of openresty.org), "
  .. "or openresty/brew/openresty (brew)"

local MISSING_MODULE = "nginx is here (%s), but not its Lua module: "
  .. "install libnginx-mod-http-lua (apt) or openresty (dnf, brew)"

-- The module files to load, {} when they are built in, nil when missing.
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
    local kit = directory .. "/ndk_http_module.so"
    if exists(lua) then
      return exists(kit) and { kit, lua } or { lua }
    end
  end
end

---@class equinix.Nginx
---@field binary string
---@field modules string[] files to load
---@field version integer 1022001 for 1.22.1
---@field build string what `nginx -V` says

--- Finds an nginx that can run Lua.
---@param path? string this one and no other
---@return equinix.Nginx|nil
---@return string|nil message what to install
function M.find(path)
  local without_lua
  for _, name in ipairs(path and { path } or BINARIES) do
    local binary = output("command -v " .. quote(name))
    binary = binary ~= "" and M.absolute(binary) or ""
    local build = binary ~= "" and output(quote(binary) .. " -V 2>&1") or ""
    local major, minor, patch = build:match "version: %S-/(%d+)%.(%d+)%.(%d+)"
    if major then
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

-- The configuration ---------------------------------------------------------

--- The folder that holds equinix/, as an absolute path.
---@return string
function M.library()
  local source = debug.getinfo(1, "S").source:match "^@(.*)$"
  local directory = source:match "^(.*)equinix/supervisor/nginx%.lua$"
  return output("cd " .. quote(directory == "" and "." or directory)
    .. " && pwd")
end

-- nginx makes a folder for each of these, by default where only root may.
local TEMPORARY = { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }

local function temporary_paths(nginx)
  local lines = {}
  for _, name in ipairs(TEMPORARY) do
    if not nginx.build:find("--without-http_" .. name .. "_module", 1, true)
    then
      lines[#lines + 1] = ("  %s_temp_path tmp_%s;"):format(name, name)
    end
  end
  return table.concat(lines, "\n")
end

-- Relative names are below the prefix, the private directory.
local CONFIGURATION = [[
daemon off;
pid nginx.pid;
error_log error.log %(level)s;
worker_processes %(workers)s;
%(main)s
events { worker_connections 4096; }
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

--- A whole configuration.
---@param nginx equinix.Nginx
---@param options {workers: integer, http: string, main?: string,
---  level?: string} main: more of the main part; level: of the error log in
---  the directory, "warn" unless told
---@return string|nil
---@return string|nil message
function M.configuration(nginx, options)
  local main = {}
  for i, file in ipairs(nginx.modules) do
    main[i] = ("load_module %s;"):format(file)
  end
  -- Started by root, workers would become another user, who may read neither
  -- the directory nor, perhaps, the checkout. They stay who started them.
  if output "id -u" == "0" then
    main[#main + 1] = "user root;"
  end
  main[#main + 1] = options.main
  local library = M.library()
  if library:find "[;?$\"\\]" or library:find "%c" then
    return nil, "nginx can't be told to load Lua files from " .. library
  end
  local values = {
    workers = ("%d"):format(options.workers),
    main = table.concat(main, "\n"),
    level = options.level or "warn",
    temporary = temporary_paths(nginx),
    library = library,
    http = options.http,
  }
  return (CONFIGURATION:gsub("%%%(([%w_]+)%)s", values))
end

--- `listen` for one address, in the words of that nginx.
---@param nginx equinix.Nginx
---@param address string "127.0.0.1:8443"
---@param tls boolean with HTTP/2
---@return string
function M.listen(nginx, address, tls)
  if not tls then
    return ("listen %s;"):format(address)
  elseif nginx.version >= 1025001 then
    return ("listen %s ssl; http2 on;"):format(address)
  end
  return ("listen %s ssl http2;"):format(address)
end

-- Files and the run ---------------------------------------------------------

-- Reads the name of a directory and then a word; when the word does not
-- come, because who should write it is no more, it removes the directory.
-- Twice: what that one had started may be writing into it still.
local KEEPER = [[
trap '' INT TERM HUP QUIT
read -r dir && { read -r _ || {
  rm -rf "$dir"
  (sleep 1; rm -rf "$dir") </dev/null >/dev/null 2>&1 &
}; }]]

---@class equinix.supervisor.nginx.Directory
---@field path string
---@field keeper file*

--- A new directory that only this user may enter. It is gone when this
--- process ends, unless `run` took it over; `drop` removes it at once.
---@return equinix.supervisor.nginx.Directory|nil
---@return string|nil message
function M.directory()
  local path = output("cd \"${TMPDIR:-/tmp}\" && "
    .. "mktemp -u \"$(pwd)/equinix.XXXXXXXX\"")
  -- Whoever keeps it is there before it is.
  local keeper = assert(io.popen(KEEPER, "w"))
  keeper:write(path, "\n")
  keeper:flush()
  if path == "" or output("mkdir -m 700 " .. quote(path) .. " && echo made")
    ~= "made" then
    keeper:write "\n" -- whatever is there is not ours
    keeper:close()
    return nil, "no directory can be made in " .. (os.getenv "TMPDIR"
      or "/tmp")
  end
  return { path = path, keeper = keeper }
end

--- Removes a directory: only for a start that came to nothing.
---@param directory equinix.supervisor.nginx.Directory
function M.drop(directory)
  directory.keeper:close() -- without the word
end

--- Writes a file into a private directory.
---@return boolean|nil
---@return string|nil message
function M.write(dir, name, text)
  local file, reason = io.open(dir .. "/" .. name, "wb")
  if not file then
    return nil, reason
  end
  local written, why = file:write(text)
  local closed, how = file:close() -- a full disk may be told only now
  if written and closed then
    return true
  end
  return nil, ("%s/%s can't be written: %s"):format(dir, name, why or how)
end

--- Whether a command of that name is there.
function M.has_command(name)
  return output("command -v " .. quote(name)) ~= ""
end

--- Runs a command in a directory; what it says goes to a file there.
---@return boolean
function M.command(dir, line)
  local ok = os.execute(("cd %s && umask 077 && { %s; } >>commands.log 2>&1")
    :format(quote(dir), line))
  return ok == true or ok == 0 -- Lua 5.1 gives the number
end

---@class equinix.supervisor.nginx.Run
---@field directory equinix.supervisor.nginx.Directory
---@field nginx equinix.Nginx
---@field name string how the command is called, for its messages
---@field stop? string the signal that stops nginx: TERM (default) or QUIT
---@field ready_file? string written when nginx listens, removed at the end
---@field until_eof? boolean ends when standard input does, too
---@field reload? boolean HUP makes nginx reload; else it ends, too
---@field environment? boolean nginx gets ours, and our folder; else none
---@field log? boolean what is written to the file `log` there goes to stderr

-- What the script is told to do besides.
local function flags(run)
  local words = {}
  for name, word in pairs { until_eof = "eof", reload = "reload",
    environment = "environment", log = "log" } do
    words[#words + 1] = run[name] and word or nil
  end
  return table.concat(words, " ")
end

-- The Lua that runs this, as a command.
local function interpreter()
  local first = 0
  while arg[first - 1] do
    first = first - 1
  end
  local name = arg[first]
  return name:find "/" and M.absolute(name) or name
end

-- What copies the log: no program of POSIX's writes without waiting.
local function copier()
  local entries = {}
  for entry in package.cpath:gmatch "[^;]+" do
    entries[#entries + 1] = M.absolute(entry)
  end
  local code = ("package.cpath = %q require('equinix.core').drain()"):format(
    table.concat(entries, ";"))
  return "exec " .. quote(interpreter()) .. " -e " .. quote(code) .. "\n"
end

--- Becomes the supervisor of nginx: this process is replaced, so that a
--- signal to it reaches the supervisor. Expects nginx.conf, banner and
--- ready.json in the directory.
---@param run equinix.supervisor.nginx.Run
---@return string message why it could not; else it does not return
function M.run(run)
  local dir = run.directory.path
  assert(M.write(dir, "supervise.sh", supervise))
  if run.log then
    assert(M.write(dir, "copier.sh", copier()))
  end
  M.command(dir, "chmod 600 *") -- the umask may have let others read
  local argv = {
    "/bin/sh", dir .. "/supervise.sh", dir, run.stop or "TERM", run.name,
    run.ready_file and M.absolute(run.ready_file) or "",
    flags(run),
    run.nginx.binary, "-p", dir, "-c", dir .. "/nginx.conf",
  }
  if run.nginx.version >= 1019005 then
    argv[#argv + 1] = "-e"
    argv[#argv + 1] = dir .. "/error.log"
  end
  io.stdout:flush()
  run.directory.keeper:write "kept\n"
  run.directory.keeper:close()
  return select(2, require("equinix.core").exec(argv)) -- it came back
end

return M
