-- equinix_ports: the command of this plugin. Nothing is loaded before its
-- first use. Install it as any plugin, or try it with
--
--     nvim --cmd "set rtp^=examples/neovim"
--
-- Neovim's Lua is LuaJIT: the module has to be installed for Lua 5.1 too.
vim.api.nvim_create_user_command("EquinixPorts", function(command)
  require("equinix_ports").list(command.args)
end, { nargs = "?", desc = "Lists the ports whose names contain a word" })
