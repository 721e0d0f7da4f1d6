#!/bin/sh
# Builds the Debian packages in a new Debian, installs and uses them in another
# one, and runs the image of the Containerfile as Kubernetes would. As root:
#
#   tools/deb_check.sh
#
#   DEBIAN_BASE   (environment) a bare Debian to copy, made by
#                 debootstrap --variant=minbase bookworm; else one is made
#
# Law of this file: nothing of this machine is used but its kernel, debootstrap
# and the sources. There is no container engine: the steps of the Containerfile
# are read from it and run in folders, so they are the ones that are tested.
# What is mounted is mounted in a namespace of this script, and so goes with
# it; whatever it started ends with it.

set -eu
[ "$(id -u)" = 0 ] || { echo "run this as root" && exit 1; } >&2
command -v debootstrap >/dev/null || [ -n "${DEBIAN_BASE-}" ] ||
  { echo "debootstrap is missing: apt-get install debootstrap" && exit 1; } >&2
# In the namespace it is the first process.
[ $$ = 1 ] || exec unshare --mount --pid --fork --mount-proc --kill-child "$0"
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL || true # those of the make that runs this
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
work=$(mktemp -d)
umask 022
chmod 755 "$work"

# Mounts first: nothing outside may be removed through them.
clean_up() {
  kill -KILL -1 2>/dev/null || true # of this namespace
  awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts |
    sort -r | while read -r place; do umount -l "$place"; done
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { echo "deb-check: $*"; }
fail() {
  echo "deb-check: FAILED: $*" >&2
  exit 1
}

# await COMMAND...: until it succeeds; two minutes at most.
await() {
  tries=600
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "waited in vain for: $*"
    sleep 0.2
  done
}

# ----------------------------------------------------------- Debian in folders

# new_debian NAME: a bare one in $work/NAME. Nothing is started in it.
new_debian() {
  cp -a "$base" "$work/$1"
  mount -t proc proc "$work/$1/proc"
  cp /etc/resolv.conf "$work/$1/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' >"$work/$1/usr/sbin/policy-rc.d"
  chmod 755 "$work/$1/usr/sbin/policy-rc.d"
}

# inside NAME COMMAND: runs a line of sh in it, with no variables of ours.
inside() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
    chroot "$work/$1" sh -ec "$2"
}

# quietly COMMAND...: its output only where it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || { cat "$work/log" && fail "$*"; } >&2
}

# ----------------------------------------------------------- the Containerfile

# The instructions of a stage, one a line; the last stage is `image`.
steps() {
  sed -e '/^#/d' -e '/^$/d' Containerfile |
    sed -e ':a' -e '/\\$/N; s/\\\n *//; ta' |
    awk -v stage="$1" '$1 == "FROM" { now = $4 == "" ? "image" : $4; next }
      now == stage'
}

# What `COPY FROM TO` copies, without what .dockerignore names.
copy() {
  mkdir -p "$work/build$folder/$(dirname "$2")"
  if [ "$1" = . ]; then
    # shellcheck disable=SC2046 # a list of words
    tar -cf - $(sed 's,^,--exclude=./,' .dockerignore) . |
      tar -xf - -C "$work/build$folder"
  else
    cp "$1" "$work/build$folder/$2"
  fi
}

