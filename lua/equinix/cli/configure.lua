--- configure: `equinix-auth configure`, credentials from the terminal into a
--- profile.
--
-- Law of this file: a person is asked, and the secret is never shown, nor an
-- argument of any program. The file is complete at every moment and no other
-- user's to read; what is in it beside the answers stays as it is.

local characters = require "equinix.client.characters"
local environment = require "equinix.client.environment"
local errors = require "equinix.base.error"
local exit_code = require "equinix.cli.exit_code"
local file = require "equinix.base.file"
local ini = require "equinix.base.ini"
local profile = require "equinix.client.profile"
local shell = require "equinix.base.shell"
local person = require "equinix.cli.question"

local M = {}

-- A link stays a link, as some keep such files elsewhere.
local WRITE = [[
path=%s
umask 077
mkdir -p "${path%%/*}" && chmod 700 "${path%%/*}" || exit 1
[ ! -L "$path" ] || path=$(readlink -f "$path") || exit 1
temp=$(mktemp "${path%%/*}/.config.XXXXXX") || exit 1
trap 'rm -f "$temp"' EXIT
trap 'exit 1' INT TERM HUP
cat >"$temp" && chmod 600 "$temp" && mv -f "$temp" "$path"]]

-- Lua 5.1 can't say how a program ended, so the file is read again.
local function write(path, text)
  local pipe = io.popen(WRITE:format(shell.quote(path)), "w")
  local written = pipe and pipe:write(text)
  if pipe then
    pipe:close()
  end
  return written and file.read(path) == text
end

-- Asks until the answer can be used; an empty one keeps what is there.
local function ask(question, old, secret, say)
  while true do
    local answer = person.ask(question, secret)
    if not answer then
      return nil
    end
    answer = answer == "" and old or answer
    local wrong = characters.visible(answer or "")
    if not wrong then
      return answer
    end
    say("it ", wrong)
  end
end

local function text_of(values, name)
  return values[name] and values[name].text
end

-- The answers; nil: the person gave up.
local function questions(values, say)
  local id, secret = text_of(values, "client_id"),
    text_of(values, "client_secret")
  id = ask(("Client id (Consumer Key)%s: "):format(id and " [" .. id .. "]"
    or ""), id, false, say)
  secret = id and ask(("Client secret (Consumer Secret; not shown)%s: ")
    :format(secret and " [as it is]" or ""), secret, true, say)
  -- Credentials are one set; a token exchange belongs to another one.
  return secret and { { "client_id", id }, { "client_secret", secret },
    { "client_secret_file", false }, { "credential_process", false },
    { "token", false }, { "subject_token", false }, { "scope", false },
    text_of(values, "grant") == "token_exchange" and { "grant", false }
      or nil }
end

local function run(args, say)
  local name = args.profile or environment.get "profile" or "default"
  local path = profile.path()
  if not profile.is_name(name) then
    return nil, exit_code.mistake("--profile: a name has letters, digits and "
      .. "_ . @ - (64 at most)")
  elseif not path then
    return nil, errors.make("config", "neither HOME nor XDG_CONFIG_HOME says "
      .. "where the file is to be")
  elseif not person.is_there() then
    return nil, errors.make("config", ("this asks on a terminal, and there is "
      .. "none; %s is a text file: see equinix-auth configure --help"):format(
      path))
  end
  local found, message = profile.file()
  if message then
    return nil, errors.make("config", message)
  end
  local section = found and found.sections.by_name[name]
  say(("profile '%s' of %s"):format(name, path))
  local answers = questions(section and section.values or {}, say)
  if not answers then
    return nil, "nothing was written"
  elseif not write(path, ini.change(found and found.text or "", name, answers))
  then
    return nil, path .. " can't be written"
  end
  say("written; equinix-auth doctor", name ~= "default" and " --profile "
    .. name or "", " tries it")
  return 0
end

local EXAMPLES = [[
The file is ~/.config/equinix/config (XDG_CONFIG_HOME), for example:
  [default]
  client_id = ...
  client_secret_file = ~/.config/equinix/secret
  [vault]
  credential_process = vault kv get -format=json kv/equinix | jq .data.data
The command prints {"client_id": ..., "client_secret": ...}.

Examples:
  equinix-auth configure
  equinix-auth configure --profile work]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command)
  command:epilog(EXAMPLES)
  command:option("--profile", "Write this profile. Default: the one of "
    .. "EQUINIX_PROFILE, else default."):argname "<name>"
  return run
end

return M
