#!/bin/sh
# lyaml 6.2.8 and a text with U+0000 in it.
#
# What a good engineer would guess: YAML's escape "\0" is valid in a text with
# double quotes, a Lua string holds any byte, and the library writes such a
# text itself. So what lyaml.dump wrote, lyaml.load reads back.
#
# What happens: dump writes "ab\0cd", and load gives "ab", without an error:
# the text ends at the NUL. So do keys, so two keys of one map become one and a
# value is lost. The events of the module `yaml` have the text cut as well.
# Python's yaml reads all of it.
#
# Needs Debian's lua5.4 and lua-yaml. Exits with 1 if the behaviour has
# changed, with 2 if it can't be seen here.
set -u

version=$(dpkg-query -W -f '${Version}' lua-yaml 2>/dev/null) || version=
echo "lua-yaml: ${version:-not installed as a Debian package}"
case $version in
6.2.8-*) ;;
*) echo "this is about 6.2.8"; exit 2 ;;
esac

dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

cat >"$dir/try.lua" <<'END'
local lyaml = require "lyaml"
local text = lyaml.dump { { a = "ab\0cd" } }
print("wrote " .. text:match "a: [^\n]*")
local read = lyaml.load(text).a
print(("read %d of 5 bytes: %s"):format(#read, read))

local count = 0
for key, value in pairs(lyaml.load '{"k\\0a": 1, "k\\0b": 2}') do
  count = count + 1
  print(("key of %d byte(s): %s = %d"):format(#key, key, value))
end
print(count .. " of 2 keys")
END
cat >"$dir/expected" <<'END'
wrote a: "ab\0cd"
read 2 of 5 bytes: ab
key of 1 byte(s): k = 2
1 of 2 keys
END

lua5.4 "$dir/try.lua" >"$dir/seen" 2>&1
cat "$dir/seen"
if cmp -s "$dir/expected" "$dir/seen"; then
  echo "as found: a text ends at NUL, without an error"
else
  echo "the behaviour has changed"
  exit 1
fi
