#!/bin/sh
# Finds what a checkout needs and this machine lacks, and installs it.
#
#   tools/deps.sh demo     to build and to run the demo
#   tools/deps.sh use      the same, and what serve and an installation need
#   tools/deps.sh test     the same, and everything that `make test` runs
#   tools/deps.sh hint     only prints what to install for `use`, with apt,
#                          dnf or brew
#
# Law of this file: it looks for programs, headers and modules, not for
# packages, so what was built by hand counts too; where nothing is missing it
# changes nothing and asks for no password. It installs with apt only, removes
# nothing, and a server that is installed with the rest is started neither now
# nor at the next boot: the checkout starts its own.

set -u
cd "$(dirname "$0")/.." || exit 1
# On Debian, nginx is in a folder that is not on the PATH of ordinary users.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
# OpenResty has a LuaJIT, lua-cjson and nginx of its own, on no PATH.
if openresty=$(tools/openresty.sh); then
  PATH=$PATH:$openresty/bin:$openresty/nginx/sbin
fi
set=${1:-demo}

# ---------------------------------------------------------------- what is here

has_command() { command -v "$1" >/dev/null 2>&1; }

has_header() {
  # shellcheck disable=SC2086  # flags are words
  printf '#include <%s>\n' "$1" |
    ${CC:-cc} ${CPPFLAGS:-} -E -x c -o /dev/null - 2>/dev/null
}

has_libfuzzer() {
  echo 'int LLVMFuzzerTestOneInput(const char *d, long n) {
    (void)d; return n > 8; }' |
    clang -fsanitize=fuzzer -x c - -o /dev/null 2>/dev/null
}

has_lua() { tools/lua.sh "$1" command >/dev/null; }

has_lua_headers() { tools/lua.sh "$1" cflags >/dev/null; }

