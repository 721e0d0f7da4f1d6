#!/bin/sh
# libcurl's date parser (curl_getdate) and years of four digits.
#
# Version: seen with libcurl 7.88.1 of Debian 12; the one used is printed.
# A good guess: "0070" is a year of four digits, so it is the year 70 or, since
# the parser reads no year before 1583, it is refused as "1582" is.
# Seen: the zeros do not count. 0000 to 0070 are 2000 to 2070, and 0071 to 0099
# are 1971 to 1999; "01 Jan 0001", which some platforms send for "no date", is
# read as 1 January 2001. And a day that a month lacks is one of the next.
#
# The command `curl` prints, with --libcurl, the number that its library made
# of a date; nothing is sent.
set -eu

command -v curl >/dev/null || {
  echo "needs curl (Debian: apt-get install curl)" >&2
  exit 2
}
curl --version | head -n 1

failed=0

# check DATE SECONDS: the date, and what the library made of it when this was
# written (-1: refused)
check() {
  seen=$(curl --silent --output /dev/null --libcurl - --time-cond "$1" \
    file:///dev/null 2>/dev/null |
    sed -n 's/.*TIMEVALUE[A-Z_]*, (curl_off_t)\(-*[0-9]*\).*/\1/p')
  if [ "$seen" = "$2" ]; then
    echo "as before: $1 -> $seen"
  else
    echo "CHANGED: $1 -> ${seen:-nothing}, before $2"
    failed=1
  fi
}

check "06 Nov 1994 08:49:37 GMT" 784111777 # a plain date, for comparison
check "06 Nov 1582 08:49:37 GMT" -1        # refused: before 1583
check "01 Jan 0001 00:00:00 GMT" 978307200 # 2001-01-01
check "06 Nov 0070 00:00:00 GMT" 3182457600 # 2070-11-06
check "06 Nov 0071 00:00:00 GMT" 58233600  # 1971-11-06
check "30 Feb 2023 00:00:00 GMT" 1677715200 # 2023-03-02

exit "$failed"
