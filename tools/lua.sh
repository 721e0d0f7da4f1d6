#!/bin/sh
# Finds a Lua on this machine.
#
#   tools/lua.sh lua5.4|luajit|lua5.3|lua5.2|lua5.1|lua5.5 cflags|libs|command
#
# Law of this file: only this file knows how systems name their Luas. It prints
# one line, or fails silently where that Lua is missing. It asks pkg-config
# first, then looks in the usual folders. OpenResty's LuaJIT comes last, but
# first where OPENRESTY_PREFIX names it.

name=$1
want=$2
version=${name#lua} # 5.4, or jit

case $name in
luajit)
  packages='luajit'
  folders='luajit-2.1'
  commands='luajit'
  libraries='luajit-5.1'
  prefixes='luajit'
  ;;
*)
  digits=$(printf %s "$version" | tr -d .)
  # One without a version in its name (Fedora, brew) counts if that fits.
  packages="lua$version
lua-$version
lua$digits
lua >= $version lua < ${version%.*}.$((${version#*.} + 1))"
  folders="lua$version lua-$version lua$digits"
  commands="lua$version lua-$version lua$digits lua"
  libraries="lua$version lua-$version lua$digits"
  prefixes="lua@$version"
  ;;
esac

# Asks pkg-config for "$@" of the first package that it knows.
ask_pkg_config() {
  command -v pkg-config >/dev/null || return 1
  printf '%s\n' "$packages" | {
    while read -r package; do
      # System folders are kept: an empty answer would look like "no Lua".
      pkg-config --exists "$package" 2>/dev/null &&
        exec pkg-config --keep-system-cflags "$@" "$package"
    done
    exit 1
  }
}

# Folders that may contain include/ and lib/; brew has older Luas in folders of
# their own ("keg-only").
roots() {
  for root in /usr /usr/local /opt/homebrew /opt/local; do
    echo "$root"
    for prefix in $prefixes; do
      [ -d "$root/opt/$prefix" ] && echo "$root/opt/$prefix"
    done
  done
}

look_for_headers() {
  for root in $(roots); do
    for folder in $folders; do
      [ -f "$root/include/$folder/lua.h" ] || continue
      echo "-I$root/include/$folder"
      return 0
    done
  done
  return 1
}

look_for_library() {
  for root in $(roots); do
    for library in $libraries; do
      for file in "$root"/lib/lib"$library".* "$root"/lib/*/lib"$library".*; do
        [ -f "$file" ] || continue
        echo "-L${file%/*} -l$library"
        return 0
      done
    done
  done
  return 1
}

# True when the command is that Lua: `lua` may be any version.
is_it() {
  case $name in
  luajit) test='assert(jit)' ;;
  *) test="assert(not jit and _VERSION == 'Lua $version')" ;;
  esac
  "$1" -e "$test" >/dev/null 2>&1
}

look_for_command() {
  for candidate in $commands; do
    if command -v "$candidate" >/dev/null && is_it "$candidate"; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

# The same of OpenResty's LuaJIT, which no PATH and no pkg-config knows.
look_in_openresty() {
  [ "$name" = luajit ] && prefix=$("${0%/*}/openresty.sh") || return 1
  prefix=$prefix/luajit
  case $1 in
  cflags)
    [ -f "$prefix/include/luajit-2.1/lua.h" ] &&
      echo "-I$prefix/include/luajit-2.1"
    ;;
  libs)
    [ -d "$prefix/lib" ] &&
      echo "-L$prefix/lib -Wl,-rpath,$prefix/lib -lluajit-5.1"
    ;;
  command) is_it "$prefix/bin/luajit" && echo "$prefix/bin/luajit" ;;
  esac
}

look() {
  case $1 in
  cflags) ask_pkg_config --cflags-only-I || look_for_headers ;;
  libs) ask_pkg_config --libs || look_for_library ;;
  command) look_for_command ;;
  esac
}

case $want in
cflags | libs | command)
  [ -n "${OPENRESTY_PREFIX-}" ] && look_in_openresty "$want" && exit
  look "$want" || look_in_openresty "$want"
  ;;
*)
  echo "usage: tools/lua.sh NAME cflags|libs|command" >&2
  exit 2
  ;;
esac
