#!/bin/sh
# Fetches the MCP clients that the specs talk to our server with, an agent that
# is told of it as the README says, and what they check its OpenAPI document
# with, from npm:
#
#   tools/npm.sh FOLDER
#
#   FOLDER/node_modules, FOLDER/node    the clients, and a Node to run them
#   FOLDER/why-not                      or one line: why there is nothing here
#
# Law of this file: it changes nothing outside its folder, and no script of a
# package is run. Several specs may want the folder at once: the first one
# fetches, the others wait. Not to have it is no failure: whoever needs it
# reads why-not and skips.

set -u
folder=${1:?}
# What is known to work together; none is part of what we ship. The agent is
# of a version that is a script: later ones are a large binary.
packages='@modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0
  @modelcontextprotocol/inspector@2.12.0
  @modelcontextprotocol/conformance@0.2.0-alpha.12
  @seriousme/openapi-schema-validator@2.11.0 @anthropic-ai/claude-code@2.0.47'
node_major=22 # the newest of them need it

has() { command -v "$1" >/dev/null 2>&1; }

# give_up REASON
give_up() {
  echo "$1" >"$folder/why-not"
  exit 0
}

# The package with a Node that is new enough; none when the one here is. There
# is one for each system, which the package `node` would choose by a script.
node_package() {
  node -p "
    const { platform, arch, versions } = process;
    parseInt(versions.node) >= $node_major ? '' :
      (platform + arch === 'darwinarm64' ? 'node-bin-' : 'node-') +
      platform + '-' + arch"
}

mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd)
if ! has npm || ! has node || ! has flock; then
  give_up 'npm, node or flock is not here'
fi
exec 9>"$folder/lock"
flock 9 || exit 1
# What is there is there, and what could not be had a moment ago is not asked
# for again by each spec of a run.
if [ -x "$folder/node" ] &&
  [ "$(cat "$folder/have" 2>/dev/null)" = "$packages" ]; then
  exit 0
fi
[ -z "$(find "$folder" -name why-not -mmin -10)" ] || exit 0
rm -f "$folder/why-not" "$folder/have"
echo '{ "private": true }' >"$folder/package.json"
name=$(node_package)
# shellcheck disable=SC2086  # words
npm install --prefix "$folder" --no-save --no-package-lock --ignore-scripts \
  --no-audit --no-fund --engine-strict=false --fetch-retries=1 \
  --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=2000 \
  --fetch-timeout=60000 $packages ${name:+"$name@$node_major"} \
  >"$folder/log" 2>&1 </dev/null ||
  give_up "npm: $(sed -n 's/^npm \(error\|ERR!\) //p' "$folder/log" |
    head -n 1)"
if [ -n "$name" ]; then
  ln -sf "node_modules/$name/bin/node" "$folder/node"
else
  ln -sf "$(command -v node)" "$folder/node"
fi
# This is what says that all of it is there.
echo "$packages" >"$folder/have"
