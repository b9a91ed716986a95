#!/bin/bash
# Pipes: exec and run hand the caller's own descriptors on, so every byte and every end arrives.
. "$(dirname "$0")/lib.sh"

sum_of() { sha256sum "$@" | cut -d' ' -f1; }
make_project pipes
bx -q up
head -c $((64 * 1024 * 1024)) /dev/urandom >"$tmp/random"
want=$(sum_of "$tmp/random")

for way in 'exec --' 'run --network none --' 'exec -T --' 'run -T --'; do
	# shellcheck disable=SC2086
	is "$(bx $way cat <"$tmp/random" | sum_of)" "$want" "$way: 64 MiB through both directions"
done
is "$(bx exec -- sha256sum <"$tmp/random" | cut -d' ' -f1)" "$want" 'exec: from a file into the box'
bx exec -- cat <"$tmp/random" >"$tmp/copy"
ok 'exec: and out into a file' cmp "$tmp/random" "$tmp/copy"
is "$(bx exec -- cat <"$tmp/random" | cat | bx exec -- cat | bx run --network none -- cat | sum_of)" "$want" 'three in a row'
rm "$tmp/copy"

if [ -z "${DEVBOX_TESTS_SANITIZED:-}" ]; then
	is "$(bx exec -- head -c $((1024 * 1024 * 1024)) /dev/zero | bx exec -- cat | cmp -n $((1024 * 1024 * 1024)) - /dev/zero && echo same)" same '1 GiB through two of them'
	is "$(bx exec -- head -c $((1024 * 1024 * 1024)) /dev/zero | wc -c)" $((1024 * 1024 * 1024)) 'and not a byte more'
fi

is "$(yes | bx exec -- head -c 1000000 | wc -c)" 1000000 'a reader that has enough ends an endless writer'
is "$(yes | bx run --network none -- head -c 1000000 | wc -c)" 1000000 'run: too'
bx exec -- yes | head -c 1000000 | wc -c >"$tmp/count"
is "$(tr -d ' ' <"$tmp/count")" 1000000 'and outside the box'

# --- stdin ---

is "$(printf 'a\nb\n' | bx exec -- sh -c 'read x; cat')" b 'nothing is read ahead of the command'
is "$(printf '1\n2\n3\n' | { bx exec -- true; cat; } | paste -sd,)" 1,2,3 'what the command does not read is left for the next'
is "$(bx exec -- cat </dev/null)" '' 'an empty stdin ends at once'
is "$(bx exec -- cat </dev/null | wc -c)" 0 'to the byte'
run sh -c '"$1" exec -- sh -c "cat; echo over" <&-' sh "$DEVBOX"
is "$out" over 'a closed stdin is an end, or an error of who reads'
run sh -c '"$1" run --network none -- sh -c "cat 2>/dev/null; echo over" <&-' sh "$DEVBOX"
is "$out" over 'run: too'
run sh -c '"$1" exec -- sh -c "echo out; echo err >&2" <&- 2>&-' sh "$DEVBOX"
is "$out" out 'a closed stderr does not hurt stdout'
mkfifo fifo
"$DEVBOX" exec -- sh -c 'read a; echo "$a"; read b; echo "$b"' <fifo >answers &
pid=$!
exec 5>fifo
echo first >&5
ok 'a line is there as soon as it is written' wait_for 10 grep -q first answers
echo second >&5
exec 5>&-
end_of 10 $pid
is "$(paste -sd, answers)" first,second 'and the next'
"$DEVBOX" exec -- sleep 0.1 &
end_of 10 $!
is "$status" 0 'in the background without a terminal'

# --- stdout and stderr ---

run bx exec -- sh -c 'echo to out; echo to err >&2'
is "$out|$err" 'to out|to err' 'stdout and stderr stay apart'
run bx run --network none -- sh -c 'echo to out; echo to err >&2'
is "$out|$err" 'to out|to err' 'run: too'
is "$(bx exec -- sh -c 'for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done' 2>&1 | paste -sd,)" o1,e1,o2,e2,o3,e3,o4,e4,o5,e5 'and in order where they are one'
is "$(bx exec -- sh -c 'test -t 0 || test -t 1 || test -t 2 || echo none')" none 'there is no terminal in a pipe'
is "$(printf '\003\004\032\034\021\023\r\n' | bx exec -- cat | od -An -tx1 | tr -d ' ')" 03041a1c11130d0a 'control characters are bytes like others'
printf a >>log
bx exec -- printf b >>log
printf c >>log
is "$(cat log)" abc 'appending to a file appends'

# What stays open in the box does not hold up who waits for the command, and the other way round.
run timeout 10 "$DEVBOX" exec -- sh -c 'sleep 1000 >/dev/null 2>&1 </dev/null & echo done'
is "$status $out" '0 done' 'a background process in the box does not keep exec'
run bx exec -- pgrep -x sleep
is "$status" 0 'it runs on in the box'
run timeout 10 "$DEVBOX" run --network none -- sh -c 'sleep 1000 & echo done'
is "$status $out" '0 done' 'with run it ends with the box'
is "$(timeout 10 "$DEVBOX" run --network none -- sh -c 'sleep 1000 & echo done' | cat)" 'done' 'and its end of a pipe is closed'

# Nothing but 0, 1 and 2 is handed on.
exec 7<"$tmp/random"
is "$(bx exec -- sh -c 'ls /proc/self/fd | wc -w')" "$(bx exec -- sh -c 'ls /proc/self/fd | wc -w' 7<&-)" 'exec hands no other descriptor on'
is "$(bx exec -- sh -c 'test -e /proc/self/fd/7 || echo closed')" closed 'not this one'
is "$(bx run --network none -- sh -c 'test -e /proc/self/fd/7 || echo closed')" closed 'nor run'
exec 7<&-

done_testing
