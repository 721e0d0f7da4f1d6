#!/bin/sh
# Builds a Lua from its sources and installs the rocks that the specs need,
# for systems without packages of them:
#
#   .github/lua.sh 5.1|5.2|5.3|5.4|5.5
#
# Law of this file: everything goes to /usr/local, under names with the version
# (lua5.5, include/lua5.5, liblua5.5.a), where tools/lua.sh looks for them. The
# sources must have the checksum below. LuaJIT uses the rocks of 5.1. LuaRocks
# has to be installed before (for 5.5: 3.13 or newer).
set -eu

case $1 in
5.1)
  release=5.1.5
  sum=2640fc56a795f29d28ef15e13c34a47e223960b0240e8cb0a82d9b0738695333
  ;;
5.2)
  release=5.2.4
  sum=b9e2e4aad6789b3b63a056d442f7b39f0ecfca3ae0f1fc0ae4e9614401b69f4b
  ;;
5.3)
  release=5.3.6
  sum=fc5fd69bb8736323f026672b1b7235da613d7177e72558893a0bdcd320466d60
  ;;
5.4)
  release=5.4.8
  sum=4f18ddae154e793e46eeab727c59ef1c0c0c2b744e7b94219710d76f530629ae
  ;;
5.5)
  release=5.5.0
  sum=57ccc32bbbd005cab75bcc52444052535af691789dba2b9016d5c50640d68b3d
  ;;
*)
  echo "usage: .github/lua.sh 5.1|5.2|5.3|5.4|5.5" >&2
  exit 2
  ;;
esac
name=lua$1
case $(uname -s) in
Darwin) platform=macosx ;;
*) platform=linux ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
curl -fsSL --retry 3 -o lua.tar.gz "https://www.lua.org/ftp/lua-$release.tar.gz"
echo "$sum  lua.tar.gz" | shasum -a 256 -c -
tar xzf lua.tar.gz
make -C "lua-$release" "$platform"
sudo make -C "lua-$release" install INSTALL_INC="/usr/local/include/$name"
sudo mv /usr/local/bin/lua "/usr/local/bin/$name"
sudo mv /usr/local/bin/luac "/usr/local/bin/luac$1"
sudo mv /usr/local/lib/liblua.a "/usr/local/lib/lib$name.a"

# brew's OpenSSL is not where LuaRocks looks for it.
openssl=$(brew --prefix openssl@3 2>/dev/null || true)
luarocks=$(command -v luarocks)
for rock in lua-cjson argparse busted luasocket lyaml \
  "luasec ${openssl:+OPENSSL_DIR=$openssl}"; do
  # shellcheck disable=SC2086  # a rock and its settings
  sudo "$luarocks" --lua-version="$1" --lua-dir=/usr/local --tree=/usr/local \
    install $rock
done