# make_stage NAME: runs its steps in a Debian of that name.
make_stage() {
  new_debian "$1"
  folder=/
  steps "$1" >"$work/steps"
  while read -r word rest; do
    case $word in
    WORKDIR) folder=$rest && mkdir -p "$work/$1$folder" ;;
    COPY) copy "${rest% *}" "${rest#* }" ;;
    RUN)
      case $rest in
      --mount=type=bind,from=build,*)
        mount=${rest%% *} rest=${rest#* }
        source=${mount#*,source=} target=${mount#*,target=}
        mkdir -p "$work/$1$target"
        mount --bind "$work/build${source%%,*}" "$work/$1$target"
        ;;
      esac
      say "$1: $rest"
      quietly inside "$1" "cd $folder; $rest" </dev/null
      ;;
    esac
  done <"$work/steps"
}

# setting WORD: what the image says with it.
setting() { steps image | sed -n "s/^$1 //p"; }

# ------------------------------------------------------------------ the checks

# field NAME: what the emulator printed for it when it listened.
field() {
  sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" \
    "$work/used/tmp/emulator.json" | sed 's,\\/,/,g'
}

# Runs the emulator in the Debian `used`, with these options.
start_emulator() {
  rm -f "$work/used/tmp/emulator.json"
  inside used "exec equinix-auth emulator --port 0 $1 \
    --ready-file /tmp/emulator.json" >/dev/null &
  emulator=$!
  await test -s "$work/used/tmp/emulator.json"
}

# use WORDS: runs the command in `used` with the emulator's credentials.
use() {
  inside used "export EQUINIX_API_ENDPOINT=$(field base_url) HOME=/root \
    EQUINIX_API_CLIENTID=$(field client_id) \
    EQUINIX_API_CLIENTSECRET=$(field client_secret)
    equinix-auth $1 --ca-file $(field ca_file)"
}

# load LUA: that Lua loads the module, libcurl too.
load() {
  inside used "$1 -e 'local client = assert(require \"equinix\".new {
    token = \"t\" }) assert(client:authorization() == \"Bearer t\")'"
}

check_packages() {
  new_debian used
  mkdir "$work/used/deb"
  mount --bind "$work/build/src/build/deb" "$work/used/deb"
  say "installing the packages in a bare Debian"
  quietly inside used 'apt-get update && apt-get install -y \
    --no-install-recommends /deb/lua-equinix_*.deb /deb/equinix-auth_*.deb'
  inside used 'equinix-auth --version'
  # Where files show which Lua it is, no other is asked: bin/equinix-auth.
  if inside used 'sh -x /usr/bin/equinix-auth --version 2>&1' |
    grep -q 'wanted, modules'; then
    fail "the installed command asks several Luas"
  fi
  load lua5.4
  for file in share/man/man1/equinix-auth.1.gz \
    share/bash-completion/completions/equinix-auth \
    share/zsh/vendor-completions/_equinix-auth \
    share/fish/vendor_completions.d/equinix-auth.fish \
    share/lua/5.4/equinix/meta/core.meta.lua; do
    [ -s "$work/used/usr/$file" ] || fail "no $file"
  done
  grep -q '^ExecStart=/usr/bin/equinix-auth serve' \
    "$work/used/lib/systemd/system/equinix-auth.service" || fail "no unit"
  inside used 'bash -nO extglob \
    /usr/share/bash-completion/completions/equinix-auth'
  say "with other Luas"
  quietly inside used 'apt-get install -y --no-install-recommends lua5.3 \
    lua5.1 luajit2 nginx libnginx-mod-http-lua openssl'
  for lua in lua5.3 lua5.1 luajit; do load $lua; done
  say "with the emulator, over TLS"
  start_emulator ''
  [ -n "$(use token)" ] || fail "no token"
  use 'request GET /fabric/v4/ports' | grep -q '"data"' || fail "no ports"
  use doctor || fail "doctor"
  kill "$(field pid)"
  wait $emulator || fail "the end of the emulator"
}

check_purge() {
  say "removing them with all that is theirs"
  quietly inside used 'apt-get purge -y lua-equinix equinix-auth
    rm -rf /root/.cache /tmp/*'
  left=$(inside used 'find / -xdev -name "*equinix*" ! -path "/deb/*"
    dpkg --get-selections | grep equinix || true')
  [ -z "$left" ] || fail "this was left behind: $left"
}

# The image as a container runs it: its root is read-only, /tmp a tmpfs without
# executable files, the secret a folder as kubelet makes it; no capabilities, a
# user without a name, no variables but the image's and the pod's.
start_container() {
  mkdir -p "$work/image/run/equinix"
  root=$work/image user=$(setting USER)
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --pid --fork --kill-child sh -ec '
    root=$1 secret=$2 user=$3
    shift 3
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=0777,nosuid,nodev,noexec,size=64m tmpfs "$root/tmp"
    mount --bind -o ro "$secret" "$root/run/equinix"
    mount -o remount,bind,ro "$root"
    exec chroot "$root" setpriv --reuid="${user%:*}" --regid="${user#*:}" \
      --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
      env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
    sh "$root" "$work/secret" "$user" "$@" >"$work/container" 2>&1 &
  container=$!
}

# put_secret TEXT: as kubelet does it, by one link that is renamed.
put_secret() {
  version=$(mktemp -d "$work/secret/..XXXXXXXX")
  echo "$1" >"$version/client_secret"
  chmod 750 "$version"
  chmod 440 "$version/client_secret"
  chgrp -R "${user#*:}" "$version"
  ln -s "${version##*/}" "$work/secret/..data_tmp"
  mv -T "$work/secret/..data_tmp" "$work/secret/..data"
  [ -L "$work/secret/client_secret" ] ||
    ln -s ..data/client_secret "$work/secret/client_secret"
}

