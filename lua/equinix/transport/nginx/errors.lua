--- errors: why a call could not run in a worker thread of nginx.
--
-- Law of this file: each error names the directive to add or to raise, and
-- the part of nginx.conf that it belongs to.

local M = {}

local function config(code, message)
  return {
    kind = "config",
    code = code,
    message = message,
    maybe_sent = false,
  }
end

--- The error of the stream part, whose ngx_lua has no such threads.
---@return equinix.transport.err
function M.stream()
  return config("stream", "the stream part of nginx can't send: it reads the "
    .. "token that the http part of the same nginx has fetched into the "
    .. "cache; call client:token() there, in a request or in ngx.timer.every "
    .. "of init_worker_by_lua")
end

--- The error of an nginx, or an ngx_lua, without such threads.
---@return equinix.transport.err
function M.no_threads()
  return config("no_worker_threads", ("this nginx has no worker threads for "
    .. "Lua (ngx.run_worker_thread is missing): use Linux, an nginx built "
    .. "--with-threads and ngx_lua 0.10.21 or newer; this is %s")
    :format(tostring(ngx.config.ngx_lua_version or "an old one")))
end

-- Messages of ngx_lua.
local NO_VM = "^no available Lua vm"
local POOL_FULL = "^ngx_thread_task_post failed"

--- Whether a message of ngx_lua means that there will be a VM later.
---@param message any
function M.is_temporary(message)
  return tostring(message):find(NO_VM) ~= nil
end

local function no_pool(_, pool)
  return config("no_thread_pool", ("nginx has no thread pool '%s': add "
    .. "`thread_pool %s threads=2;` to the main part of nginx.conf, outside "
    .. "of http, and restart or reload"):format(pool, pool))
end

local function no_module(text)
  return config("no_module", ("a worker thread can't load %s: add the "
    .. "folders of lua-equinix to lua_package_path and, for its .so file, to "
    .. "lua_package_cpath, in the http part of nginx.conf (threads have no "
    .. "package.preload)"):format(text:match "module '([^']+)'" or "a module")
  )
end

-- The messages of ngx_lua, and the error for each.
local KNOWN = {
  { "^thread pool .* not found", no_pool },
  { "module '[^']+' not found", no_module },
  { "error loading module", no_module },
  { NO_VM, function()
    return config("no_vm", "no Lua VM was free for a worker thread before the "
      .. "deadline: raise lua_worker_thread_vm_pool_size in the http part of "
      .. "nginx.conf")
  end },
  { POOL_FULL, function()
    return config("pool_full", "the queue of nginx's thread pool is full: "
      .. "raise max_queue or threads of thread_pool in nginx.conf")
  end },
  { "^too many pending timers", function()
    return config("timers", "nginx has too many pending timers: raise "
      .. "lua_max_pending_timers in the http part of nginx.conf")
  end },
}

--- The error for a message of ngx_lua.
---@param message any
---@param pool string
---@return equinix.transport.err
function M.of(message, pool)
  local text = tostring(message)
  for _, known in ipairs(KNOWN) do
    if text:find(known[1]) then
      return known[2](text, pool)
    end
  end
  return config("worker_thread", "ngx.run_worker_thread failed: "
    .. (text:match "^[^\n]*"))
end

--- The error for a call that did not end in time.
---@return equinix.transport.err
function M.late()
  return {
    kind = "timeout",
    code = "queue",
    message = "no worker thread was free in time: raise threads of "
      .. "thread_pool if other modules use it (or lua_max_running_timers)",
    maybe_sent = false,
  }
end

return M
