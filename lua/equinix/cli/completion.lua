--- completion: `equinix-auth completion SHELL`, scripts that complete the
--- words of this command.
--
-- Law of this file: argparse knows the commands and their options, so it
-- writes the scripts; this file adds only what they lack.

local output = require "equinix.cli.output"

local M = {}

local NAME = "equinix-auth"

-- argparse's script for zsh belongs in a folder of $fpath, where zsh runs it
-- for each completion. When it is read with `source` it has to register
-- itself instead.
local ZSH = [[
if [ "$funcstack[1]" = "_NAME" ]; then
  _NAME "$@"
else
  compdef _NAME NAME
fi
]]

-- The names of the profiles change, so the scripts ask for them.
local PROFILES = NAME .. " profiles --names 2>/dev/null"

local SCRIPTS = {
  bash = function(parser)
    return (parser:get_bash_complete():gsub("(\n +%-%-profile%)\n +)[^\n]*",
      "%1COMPREPLY=($(compgen -W \"$(" .. PROFILES .. ")\" -- \"$cur\"))"))
  end,
  zsh = function(parser)
    local script = parser:get_zsh_complete():gsub("\n_[a-z%-]+\n$", "\n")
      :gsub('("%-%-profile%[[^%]]*%]): :_files"', '%1: :($(' .. PROFILES
      .. '))"')
    return script .. ZSH:gsub("NAME", NAME)
  end,
  fish = function(parser)
    return (parser:get_fish_complete():gsub("%-l profile %-r", "-l profile -x "
      .. "-a '(" .. PROFILES .. ")'"))
  end,
}

local EXAMPLES = [[
Examples:
  source <(equinix-auth completion bash)      in ~/.bashrc
  source <(equinix-auth completion zsh)       in ~/.zshrc, after compinit
  equinix-auth completion fish | source       in ~/.config/fish/config.fish]]

--- Adds what belongs to the command; returns the function that runs it.
function M.define(command, _, parser)
  command:epilog(EXAMPLES):command_target "shell"
  -- Subcommands, since argparse completes arguments in zsh only.
  for _, shell in ipairs { "bash", "zsh", "fish" } do
    command:command(shell, "For " .. shell .. ".")
  end
  return function(args)
    output.write(SCRIPTS[args.shell](parser))
    return 0
  end
end

return M
