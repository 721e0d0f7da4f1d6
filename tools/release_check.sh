#!/bin/sh
# Is this commit ready to be tagged? Says what is missing, or makes what is
# published in build/release: the archive of the tag, and a rock of it.
#
# Law of this file: it looks at what git has, not at the folder, since the
# archive is made from that; it changes nothing but build/release, and sets no
# tag. spec/release_spec.lua says where the version has to be the same.

set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL || true # those of the make that runs this
version=$(sed -n 's/^M.VERSION = "\(.*\)"$/\1/p' lua/equinix/base/version.lua)
name=lua-equinix-$version
out=$PWD/build/release

fail() {
  echo "release-check: $1" >&2
  exit 1
}

[ -z "$(git status --porcelain)" ] ||
  fail "commit or remove these first: $(git status --porcelain | head -n 5)"
[ -z "$(git ls-files -ci --exclude-standard)" ] ||
  fail "git has files that .gitignore names: they are generated"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null ||
  fail "the tag v$version is there already: choose the next version"
unreleased=$(sed -n '/^## Unreleased/,/^## [0-9]/{/^##[^#]/d;/./p;}' \
  CHANGELOG.md)
[ -z "$unreleased" ] || fail "CHANGELOG.md: move what stands under \
\"Unreleased\" below the heading of $version: $unreleased"

lua=$(tools/lua.sh lua5.4 command) || fail "Lua 5.4 is missing"
for program in luarocks luacheck zip; do
  command -v $program >/dev/null || fail "$program is missing"
done
echo "release-check: $version in every place"
"$lua" tools/busted.lua spec/release_spec.lua
echo "release-check: luacheck and the rockspecs"
luacheck -q .
for rockspec in *.rockspec; do luarocks lint "$rockspec"; done

echo "release-check: the archive"
rm -rf "$out"
mkdir -p "$out"
git archive --format=tar.gz --prefix="$name/" -o "$out/$name.tar.gz" HEAD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
tar -xzf "$out/$name.tar.gz" -C "$work"
cp "$name-1.rockspec" "$out"
(cd "$out" && zip -q "$name-1.src.rock" "$name-1.rockspec" "$name.tar.gz")
cd "$work/$name"
make -s -j"$(getconf _NPROCESSORS_ONLN)" SAY=@true
bin/equinix-auth --version | head -n 1 | tee "$work/said"
grep -qx "equinix-auth $version" "$work/said" || fail "not version $version"
echo "release-check: the rock, for Lua 5.4 and 5.1"
ROCK=$out/$name-1.src.rock tools/rock.sh 5.4 5.1

cat <<END
release-check: ready. After \`make test\` and \`make deb-check\`:
  git tag -a v$version -m 'lua-equinix $version' && git push origin v$version
What is published is in build/release.
END
