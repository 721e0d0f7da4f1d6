--- chart: pictures of the status page, as SVG.
--
-- Law of this file: numbers in, SVG out. Colours are classes, which the style
-- sheet knows in light and dark; there is no text in a picture that would
-- shrink on a narrow screen. Each one says in words what it shows.

local markup = require "equinix.service.status.markup"

local M = {}

local fill, escape, xy = markup.fill, markup.escape, markup.coordinate

-- Bars -----------------------------------------------------------------------

---@class equinix.status.Series
---@field name string in a minute
---@field class string of its colour, and a word for it
---@field label string

local BARS = '<svg class="bars %(class)s" viewBox="0 0 %(width)s 100" '
  .. 'preserveAspectRatio="none" role="img" aria-label="%(label)s">'
  .. "%[grid]s%[bars]s%[hints]s</svg>"
local GRID = '<path class="grid" d="M0 .5H%s M0 50H%s M0 99.5H%s"/>'
local STEP, BAR = 10, 8 -- of a minute, and of its bar

local function total(minute, series)
  local sum = 0
  for _, one in ipairs(series) do
    sum = sum + (minute[one.name] or 0)
  end
  return sum
end

--- The top of a scale: 1, 2 or 5 and zeros.
---@param value number
---@return number
function M.top(value)
  local top = 1
  while true do
    for _, factor in ipairs { 1, 2, 5 } do
      if value <= top * factor then
        return top * factor
      end
    end
    top = top * 10
  end
end

--- The largest sum of a minute.
---@param minutes equinix.status.Minute[]
---@param series equinix.status.Series[]
---@return number
function M.peak(minutes, series)
  local peak = 0
  for _, minute in ipairs(minutes) do
    peak = math.max(peak, total(minute, series))
  end
  return peak
end

-- What a minute had, in words.
local function words(minute, series)
  local parts = {}
  for _, one in ipairs(series) do
    local n = minute[one.name] or 0
    if n > 0 then
      parts[#parts + 1] = markup.count(n) .. " " .. one.class
    end
  end
  return markup.time(minute.at) .. ": " .. table.concat(parts, ", ")
end

-- The bars of a series stand upon those of the series before, whose heights
-- are in `bases`. What is there is seen, however small it is.
local function path_of(minutes, one, top, bases)
  local parts = {}
  for i, minute in ipairs(minutes) do
    local n = minute[one.name] or 0
    if n > 0 then
      local base = bases[i] or 0
      local height = math.max(2, math.floor(100 * n / top + 0.5))
      bases[i] = math.min(100, base + height)
      parts[#parts + 1] = ("M%d %dh%dV%dh-%dz"):format((i - 1) * STEP + 1,
        100 - base, BAR, 100 - bases[i], BAR)
    end
  end
  return #parts > 0 and ('<path class="%s" d="%s"/>'):format(one.class,
    table.concat(parts)) or ""
end

-- What a pointer finds over a minute.
local function hints_of(minutes, series)
  local parts = {}
  for i, minute in ipairs(minutes) do
    if total(minute, series) > 0 then
      parts[#parts + 1] = ('<rect x="%d" width="%d" height="100"><title>%s'
        .. "</title></rect>"):format((i - 1) * STEP, STEP,
        escape(words(minute, series)))
    end
  end
  return '<g class="hints">' .. table.concat(parts) .. "</g>"
end

--- Bars for each minute.
---@param minutes equinix.status.Minute[]
---@param series equinix.status.Series[] the first one is at the bottom
---@param options {label: string, class: string, top?: number,
---  hints?: boolean}
---@return string svg
function M.bars(minutes, series, options)
  local top = options.top or M.top(M.peak(minutes, series))
  local parts, bases, width = {}, {}, #minutes * STEP
  for i, one in ipairs(series) do
    parts[i] = path_of(minutes, one, top, bases)
  end
  return fill(BARS, {
    class = options.class, label = options.label, width = width,
    grid = GRID:format(width, width, width), bars = table.concat(parts),
    hints = options.hints and hints_of(minutes, series) or "",
  })
end

-- The life of a token --------------------------------------------------------

local RING = '<svg class="ring" viewBox="0 0 120 120" role="img" '
  .. 'aria-label="%(label)s">%[arcs]s'
  .. '<text class="big" x="60" y="63">%(big)s</text>'
  .. '<text class="small" x="60" y="79">%(small)s</text></svg>'
local ARC = '<circle class="%s" cx="60" cy="60" r="%d" pathLength="100" '
  .. 'stroke-dasharray="%s 100" transform="rotate(-90 60 60)"/>'

--- A ring that empties: what is left of a life, and in which part of it the
--- next token is fetched.
---@param life {left: number, due: number, class: string, label: string,
---  big: string, small: string} left, due: parts of one
---@return string svg
function M.ring(life)
  local arcs = { ARC:format("track", 52, "100"),
    ARC:format("due", 43, xy(100 * life.due)) }
  if life.left > 0 then
    arcs[3] = ARC:format("left " .. life.class, 52, xy(100 * life.left))
  end
  return fill(RING, { label = life.label, arcs = table.concat(arcs),
    big = life.big, small = life.small })
end

return M
