#!/bin/bash
# child.sh - the after-clone lint. Between clone and exec a process of ours may only make system
# calls: another thread may have held the lock of malloc or of stdio. So the objects that run
# there may leave undefined only what child.allow lists and what they define among themselves.
set -euo pipefail
cd "$(dirname "$0")/../.."
make=${MAKE:-make}

sources=$(ls src/box/child*.c src/net/lo.c src/sec/confine.c src/util/path.c 2>/dev/null || true)
[ -n "$sources" ] || { echo 'child.sh: nothing runs after clone yet'; exit 0; }
objects=$(printf '%s\n' $sources | sed 's,^src/\(.*\)\.c$,build/obj/\1.o,')
"$make" -s --no-print-directory $objects

allowed=$(sed 's/#.*//' tests/lint/child.allow | tr -s ' \t' '\n' | sort -u)
own=$(nm --defined-only -g $objects | awk 'NF == 3 { print $3 }' | sort -u)
status=0
for object in $objects; do
	bad=$(nm -u "$object" | awk '{ print $NF }' | sed 's/@.*//' | sort -u |
		comm -23 - <(printf '%s\n%s\n' "$allowed" "$own" | sort -u))
	for symbol in $bad; do
		echo "$object: '$symbol' may not be called after clone (tests/lint/child.allow)"
		status=1
	done
done
exit $status
