--- slots: which slot of a Redis Cluster a key belongs to.
--
-- Law of this file: the rule is Redis' own (Cluster specification, "Key
-- distribution model"): CRC16 of XMODEM, modulo 16384, of what stands between
-- the first brace and the next closing one, if that is not empty. Arithmetic
-- only: Lua 5.1 has no bits.

local M = {}

--- How many there are.
M.COUNT = 16384

local POLYNOMIAL = 0x1021

local function xor(a, b)
  local sum, bit = 0, 1
  while a > 0 or b > 0 do
    local x, y = a % 2, b % 2
    if x ~= y then
      sum = sum + bit
    end
    a, b, bit = (a - x) / 2, (b - y) / 2, bit * 2
  end
  return sum
end

-- What a byte at the top of the sum comes to; made when it is first needed.
local shifted

local function make_table()
  shifted = {}
  for byte = 0, 255 do
    local sum = byte * 256
    for _ = 1, 8 do
      local top = sum >= 0x8000
      sum = sum * 2 % 0x10000
      sum = top and xor(sum, POLYNOMIAL) or sum
    end
    shifted[byte] = sum
  end
end

--- CRC16 (XMODEM).
---@param text string
---@return integer
function M.crc16(text)
  if not shifted then
    make_table()
  end
  local sum = 0
  for i = 1, #text do
    local top = (sum - sum % 256) / 256
    sum = xor(sum % 256 * 256, shifted[xor(top, text:byte(i))])
  end
  return sum
end

--- The slot of a key, from 0.
---@param key string
---@return integer
function M.of(key)
  local tag = key:match "^[^{]*{([^}]+)}"
  return M.crc16(tag or key) % M.COUNT
end

return M
