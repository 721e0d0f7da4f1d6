--- profile: a named set of options, in the user's configuration file.
--
-- Law of this file: it is read only where a profile is asked for. What is set
-- more closely takes precedence: an option, then the environment. Credentials
-- are one set: those of a profile are taken all together, with the grant and
-- the scope that belong to them, or none of them. The file names programs to
-- run, so no other user may be able to change it; and where the profile holds
-- a secret itself, none may be able to read it.

local core = require "equinix.core"
local credentials = require "equinix.client.credentials"
local environment = require "equinix.client.environment"
local file = require "equinix.base.file"
local ini = require "equinix.base.ini"
local suggest = require "equinix.base.suggest"
local tables = require "equinix.base.table"
local text_of = require "equinix.base.text"

local M = {}

local MAX_BYTES = 256 * 1024

-- Each option that a file can say: what its value is, and whether it belongs
-- to the credentials.
local KEYS = {
  client_id = { own = true },
  client_secret = { own = true, secret = true },
  client_secret_file = { own = true, kind = "path" },
  credential_process = { own = true },
  token = { own = true, secret = true },
  grant = { own = true },
  scope = { own = true },
  subject_token = { own = true, secret = true },
  user_name = { own = true },
  user_password = { own = true, secret = true },
  sts_endpoint = { variable = true },
  base_url = { variable = true },
  environment = {},
  timeout = { kind = "number", variable = true },
  connect_timeout = { kind = "number" },
  max_body = { kind = "number" },
  encoding = {},
  cache_key = {},
  proxy = {},
  ca_file = { kind = "path" },
  client_cert = { kind = "path" },
  client_key = { kind = "path" },
  client_key_password_file = { kind = "path" },
  user_agent = {},
}

M.path = environment.config_file

--- Whether a name can be one; and it needs no quotes anywhere.
---@param name string
---@return boolean
function M.is_name(name)
  return #name <= 64 and name:find "^[A-Za-z0-9_][A-Za-z0-9_.@-]*$" ~= nil
end

-- Bits of the mode: what group and others may.
local function others_may(mode)
  local all = mode % 64
  return all > 0, math.floor(all / 16) % 2 == 1 or math.floor(all / 2) % 2 == 1
end

local FIX = "; run: chmod 600 "

-- What is wrong with the file itself.
local function unsafe(path, mode, owner)
  if owner == "other" then
    return path .. " belongs to another user, who could name programs to run "
      .. "in it: take a file of your own (HOME or XDG_CONFIG_HOME says where)"
  elseif select(2, others_may(mode)) then
    return path .. " can be changed by other users, and it names programs to "
      .. "run" .. FIX .. path
  end
end

---@class equinix.ProfileFile
---@field path string
---@field open boolean others may read it
---@field sections equinix.ini.Section[]
---@field text string

--- The file, read and checked.
---@return equinix.ProfileFile|nil nil alone: there is none
---@return string|nil message why it can't be used
function M.file()
  local path = M.path()
  local mode, owner = nil, "ENOENT"
  if path then
    mode, owner = core.file_mode(path)
  end
  if not mode and (owner == "ENOENT" or owner == "ENOTDIR") then
    return nil
  elseif not mode then
    return nil, ("%s can't be read: %s"):format(path, owner)
  end
  local wrong = unsafe(path, mode, owner)
  if wrong then
    return nil, wrong
  end
  local text, message = file.read_given(path, MAX_BYTES)
  if not text then
    return nil, message
  end
  local sections, line, reason = ini.read(text)
  if not sections then
    return nil, ("%s:%d: %s"):format(path, line, reason)
  end
  return { path = path, open = (others_may(mode)), sections = sections,
    text = text }
end

-- A value as the option wants it. -> value | nil, what is wrong
local function value_of(kind, text)
  if text == "" then
    return nil, "has no value"
  elseif kind == "number" then
    local number = text_of.number(text)
    return number, not number and "must be a number" or nil
  elseif kind == "path" and text:sub(1, 2) == "~/" then
    local home = os.getenv "HOME"
    return home and home .. text:sub(2), "begins with ~/, and HOME is not set"
  elseif kind == "path" and text:sub(1, 1) ~= "/" then
    return nil, "must be a whole path, or begin with ~/"
  end
  return text
