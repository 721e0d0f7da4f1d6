#!/bin/sh
# Downloads from npm: the MCP clients that the specs use, an agent that the
# specs configure as the documents say, a validator for the OpenAPI document,
# and what drives a browser (the browser itself is of the system).
#
#   tools/npm.sh FOLDER
#
#   FOLDER/node_modules, FOLDER/node    the clients, and a Node to run them
#   FOLDER/why-not                      or one line: why they are missing
#
# Law of this file: it changes nothing outside its folder, and runs no script
# of a package. Several specs may need the folder at once: the first one
# downloads, the others wait. A failed download is no failure of the specs:
# those that need it read why-not and are skipped.

set -u
folder=${1:?}
# Versions that work together; none is part of the product. This version of the
# agent is a script; later ones are large binaries.
packages='@modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/client@2.4.0
  @modelcontextprotocol/inspector@2.12.0
  @modelcontextprotocol/conformance@0.2.0-alpha.12
  @seriousme/openapi-schema-validator@2.11.0 @anthropic-ai/claude-code@2.0.47
  playwright-core@1.65.1'
node_major=22 # the newest packages need it

has() { command -v "$1" >/dev/null 2>&1; }

# give_up REASON
give_up() {
  echo "$1" >"$folder/why-not"
  exit 0
}

# The package with a Node that is new enough; "" when the installed one is.
# Each system has its own; the package `node` would need a script to choose it.
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
  give_up 'npm, node or flock is not installed'
fi
exec 9>"$folder/lock"
flock 9 || exit 1
# A complete folder is used as it is, and after a failure the specs of a run do
# not try again.
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
# This file marks the folder as complete.
echo "$packages" >"$folder/have"
