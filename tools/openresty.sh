#!/bin/sh
# Finds the folder in which OpenResty is installed: nginx/, luajit/, lualib/.
#
#   tools/openresty.sh           prints it, or fails silently
#
# Law of this file: OPENRESTY_PREFIX says where it is; without that it is found
# by the `openresty` on the PATH, then in its usual folder. bin/equinix-auth
# looks in the same places.

prefix=${OPENRESTY_PREFIX-}
if [ -z "$prefix" ]; then
  binary=$(command -v openresty) && binary=$(readlink -f "$binary")
  case $binary in
  */nginx/sbin/*) prefix=${binary%/nginx/sbin/*} ;;
  *) prefix=/usr/local/openresty ;;
  esac
fi
[ -d "$prefix/luajit" ] && echo "$prefix"
