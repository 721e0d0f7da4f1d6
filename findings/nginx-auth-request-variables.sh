#!/bin/sh
# nginx's variables, and a subrequest that sets one of the same name.
#
# Version: seen with nginx 1.22.1 of Debian 12; the one used is printed.
# A good guess: `set` belongs to the request that runs it. A location that sets
# $tenant and asks auth_request sends its own $tenant to its upstream, whatever
# the location of the subrequest sets for its own upstream. And since
# auth_request_set exists to bring a variable over from the subrequest, nothing
# else does.
# Seen: a subrequest of auth_request (or SSI, mirror, add_before_body) works on
# the very variables of its request. What it sets is what the request sends
# then. A `set` of the server counts, too: it runs once more for the
# subrequest, so a value that the location gave is gone afterwards.
set -eu

for need in nginx curl; do
  command -v "$need" >/dev/null || {
    echo "needs $need (Debian: apt-get install nginx curl)" >&2
    exit 2
  }
done
nginx -v 2>&1
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
server=

# The upstream, which says what it got, is a second server of the same nginx.
cat >"$dir/nginx.conf" <<EOF
daemon off;
master_process off;
pid $dir/pid;
error_log $dir/log;
events {}
http {
  access_log off;
  client_body_temp_path $dir/t1;
  proxy_temp_path $dir/t2;
  fastcgi_temp_path $dir/t3;
  uwsgi_temp_path $dir/t4;
  scgi_temp_path $dir/t5;
  server {
    listen unix:$dir/upstream;
    location / { return 200 "tenant=\$http_x_tenant zone=\$http_x_zone"; }
  }
  server {
    listen unix:$dir/socket;
    set \$zone "server";
    location = /alone {
      set \$tenant "request";
      set \$zone "location";
      proxy_set_header X-Tenant \$tenant;
      proxy_set_header X-Zone \$zone;
      proxy_pass http://unix:$dir/upstream;
    }
    location = /asking {
      auth_request /check;
      set \$tenant "request";
      set \$zone "location";
      proxy_set_header X-Tenant \$tenant;
      proxy_set_header X-Zone \$zone;
      proxy_pass http://unix:$dir/upstream;
    }
    location = /check {
      set \$tenant "subrequest";
      proxy_set_header X-Tenant \$tenant;
      proxy_pass http://unix:$dir/upstream;
    }
  }
}
EOF
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/log" &
server=$!

ask() {
  curl --silent --unix-socket "$dir/socket" "$@"
}

failed=0

# check PATH WHAT
check() {
  seen=$(ask "http://localhost$1")
  if [ "$seen" = "$2" ]; then
    echo "as before: $1 sends $2"
  else
    echo "CHANGED: $1 sends $seen, before $2"
    failed=1
  fi
}

ask --retry 10 --retry-delay 1 --retry-all-errors http://localhost/alone \
  >"$dir/warm"
check /alone "tenant=request zone=location"
check /asking "tenant=subrequest zone=server" # a guess: as /alone

exit "$failed"
