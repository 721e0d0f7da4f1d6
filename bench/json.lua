-- json: JSON of 8 MB, like a list of Fabric's ports, read and written by
-- equinix.base.json beside lua-cjson alone, which does less: it loses digits,
-- has only floats, and knows no empty array.
--
--   lua bench/json.lua            compares, prints the bars (they are for 5.4)
--   BEFORE=/path/of/a/checkout    measures that one, too
--   lua bench/json.lua ratios     "DECODE ENCODE", of the modules on the path
local ROUNDS, BYTES = 15, 8 * 2 ^ 20
local BARS = { decode = 1.2, encode = 1.3 }

local side = require "bench.side"

-- As the API sends it: two thirds of the members are strings.
local PORT = [[{"href":"https://api.equinix.com/fabric/v4/ports/c4d9350e-]]
  .. [[77c5-7c5d-1ce0-%012x","uuid":"c4d9350e-77c5-7c5d-1ce0-%012x","type":]]
  .. [["XF_PORT","name":"port-%04d","id":%d,"bandwidth":10000,]]
  .. [["availableBandwidth":%d,"usedBandwidth":%d,"physicalPortsSpeed":10000,]]
  .. [["connectionsCount":%d,"physicalPortsType":"10GBASE_LR","state":]]
  .. [["ACTIVE","lagEnabled":false,"operation":{"operationalStatus":"UP",]]
  .. [["connectionCount":%d,"opStatusChangedAt":"2026-05-07T21:39:03Z"},]]
  .. [["account":{"accountNumber":%d,"accountName":"Example GmbH"},]]
  .. [["changeLog":{"createdBy":"port-user","createdDateTime":]]
  .. [["2020-10-14T07:01:36Z"},"location":{"metroCode":"AM","metroName":]]
  .. [["Amsterdam","region":"EMEA","ibx":"AM5"},"device":{"name":"am5-dev-]]
  .. [[%03d","redundancy":{"group":"PRIMARY"}},"encapsulation":{"type":]]
  .. [["DOT1Q","tagProtocolId":"0x8100"},"settings":{"buyout":true,]]
  .. [["sharedPortType":false},"tags":[],"price":%.2f}]]

local function document()
  local ports, size, i = {}, 0, 0
  while size < BYTES do
    i = i + 1
    local used = i % 200 * 50
    ports[i] = PORT:format(i, i, i, i * 7919 % 1000003, 10000 - used, used,
      i % 23, i % 7, 200000 + i % 3, i % 999, i % 1000 / 4)
    size = size + #ports[i] + 1
  end
  return ('{"pagination":{"offset":0,"limit":%d,"total":%d},"data":[%s]}')
    :format(i, i, table.concat(ports, ","))
end

local function seconds(body, argument)
  collectgarbage()
  collectgarbage()
  local start = os.clock()
  assert(body(argument))
  return os.clock() - start
end

-- The two alternate; each round gives a ratio.
local function ratio(bare, own, argument)
  local ratios = {}
  for round = 1, ROUNDS do
    local times = {}
    for i in side.order(round, 2) do
      times[i] = seconds(i == 1 and bare or own, argument)
    end
    ratios[round] = times[2] / times[1]
  end
  return side.median(ratios)
end

if arg[1] == "ratios" then
  local json, cjson = require "equinix.base.json", require("cjson").new()
  local text = document()
  local decode = ratio(cjson.decode, json.decode, text)
  print(decode, ratio(cjson.encode, json.encode, assert(json.decode(text))))
  return
end

local LUA = jit and "luajit" or "lua" .. _VERSION:match "[%d.]+"

local function ratios_of(checkout)
  local process = require "spec.support.process"
  local text = process.capture(("LUA_PATH='%s/lua/?.lua;./?.lua;;' "
    .. "LUA_CPATH='%s/build/%s/?.so;;' %s bench/json.lua ratios 2>&1")
    :format(checkout, checkout, LUA, LUA))
  local decode, encode = text:match "^(%S+)%s+(%S+)$"
  return {
    decode = assert(tonumber(decode), text), encode = tonumber(encode),
  }
end

print(("JSON of 8 MB, %s, beside lua-cjson alone"):format(LUA))
local before = os.getenv "BEFORE"
if before then
  local was = ratios_of(before)
  print(("  before: decode %.2fx, encode %.2fx"):format(was.decode,
    was.encode))
end
local now = ratios_of "."
for _, what in ipairs { "decode", "encode" } do
  if LUA == "lua5.4" then
    side.judge(what, now[what], BARS[what])
  else
    print(("  %s: %.2fx"):format(what, now[what]))
  end
end
os.exit(side.missed and 1 or 0)
