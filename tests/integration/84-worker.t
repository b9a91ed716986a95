#!/bin/bash
# Who reads what strangers packed has nothing of the caller's: no environment, no file, no memory.
. "$(dirname "$0")/lib.sh"

[ -p "${DEVBOX_TESTS_DOOR:-/none}/requests" ] || skip_all 'tests/rig/as-user must be started by root'

make_project worker ''
mkdir tree
truncate -s 400M tree/large
tar -cf large.tar -C tree .
secret=word-$RANDOM-$RANDOM-$RANDOM

cat >"$tmp/search" <<'END'
import re, sys
pid, secret = sys.argv[1], sys.argv[2].encode()
read = 0
for line in open(f"/proc/{pid}/maps"):
    begin, end, mode, name = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
    begin, end = int(begin, 16), int(end, 16)
    # Terabytes are the shadow of a sanitizer, a note about each byte of the rest.
    if mode[0] != "r" or name.startswith("[v") or end - begin > 1 << 36:
        continue
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(begin)
        text = memory.read(end - begin)
    read += len(text)
    if secret in text:
        sys.exit(f"in {name or 'memory'}")
print(read > 1000000)
END

SECRET=$secret "$DEVBOX" pull -q tar:large.tar >"$tmp/id" &
pid=$!
worker_of() { helper=$(pgrep -P "$pid" devbox-image) && worker=$(pgrep -P "$helper" devbox-image); }
ok 'a worker unpacks' wait_for 20 worker_of
worker_of
# It has nothing to read now, and waits.
kill -STOP "$helper"
is_inside() { [ "$(sed -n 's/^Seccomp:\s*//p' "/proc/$worker/status")" = 2 ]; }
ok 'in its sandbox' wait_for 10 is_inside
nok 'its caller cannot look into it' cat "/proc/$worker/environ"
is "$(changed --root -- cat "/proc/$worker/environ" | wc -c)" 0 'it has no environment'
is "$(changed --root -- python3 "$tmp/search" "$worker" "$secret" 2>&1)" True 'nothing of the caller is in its memory'
like "$(changed --root -- python3 "$tmp/search" "$helper" "$secret" 2>&1)" '^in ' 'as it is in that of who has the network'
fds=$(changed --root -- sh -c "for fd in /proc/$worker/fd/*; do readlink \$fd; done")
unlike "$fds" "$tmp|user:" 'it holds no folder of the host'
is "$(changed --root -- ls -A "/proc/$worker/root/")" '' 'and sees none'
is "$(sed -n 's/^NoNewPrivs:\s*//p' "/proc/$worker/status")" 1 'it gets no privileges'
kill -CONT "$helper"
end_of 60 $pid
is "$status" 0 'then it goes on'
like "$(cat "$tmp/id")" '^sha256:' 'and the image is there'

done_testing
