#!/bin/sh
# lua-cjson 2.1.0 under a locale with a decimal comma.
#
# What a good engineer would guess: JSON has no locale. If a program sets one
# after the library was loaded, numbers may be written with a comma at worst;
# reading valid JSON gives its values or an error.
#
# What happens: "[1,5]" (two numbers) is read as one number, 1.5, without an
# error, and { 1.5 } is written as "[1,5]", which is valid JSON of another
# meaning. The decimal point is read when an instance is made and kept for the
# whole process, so an instance that any other module makes repairs the others,
# or breaks them.
#
# Needs Debian's lua5.4, lua-cjson and locales. Exits with 1 if the behaviour
# has changed, with 2 if it can't be seen here.
set -u

version=$(dpkg-query -W -f '${Version}' lua-cjson 2>/dev/null) || version=
echo "lua-cjson: ${version:-not installed as a Debian package}"
case $version in
2.1.0+dfsg-*) ;;
*) echo "this is about 2.1.0+dfsg"; exit 2 ;;
esac

dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
localedef --no-archive -i de_DE -f UTF-8 "$dir/de_DE.UTF-8" || exit 2

cat >"$dir/try.lua" <<'END'
local cjson = require "cjson"
local early = cjson.new()
assert(os.setlocale "de_DE.UTF-8")
local read = early.decode "[1,5]"
print("read [1,5] as " .. #read .. " number(s), the first is "
  .. ("%.1f"):format(read[1]):gsub(",", "."))
print("wrote { 1.5 } as " .. early.encode { 1.5 })
cjson.new()
print("after another instance was made: read [1,5] as "
  .. #early.decode "[1,5]" .. " number(s), wrote { 1.5 } as "
  .. early.encode { 1.5 })
END
cat >"$dir/expected" <<'END'
read [1,5] as 1 number(s), the first is 1.5
wrote { 1.5 } as [1,5]
after another instance was made: read [1,5] as 2 number(s), wrote { 1.5 } as [1.5]
END

env -u LC_ALL LOCPATH="$dir" lua5.4 "$dir/try.lua" >"$dir/seen" 2>&1
cat "$dir/seen"
if cmp -s "$dir/expected" "$dir/seen"; then
  echo "as found: valid JSON is read wrongly, without an error"
else
  echo "the behaviour has changed"
  exit 1
fi