# has_rock LUA MODULE: can that Lua load it? OpenResty's LuaJIT, where the
# command looks for it.
has_rock() {
  lua=$(tools/lua.sh "$1" command) || return 1
  case $lua in
  "${openresty:-none}"/*)
    LUA_PATH=";;/usr/share/lua/5.1/?.lua" \
      LUA_CPATH=";;$openresty/lualib/?.so" "$lua" -e "require '$2'"
    ;;
  *) "$lua" -e "require '$2'" ;;
  esac >/dev/null 2>&1
}

# The list of authorities that servers' certificates are verified with, where
# the libcurl that is built with looks for it. Before there is one: where
# systems keep it.
has_authorities() {
  bundle=$(curl-config --ca 2>/dev/null | tr -d \'\")
  for file in ${bundle:-/etc/ssl/certs/ca-certificates.crt \
    /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem}; do
    [ -s "$file" ] && return
  done
  return 1
}

# The Lua to build for and to run on: OpenResty's will do where Lua 5.4 is not.
main_lua=lua5.4
if [ -n "$openresty" ] && ! has_lua lua5.4 && has_lua luajit; then
  main_lua=luajit
fi

# nginx with its Lua module: from Debian's packages, or OpenResty.
has_nginx_lua() {
  has_command openresty && return 0
  has_command nginx || return 1
  for folder in /usr/lib/nginx/modules /usr/lib64/nginx/modules \
    /usr/share/nginx/modules /usr/local/lib/nginx/modules; do
    [ -f "$folder/ngx_http_lua_module.so" ] && return 0
  done
  nginx -V 2>&1 | grep -q 'lua-nginx-module\|ngx_lua'
}

has_browser() {
  has_command chromium || has_command chromium-browser ||
    has_command google-chrome || [ "${browser:-}" = elsewhere ]
}

# Debian has its server on no PATH.
has_postgres() {
  has_command psql && { has_command postgres ||
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; }
}

# ------------------------------------------------------------- what is missing

# need WORDS APT DNF BREW ROCKS TEST...: notes the packages when TEST fails.
# A dash means that there is no such package.
need() {
  words=$1 for_apt=$2 for_dnf=$3 for_brew=$4 for_rocks=$5
  shift 5
  # A hint lists everything.
  [ "$set" != hint ] && "$@" && return
  missing="$missing${missing:+, }$words"
  [ "$for_apt" = - ] || apt="$apt $for_apt"
  [ "$for_dnf" = - ] || dnf="$dnf $for_dnf"
  [ "$for_brew" = - ] || brew="$brew $for_brew"
  [ "$for_rocks" = - ] || rocks="$rocks $for_rocks"
}

look_for_demo() {
  need 'a C compiler' 'gcc libc6-dev' gcc - - has_header stdio.h
  need 'Lua 5.4' lua5.4 lua lua@5.4 - has_lua $main_lua
  need "Lua 5.4's headers" liblua5.4-dev lua-devel lua@5.4 - \
    has_lua_headers $main_lua
  # Either flavour of libcurl will do; an installed one is found, and so kept.
  need "libcurl's headers" libcurl4-openssl-dev libcurl-devel curl - \
    has_header curl/curl.h
  need "OpenSSL's headers" libssl-dev openssl-devel openssl@3 - \
    has_header openssl/evp.h
  need "zlib's headers" zlib1g-dev zlib-devel - - has_header zlib.h
  # Without it no server can be verified, and Debian installs it only where
  # recommended packages are installed.
  need 'the list of authorities' ca-certificates ca-certificates \
    ca-certificates - has_authorities
  need lua-cjson lua-cjson lua-cjson - lua-cjson has_rock $main_lua cjson
  need argparse lua-argparse lua-argparse - argparse \
    has_rock $main_lua argparse
  need 'nginx with Lua' 'nginx libnginx-mod-http-lua' openresty \
    openresty/brew/openresty - has_nginx_lua
  need openssl openssl openssl openssl@3 - has_command openssl
}

# nginx runs LuaJIT, so serve needs the module built for that.
look_for_use() {
  need "LuaJIT's headers" libluajit2-5.1-dev luajit-devel luajit - \
    has_lua_headers luajit
  need luarocks luarocks luarocks luarocks - has_command luarocks
  # The examples call the service with it.
  need curl curl curl curl - has_command curl
}

look_for_tests() {
  need LuaJIT luajit2 luajit luajit - has_lua luajit
  need 'Lua 5.1' lua5.1 compat-lua - - has_lua lua5.1
  need "Lua 5.1's headers" liblua5.1-0-dev compat-lua-devel - - \
    has_lua_headers lua5.1
  need 'Lua 5.2' lua5.2 - - - has_lua lua5.2
  need "Lua 5.2's headers" liblua5.2-dev - - - has_lua_headers lua5.2
  need 'Lua 5.3' lua5.3 - - - has_lua lua5.3
  need "Lua 5.3's headers" liblua5.3-dev - - - has_lua_headers lua5.3
  need "LuaJIT's cjson" lua-cjson - - lua-cjson has_rock luajit cjson
  # For capability files in YAML.
  need lyaml lua-yaml - - lyaml has_rock $main_lua yaml
  need busted lua-busted - - busted has_rock lua5.4 busted.runner
  need luasocket lua-socket lua-socket - luasocket has_rock lua5.4 socket
  need luasec lua-sec lua-sec - luasec has_rock lua5.4 ssl
  need luacheck lua-check - luacheck - has_command luacheck
  need pkg-config pkg-config pkgconf pkgconf - has_command pkg-config
  # Programs with loops of their own.
  need luv lua-luv lua-luv - luv has_rock lua5.4 luv
  need cqueues lua-cqueues - - cqueues has_rock lua5.4 cqueues
  need neovim neovim neovim neovim - has_command nvim
  need wrk wrk wrk wrk - has_command wrk
  need redis redis-server redis redis - has_command redis-server
  # The store that is an example.
  need PostgreSQL postgresql postgresql-server postgresql - has_postgres
  need LuaSQL lua-sql-postgres - - luasql-postgres \
    has_rock lua5.4 luasql.postgres
  # Shells for the completions, and a way to change the clock of a program.
  need zsh zsh zsh zsh - has_command zsh
  need fish fish fish fish - has_command fish
  need faketime faketime libfaketime libfaketime - has_command faketime
  need shellcheck shellcheck ShellCheck shellcheck - has_command shellcheck
  need man man-db man-db man-db - has_command man
  need ps procps procps-ng - - has_command ps
  need haproxy haproxy haproxy haproxy - has_command haproxy
  # It reads the service's metrics, and the alerts among the examples.
  need Prometheus prometheus golang-github-prometheus prometheus - \
    has_command promtool
  # For pages; npm fetches what drives it.
  need Chromium chromium chromium chromium - has_browser
  need valgrind 'valgrind libc6-dbg' valgrind - - has_command valgrind
  need clang clang clang llvm - has_command clang
  need libFuzzer libclang-rt-dev compiler-rt llvm - has_libfuzzer
  need clang-tidy clang-tidy clang-tools-extra llvm - has_command clang-tidy
  need clang-format clang-format clang-tools-extra clang-format - \
    has_command clang-format
  need cppcheck cppcheck cppcheck cppcheck - has_command cppcheck
  # Only Linux has it.
  [ "$(uname -s)" != Linux ] ||
    {
      need strace strace strace - - has_command strace
      # What localedef makes locales of.
      need locales locales glibc-locale-source - - \
        test -f /usr/share/i18n/locales/tr_TR
    }
}

look() {
  missing='' apt='' dnf='' brew='' rocks=''
  look_for_demo
  [ "$set" = demo ] || look_for_use
  [ "$set" != test ] || look_for_tests
}

# ------------------------------------------------------------------ how to get

# once WORDS...: the words without repetitions, in their order.
once() { printf '%s\n' "$@" | awk '!seen[$0]++ { printf " %s", $0 }'; }

# shellcheck disable=SC2086  # lists of names
say_how() {
  echo "Install what is missing, with one of:"
  [ -z "$apt" ] || echo "  sudo apt-get install$(once $apt)"
  [ -z "$dnf" ] || echo "  sudo dnf install$(once $dnf)"
  [ -z "$brew" ] || echo "  brew install$(once $brew)"
  [ -z "$rocks" ] ||
    echo "with dnf or brew, of LuaRocks (for Lua 5.4):$(once $rocks)"
  case $brew in
  *lua@*) echo "with brew, put \$(brew --prefix lua@5.4)/bin on the PATH." ;;
  esac
  case $dnf in
  *openresty*) echo "with dnf, openresty is in the repository of OpenResty." ;;
  esac
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# sudo may ask for a password only on a terminal.
can_be_root() {
  [ "$(id -u)" = 0 ] && return
  has_command sudo && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }
}

# luajit2 and luajit exclude each other: the installed one is kept. Where there
# is none luajit2 is installed, if this system has it.
choose_luajit() {
  if dpkg -s libluajit-5.1-2 >/dev/null 2>&1 ||
    ! apt-cache show luajit2 >/dev/null 2>&1; then
    apt=$(echo "$apt" | sed 's/luajit2/luajit/g')
  fi
}

# A system whose browser comes another way installs the rest.
without_browser() {
  apt-cache show chromium >/dev/null 2>&1 && return
  apt=$(echo "$apt" | sed 's/ chromium//') browser=elsewhere
}

# Servers among the packages that are not installed yet.
find_new_servers() {
  new_servers=
  for server in nginx redis-server haproxy postgresql prometheus; do
    case " $apt " in
    *" $server "*)
      dpkg -s $server >/dev/null 2>&1 || new_servers="$new_servers $server"
      ;;
    esac
  done
}

# Debian starts a server when its package is installed. The scripts of packages
# do that with two commands on the PATH that apt sets: a folder at its front
# gets stand-ins that refuse to start the new servers and pass everything else
# on. So nothing has to be undone, whenever this script is killed.
write_stand_ins() {
  for command in invoke-rc.d deb-systemd-invoke; do
    real=$(command -v $command) || continue
    {
      printf '#!/bin/sh\nservers="%s" real=%s\n' "$new_servers" "$real"
      cat <<'END'
for server in $servers; do
  case " $* " in
  *start*" $server"[\ .]* | *" $server"[\ .]*start*) exit 0 ;;
  esac
done
exec "$real" "$@"
END
    } >"$1/$command"
    chmod 755 "$1/$command" && "$1/$command" --help >/dev/null 2>&1
    # 126: in a folder mounted "noexec" the real command would be found.
    [ $? != 126 ] || return 1
  done
}

# --no-remove: fail rather than remove another curl or LuaJIT.
install_with_apt() {
  work=$(mktemp -d) || return 1
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  find_new_servers
  write_stand_ins "$work" || {
    echo "no program can be run from $work (noexec?): set TMPDIR" >&2
    return 1
  }
  # A source that can't be reached does not matter if install succeeds.
  as_root apt-get -q update >"$work/log" 2>&1
  choose_luajit
  without_browser
  # shellcheck disable=SC2086  # $apt is a list of names
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
    --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 \
    -o DPkg::Path="$work:/usr/sbin:/usr/bin:/sbin:/bin" $apt \
    >>"$work/log" 2>&1 || {
    cat "$work/log" >&2
    return 1
  }
  for server in $new_servers; do
    as_root update-rc.d "$server" disable >/dev/null 2>&1
    echo "$server: installed, but neither started nor enabled at boot"
  done
}

# ------------------------------------------------------------------------ main

case $set in
demo | use | test | hint) ;;
*)
  echo "usage: tools/deps.sh demo|use|test|hint" >&2
  exit 2
  ;;
esac

look
[ -n "$missing" ] || exit 0
if [ "$set" = hint ]; then
  say_how
  exit 0
fi

echo "missing: $missing"
if ! has_command apt-get || [ -z "$apt" ] || ! can_be_root; then
  say_how >&2
  exit 1
fi
echo "installing:$apt"
install_with_apt || {
  echo "apt could not install these." >&2
  exit 1
}
look
[ -z "$missing" ] || {
  echo "still missing after the installation: $missing" >&2
  say_how >&2
  exit 1
}