end

local function is_secret(name, text)
  return KEYS[name].secret or name == "proxy" and text:find("@", 1, true)
end

-- The options of a section. -> options | nil, message
local function options_of(found, section)
  local options = {}
  for name, value in pairs(section.values) do
    local function wrong(text, ...)
      return nil, ("%s:%d: " .. text):format(found.path, value.line, ...)
    end
    if not KEYS[name] then
      local near = suggest.name(name, KEYS)
      return wrong("there is no option '%s'%s", name,
        near and (", did you mean '%s'?"):format(near) or "")
    elseif found.open and is_secret(name, value.text) then
      return wrong("other users can read %s here%s%s, and take another secret "
        .. "if it is one that they may have seen", name, FIX, found.path)
    end
    local problem
    options[name], problem = value_of(KEYS[name].kind, value.text)
    if options[name] == nil then
      return wrong("%s %s", name, problem)
    end
  end
  if options.base_url and options.environment then
    return nil, ("%s:%d: base_url and environment exclude each other"):format(
      found.path, section.values.environment.line)
  end
  return options
end

local function no_such(found, name)
  local near = suggest.name(name, found.sections.by_name)
  return ("there is no profile '%s' in %s%s"):format(name, found.path,
    near and (", did you mean '%s'?"):format(near)
    or "; equinix-auth profiles lists those there are")
end

--- The options of a profile.
---@param name string
---@return equinix.Options|nil
---@return string message or, of options, where they are from
function M.options(name)
  local found, message = M.file()
  if message then
    return nil, message
  elseif not found then
    local path = M.path()
    return nil, ("there is no profile '%s': %s; equinix-auth configure "
      .. "--profile %s makes one"):format(name, path
      and "there is no file " .. path or "neither HOME nor XDG_CONFIG_HOME "
      .. "says where to look", name)
  end
  local section = found.sections.by_name[name]
  if not section then
    return nil, no_such(found, name)
  end
  local options, wrong = options_of(found, section)
  return options, wrong or ("profile '%s' of %s"):format(name, found.path)
end

--- Where the credentials of a section are; never what they are.
---@param section equinix.ini.Section
---@return string|nil nil: it has none
function M.source(section)
  for _, name in ipairs { "credential_process", "client_secret_file",
    "client_secret", "token", "subject_token" } do
    local value = section.values[name]
    if value then
      return name == "client_secret_file" and name .. " " .. value.text
        or name == "credential_process" and name .. " (a command)"
        or name .. " in this file"
    end
  end
end

-- Whether the environment says something of an option.
local function has_variable(name)
  return KEYS[name].variable and environment.get(name) ~= nil
end

-- What the profile says, and nothing else does.
local function merge(opts, options, own)
  local all = tables.copy(opts)
  local has_origin = opts.base_url or opts.environment
    or environment.get "base_url"
  for option, value in pairs(options) do
    local origin = option == "base_url" or option == "environment"
    if opts[option] == nil and not has_variable(option)
      and (own or not KEYS[option].own) and not (origin and has_origin) then
      all[option] = value
    end
  end
  return all
end

---@alias equinix.ProfileChoice
---| "option" its credentials go before those of the environment
---| "variable" they do not
---| "default" nor do they, and there may be no such profile

--- Adds to options what a profile says.
---@param opts equinix.Options
---@param name string of the profile
---@param choice equinix.ProfileChoice who named it
---@return equinix.Options|nil
---@return string|nil message or, of options, where the added ones are from
---@return boolean|nil own the credentials are from there, too
function M.add(opts, name, choice)
  if choice == "default" then
    local found, message = M.file()
    if not message and not (found and found.sections.by_name[name]) then
      return opts
    end
  end
  local options, where = M.options(name)
  if not options then
    return nil, where
  end
  local own = not credentials.given(opts)
    and (choice == "option" or not credentials.in_environment())
  return merge(opts, options, own), where,
    own and credentials.given(options)
end

return M