probe() { inside image "curl -s -o /dev/null -w '%{http_code}' $url/$1"; }
ready() { [ "$(probe readyz)" = 200 ]; }

check_image() {
  start_emulator --plain
  mkdir "$work/secret"
  user=$(setting USER)
  put_secret not-the-secret-of-this-app
  say "the image on a read-only root, as user $user, without a home"
  # shellcheck disable=SC2046 # words
  start_container $(setting ENV) EQUINIX_API_ENDPOINT="$(field base_url)" \
    EQUINIX_API_CLIENTID="$(field client_id)" \
    EQUINIX_API_CLIENTSECRET_FILE=/run/equinix/client_secret \
    $(setting ENTRYPOINT | tr -d '[]",') $(setting CMD | tr -d '[]",') \
    --rest-port 0 --mcp-port 0 --ready-file /tmp/ready.json
  await grep -q '"event":"ready"' "$work/container"
  url=$(sed -n 's/.*"rest_url":"\([^"]*\)".*/\1/p' "$work/container" |
    sed 's,\\/,/,g')
  # The probe of the image, at that port.
  health=$(steps image | sed -n 's/^HEALTHCHECK .*CMD \[\(.*\)\]$/\1/p' |
    tr -d '",' | sed "s,http://127.0.0.1:8080,$url,")
  inside image "$health" || fail "the health check"
  [ "$(probe readyz)" = 503 ] || fail "ready with a wrong secret"
  say "another secret in the mounted folder, and no signal"
  put_secret "$(field client_secret)"
  await ready
  inside image "curl -fsS -X POST $url/oauth2/v1/token" |
    grep -q access_token || fail "no token from the image"
  if grep -e store_failed -e "$(field client_secret)" "$work/container"; then
    fail "the log of the container"
  fi
  memory
  kill -TERM "$(pgrep -P $container)"
  wait $container || fail "its end: exit code $?"
  kill "$(field pid)"
  wait $emulator || fail "the end of the emulator"
}

# What the container takes: the sum of the proportional shares, in KiB.
memory() {
  for pid in $(pgrep -u "${user%:*}"); do
    sed -n 's/^Pss: *//p' "/proc/$pid/smaps_rollup"
  done | awk '{ sum += $1 } END { print "deb-check: memory of the image: " \
    int(sum / 1024) " MiB" }'
}

# ------------------------------------------------------------------------ main

base=${DEBIAN_BASE:-$work/base}
[ -n "${DEBIAN_BASE-}" ] || {
  say "a bare Debian, by debootstrap"
  quietly debootstrap --variant=minbase bookworm "$base"
}
make_stage build
check_packages
make_stage image
check_image
check_purge
say "all of it passed"
