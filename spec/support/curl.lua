-- TEMPORARY: stands in for core.http() until it is there.
local process = require "spec.support.process"
local M = {}
function M:send(r)
  local words = {"curl -sS -i -m 30 --path-as-is"}
  if r.ca_file then words[#words+1]="--cacert "..r.ca_file end
  words[#words+1]="-X "..r.method
  for _,h in ipairs(r.headers) do words[#words+1]="-H "..process.quote(h[1]..": "..h[2]) end
  if r.body then words[#words+1]="--data-raw "..process.quote(r.body) end
  words[#words+1]=process.quote(r.url)
  local out, code = process.capture(table.concat(words," ").." 2>&1")
  if code ~= 0 then return nil, {kind="network", message=out} end
  local status, head, body = out:match "^HTTP/%S+ (%d+)[^\r]*\r\n(.-)\r\n\r\n(.*)$"
  local headers = {}
  for n,v in (head.."\r\n"):gmatch "([^:\r\n]+): *([^\r\n]*)\r\n" do headers[#headers+1]={n,v} end
  return {status=tonumber(status), headers=headers, body=body, http_version=out:match"^HTTP/(%S+)"}
end
function M.close() end
return M
