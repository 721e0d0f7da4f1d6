--- style: the style sheet of the status page.
--
-- Law of this file: no colour is anywhere else, and each has a light and a
-- dark value of enough contrast. The page allows this very text and no other
-- style (its digest is in the policy), and no script at all.

local core = require "equinix.core"

local M = {}

--- The text.
M.TEXT = [[
:root{color-scheme:light dark;--page:#f4f6f9;--card:#fff;--line:#dde3ea;
--text:#18212d;--soft:#566273;--ok:#1a7f55;--info:#2c62c9;--warn:#a86400;
--bad:#c42b2b;--track:#e6ebf1}
@media(prefers-color-scheme:dark){:root{--page:#0f141a;--card:#171e27;
--line:#2a3441;--text:#e7ecf2;--soft:#9ba8b8;--ok:#3ecb8b;--info:#78a6ff;
--warn:#f0b04c;--bad:#ff7b73;--track:#26303c}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:66rem;margin:0 auto;padding:0 1.25rem}
header{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;
padding-top:1.75rem;padding-bottom:1rem}
h1{font-size:1.35rem;margin:0;letter-spacing:-.01em}
h1 span{color:var(--soft);font-weight:400;font-size:1rem;margin-left:.35rem}
h2{font-size:1rem;margin:0 0 .85rem;font-weight:650}
.pill{font-size:.9rem;font-weight:600;padding:.2rem .7rem;border-radius:2rem;
border:1px solid currentColor}
.pill::before{content:"";display:inline-block;width:.55rem;height:.55rem;
border-radius:50%;background:currentColor;margin-right:.45rem}
.ok{color:var(--ok)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.note{flex-basis:100%;margin:0;color:var(--soft)}
main{display:grid;gap:1rem;grid-template-columns:repeat(6,1fr)}
section{grid-column:span 6;background:var(--card);border:1px solid var(--line);
border-radius:.75rem;padding:1.1rem 1.25rem;min-width:0}
@media(min-width:52rem){.third{grid-column:span 2}.two{grid-column:span 4}
.half{grid-column:span 3}}
.life{display:flex;flex-wrap:wrap;gap:1rem 1.5rem;align-items:center;
justify-content:center}
.life dl{flex:1 1 10rem}
.ring{width:9.5rem;height:9.5rem;flex:none}
.ring circle{fill:none;stroke-width:10}
.track{stroke:var(--track)}.ring .due{stroke:var(--warn);stroke-width:3}
.ring .left{stroke:currentColor;stroke-linecap:butt}
.ring text{text-anchor:middle;fill:var(--text)}
.big{font-size:20px;font-weight:650}.small{font-size:11px;fill:var(--soft)}
.ring .small{fill:var(--soft)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere;
font-variant-numeric:tabular-nums}
.bars{display:block;width:100%;height:10.5rem;overflow:visible}
.bars.low{height:4.5rem}
.grid{stroke:var(--line);fill:none;vector-effect:non-scaling-stroke}
path.answered,path.renewed{fill:var(--ok)}path.loaded{fill:var(--info)}
path.refused,path.rejected{fill:var(--warn)}
path.failed{fill:var(--bad)}
.hints rect{fill:transparent}.hints rect:hover{fill:var(--text);opacity:.12}
.axis,.key{display:flex;justify-content:space-between;color:var(--soft);
font-size:.85rem;margin:.3rem 0 0}
.top{color:var(--soft);font-size:.85rem;margin:0 0 .2rem}
.key{justify-content:flex-start;flex-wrap:wrap;gap:.2rem 1.1rem;padding:0;
list-style:none;margin-top:.6rem;font-variant-numeric:tabular-nums}
.key b{color:var(--text);font-weight:650}
.key i{display:inline-block;width:.7rem;height:.7rem;border-radius:.15rem;
margin-right:.4rem}
i.answered,i.renewed{background:var(--ok)}i.loaded{background:var(--info)}
i.refused,i.rejected{background:var(--warn)}i.failed{background:var(--bad)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem 0;text-align:left;font-weight:400;vertical-align:middle}
tr+tr>*{border-top:1px solid var(--line)}
td.n,.numbers *+*{text-align:right;padding-left:1rem;white-space:nowrap}
thead th{color:var(--soft);font-size:.85rem}
td .bars{height:1.6rem}td.wide{width:42%;padding-left:1rem}
details{margin-top:.6rem}
summary{cursor:pointer;color:var(--soft);font-size:.85rem}
.scroll{max-height:16rem;overflow:auto}
p.none{margin:0;color:var(--soft)}
a{color:var(--info)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid
var(--info);outline-offset:2px;border-radius:.2rem}
footer{color:var(--soft);font-size:.9rem;padding-top:1.25rem;
padding-bottom:2rem;display:flex;flex-wrap:wrap;gap:.3rem 1.25rem}
@media(forced-colors:active){path,.ring circle{forced-color-adjust:none}}
]]

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
  .. "0123456789+/"

-- Base64 of bytes that are given as hex.
local function base64(hex)
  local out, bits, n = {}, 0, 0
  for digit in hex:gmatch "%x" do
    bits, n = bits * 16 + tonumber(digit, 16), n + 4
    if n >= 6 then
      local unit = 2 ^ (n - 6)
      local at = math.floor(bits / unit) + 1
      out[#out + 1], bits, n = ALPHABET:sub(at, at), bits % unit, n - 6
    end
  end
  if n > 0 then
    local at = bits * 2 ^ (6 - n) + 1
    out[#out + 1] = ALPHABET:sub(at, at)
  end
  return table.concat(out) .. ("="):rep(-#out % 4)
end

local source

--- How a Content-Security-Policy names it.
---@return string
function M.source()
  source = source or "'sha256-" .. base64(core.sha256(M.TEXT)) .. "'"
  return source
end

return M
