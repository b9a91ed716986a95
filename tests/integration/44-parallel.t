#!/bin/bash
# Several commands at once: each ends right, or with one clear sentence.
. "$(dirname "$0")/lib.sh"

field() { bx inspect --json | jq -r ".$1"; }
# in_background NAME COMMAND...: its output and status land in files
in_background() {
	local name=$1
	shift
	{
		"$@" >"$tmp/$name.out" 2>"$tmp/$name.err" </dev/null
		echo $? >"$tmp/$name.status"
	} &
}
collect() {
	out=$(cat "$tmp/$1.out")
	err=$(cat "$tmp/$1.err")
	status=$(cat "$tmp/$1.status" 2>/dev/null)
}
init_count() { pgrep -u "$(id -u)" -P "$(field supervisor_pid)" -c; }
# One sentence: nothing, or an error and its hint, or lines of progress.
is_clear() {
	[ "$status" -eq 0 ] || [ "$(grep -c '^devbox: ' <<<"$err")" -eq 1 ]
}

# --- two ups ---

make_project twice ''
for round in 1 2 3; do
	in_background a bx up
	in_background b bx up
	wait
	collect a
	first="$status"
	text=$err
	collect b
	is "$first $status" '0 0' "round $round: two ups at once both succeed"
	is "$(grep -c 'up to date' <<<"$text$err")" 1 'one of them had nothing to do'
	run bx exec -- echo works
	is "$out" works 'and there is one box'
	bx -q down
done
in_background a bx up
in_background b bx up
in_background c bx up
in_background d bx start
in_background e bx ps
wait
for name in a b c d e; do
	collect $name
	is "$status" 0 "three ups, a start and a ps: $name"
done

# --- up and down ---

for round in 1 2 3 4; do
	in_background down bx down
	in_background up bx up
	wait
	collect up
	is "$status" 0 "round $round: up during down succeeds"
	collect down
	is "$status" 0 'and down'
	state=$(bx ps --json | jq -r '.[0].state')
	like "$state" '^(up|null)$' 'the box is up or gone'
	[ "$state" = up ] && { run bx exec -- echo works; is "$out" works 'and if it is up it works'; }
	bx -q up
done
in_background up bx restart
in_background down bx down
in_background stop bx stop
in_background kill bx kill
in_background exec bx exec -- true
wait
for name in up down stop kill exec; do
	collect $name
	ok "restart, down, stop, kill and exec at once: $name is clear" is_clear
done
ok 'a down afterwards' bx down
is "$(bx ps -a --json)" '[]' 'leaves nothing'

# --- commands in one box ---

bx -q up
count=50
[ -z "${DEVBOX_TESTS_SANITIZED:-}" ] || count=20
for i in $(seq $count); do in_background "exec$i" bx exec -- sh -c "echo $i; echo e$i >&2; exit $i"; done
wait
right=0
for i in $(seq $count); do
	collect "exec$i"
	if [ "$status|$out|$err" = "$i|$i|e$i" ]; then right=$((right + 1)); else echo "# exec $i: $status|$out|$err"; fi
done
is $right $count "$count execs at once, each with its own output and status"
run bx exec -- sh -c 'ps -e -o comm= | grep -c devbox-init'
like "$out" '^[12]$' 'and none of them is left'

in_background long bx exec -- sh -c ': >ready; sleep 1000'
wait_for 10 test -e ready
in_background stop bx stop
wait
collect long
is "$status" 143 'stop under an exec: asked to end like all'
collect stop
is "$status" 0 'and stop succeeds'

# --- runs ---

for i in $(seq 10); do in_background "run$i" bx run --network none -- sh -c "echo $i; exit $i"; done
wait
right=0
for i in $(seq 10); do
	collect "run$i"
	if [ "$status|$out|$err" = "$i|$i|" ]; then right=$((right + 1)); else echo "# run $i: $status|$out|$err"; fi
done
is $right 10 'ten runs at once, each with its own output and status'
for i in 1 2 3 4; do in_background "net$i" bx run -- sh -c "echo $i; exit $i"; done
wait
right=0
for i in 1 2 3 4; do
	collect "net$i"
	[ "$status|$out" = "$i|$i" ] && right=$((right + 1))
done
is $right 4 'four with a network of their own'

# --- two folders of one name ---

mkdir -p "$tmp/one/shop" "$tmp/two/shop"
echo 'environment: {WHO: one}' >"$tmp/one/shop/devbox.yaml"
echo 'environment: {WHO: two}' >"$tmp/two/shop/devbox.yaml"
projects+=("$tmp/one/shop" "$tmp/two/shop")
in_background one bx -C "$tmp/one/shop" up
in_background two bx -C "$tmp/two/shop" up
wait
collect one
first="$status"
collect two
is "$first $status" '0 0' 'two folders of the same name come up at once'
# shellcheck disable=SC2016
is "$(bx -C "$tmp/one/shop" exec -- sh -c 'echo $WHO')" one 'each has its own box'
# shellcheck disable=SC2016
is "$(bx -C "$tmp/two/shop" exec -- sh -c 'echo $WHO')" two 'and not the other'
is "$(bx ps --json | jq '[.[] | select(.name | startswith("shop"))] | length')" 2 'ps shows two'
names=$(bx ps --json | jq -r '.[] | select(.name | startswith("shop")).name' | sort | paste -sd,)
like "$names" '^shop,shop-[a-z0-9]+$' 'one of them with a suffix'
suffixed=${names#*,}
ok 'which is a name like any other' bx -p "$suffixed" exec -- true
ok 'down of one' bx -C "$tmp/one/shop" down --volumes
ok 'leaves the other' bx -C "$tmp/two/shop" exec -- true
is "$(bx ps --json | jq '[.[] | select(.name | startswith("shop"))] | length')" 1 'ps shows one'
ok 'down of the other' bx -C "$tmp/two/shop" down

done_testing
