--- equinix_ports: lists the ports of Equinix Fabric in a window, while the
--- user goes on typing in another one.
---
--- Credentials and endpoint come from the environment (see
--- examples/shipment.lua); EQUINIX_CA_FILE names authorities of one's own.
---
--- Law of this file: it never waits outside of a task. In a task that
--- equinix.luv began, a call of the client waits and Neovim does not; and what
--- comes after it may use all of vim.api, since tasks go on by vim.schedule.
local eqluv = require "equinix.luv"
local equinix = require "equinix"

local M = {}

local client -- one for all commands: they share its token and connections

local function notify(message, level)
  vim.notify("EquinixPorts: " .. tostring(message), level)
end

local function get_client()
  local err
  if not client then
    client, err = equinix.new {
      transport = eqluv,
      ca_file = vim.env.EQUINIX_CA_FILE,
    }
  end
  return client, err
end

-- A window above, without going there.
local function open_window()
  local buffer = vim.api.nvim_create_buf(false, true)
  local here = vim.api.nvim_get_current_win()
  vim.cmd "topleft 10split"
  vim.api.nvim_win_set_buf(0, buffer)
  vim.api.nvim_set_current_win(here)
  return buffer
end

-- In a task: all pages, one after the other. -> lines | nil, err
local function read_ports(word)
  local api, err = get_client()
  if not api then
    return nil, err
  end
  local lines = {}
  for port, problem in api:items("/fabric/v4/ports", { raise = false }) do
    if not port then
      return nil, problem
    elseif port.name:lower():find(word:lower(), 1, true) then
      lines[#lines + 1] = ("%-20s %s"):format(port.name, port.uuid)
    end
  end
  return lines
end

-- The user may have closed the window meanwhile.
local function show(buffer, lines)
  if vim.api.nvim_buf_is_valid(buffer) then
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  end
end

--- Lists the ports whose names contain a word; returns at once.
---@param word string may be empty: all ports
---@return integer buffer that the list will be in
function M.list(word)
  local buffer = open_window()
  show(buffer, { "asking Equinix ..." })
  eqluv.call(function()
    return read_ports(word)
  end, function(lines, err)
    if lines then
      show(buffer, #lines > 0 and lines or { "no port" })
      notify(#lines .. " ports", vim.log.levels.INFO)
    else
      show(buffer, { "no answer" })
      notify(err, vim.log.levels.ERROR)
    end
  end)
  return buffer
end

return M
