#!/bin/sh
# Lua 5.4 under a locale whose decimal point has several bytes.
#
# What a good engineer would guess: a chunk of Lua means the same in every
# locale; the manual gives numbers a point.
#
# What happens: after os.setlocale "ps_AF.UTF-8" (its decimal point is U+066B)
# no chunk with a fraction in it can be loaded: "malformed number near '0.5'".
# Lua replaces the point by the first byte of the locale's own and tries again.
# So a module that is required after the locale was set fails, and the same
# module required before works. Under a decimal comma both work. LuaJIT reads
# numbers itself and is not affected.
#
# Needs Debian's lua5.4, luajit and locales. Exits with 1 if the behaviour has
# changed, with 2 if it can't be seen here.
set -u

lua5.4 -v || exit 2
luajit -v || exit 2

dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
localedef --no-archive -i ps_AF -f UTF-8 "$dir/ps_AF.UTF-8" 2>/dev/null
localedef --no-archive -i de_DE -f UTF-8 "$dir/de_DE.UTF-8" || exit 2
[ -f "$dir/ps_AF.UTF-8/LC_NUMERIC" ] || exit 2

cat >"$dir/try.lua" <<'END'
assert(os.setlocale(arg[1]))
local chunk, message = (loadstring or load)("return 0.5 == 1 / 2", "=chunk")
print(arg[1], chunk and chunk() or message)
END
cat >"$dir/expected" <<'END'
de_DE.UTF-8	true
ps_AF.UTF-8	chunk:1: malformed number near '0.5'
de_DE.UTF-8	true
ps_AF.UTF-8	true
END

for lua in lua5.4 luajit; do
  for locale in de_DE.UTF-8 ps_AF.UTF-8; do
    env -u LC_ALL LOCPATH="$dir" "$lua" "$dir/try.lua" "$locale"
  done
done >"$dir/seen" 2>&1
cat "$dir/seen"
if cmp -s "$dir/expected" "$dir/seen"; then
  echo "as found: a fraction in a chunk can't be read in that locale"
else
  echo "the behaviour has changed"
  exit 1
fi
