-- neovim_typing: a user of Neovim calls :EquinixPorts and types on.
--
--   nvim --headless ... -c "luafile neovim_typing.lua"
--
-- The variable RESULT names a file for what was seen: the number of the loop's
-- ticks, whether the text was there before the list, the list.
local uv = vim.loop
local seen = { ticks = 0, typed_first = false, list = {} }

vim.cmd "EquinixPorts"
local text = vim.api.nvim_get_current_buf()
local list
for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
  list = buffer ~= text and buffer or list
end

local function lines_of(buffer)
  return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
end

local function finish(timer)
  timer:close()
  local file = assert(io.open(vim.env.RESULT .. ".new", "w"))
  file:write(vim.json.encode(seen))
  file:close()
  os.rename(vim.env.RESULT .. ".new", vim.env.RESULT)
  vim.cmd "qa!"
end

vim.api.nvim_input "ityped meanwhile<Esc>"
local timer = uv.new_timer()
timer:start(10, 10, vim.schedule_wrap(function()
  if timer:is_closing() then
    return
  end
  seen.list = lines_of(list)
  if seen.list[1] == "asking Equinix ..." then
    seen.ticks = seen.ticks + 1
    seen.typed_first = lines_of(text)[1] == "typed meanwhile"
  else
    finish(timer)
  end
end))
