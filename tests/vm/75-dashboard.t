#!/bin/bash
# What the dashboard and stats say of a box is what the kernel says, with a real hog; and its limits change while it runs.
. "$(dirname "$0")/../integration/lib.sh"

export LANG=C.UTF-8
make_project hog 'command: [python3, hog.py]
mem_limit: 192m
memswap_limit: 192m
pids_limit: 100
cpus: 0.5'
cat >hog.py <<'PY'
part = bytearray(64 << 20)
for at in range(0, 64 << 20, 4096):
    part[at] = 1
open("ready", "w").close()
while True:
    pass
PY
ok 'up starts a hog' bx up
ok 'that has its memory' wait_for 60 test -e ready

cgroup=$(bx inspect | sed -n 's/.*"cgroup": *"\([^"]*\)".*/\1/p')
kernel() { awk -v key="$2" 'key == "" { print $1 } $1 == key { print $2 }' "$cgroup/$1"; }
member() { bx stats --once --json | tr ',{' '\n\n' | sed -n "s/^\"$1\": *\([0-9]*\).*/\1/p" | head -n 1; }
# is_near GOT WANT PERCENT DESC
is_near() {
	if awk -v got="$1" -v want="$2" -v part="$3" \
		'BEGIN { off = got - want; exit !(got != "" && (off < 0 ? -off : off) <= want * part / 100) }'; then
		pass "$4"
	else
		fail "$4" "got '$1', wanted '$2' by $3 %"
	fi
}
printf 'tick 4\nkeys Enter\ndump\n' >"$tmp/script"
screen() { bx tui --headless --ascii --size 160x50 --script "$tmp/script"; }
mib() { sed -n "s/.*MEM \([0-9.]*\)M\/.*/\1/p" <<<"$1" | head -n 1; }

# --- as the kernel says ---

run screen
used=$(($(kernel memory.current '') - $(kernel memory.stat inactive_file)))
is_near "$(mib "$out")" $((used >> 20)) 6 'the dashboard: memory in use'
like "$out" 'MEM [0-9.]+M/192M' 'the dashboard: of its limit'
cpu=$(sed -n 's/.* CPU \([0-9.]*\)%.*/\1/p' <<<"$out" | head -n 1)
is_near "$cpu" 50 20 'the dashboard: a busy box takes what cpus gives'
like "$out" 'throttled in [0-9.]+% of periods' 'the dashboard: and is throttled'
like "$out" 'PIDS [0-9]+/100' 'the dashboard: processes of their limit'
is_near "$(member memory_current_bytes)" "$(kernel memory.current '')" 6 'stats: memory'
is "$(member memory_limit_bytes)" "$(kernel memory.max '')" 'stats: its limit'
is_near "$(member memory_anon_bytes)" "$(kernel memory.stat anon)" 6 'stats: of that anonymous'
is_near "$(member cpu_usage_us)" "$(kernel cpu.stat usage_usec)" 10 'stats: processor time'
is "$(member cpu_millicores)" '' 'stats: one reading has no rate'
rate=$(timeout 6 "$DEVBOX" stats --json </dev/null | tr ',{' '\n\n' | sed -n 's/^"cpu_millicores": *\([0-9][0-9]*\).*/\1/p' | tail -n 1)
is_near "$rate" 500 30 'stats: with the second there is'

# --- limits that change ---

run bx update --memory 256m --pids-limit 50
is "$status" 0 'update changes limits of a box that runs'
is "$(kernel memory.max '') $(kernel pids.max '')" "$((256 << 20)) 50" 'the kernel knows'
like "$(screen)" 'MEM [0-9.]+M/256M' 'the dashboard, too'
run bx update --memory 32m
is "$status" 1 'less than it holds is refused'
like "$err" "--memory 32\.0M is less than box 'hog' uses \([0-9.]+M\)" 'with the numbers'
is "$(kernel memory.max '')" $((256 << 20)) 'and changes nothing'
run bx up
like "$err" 'live +memory.max 201326592' 'up brings the profile back'
is "$(kernel memory.max '') $(kernel pids.max '')" "$((192 << 20)) 100" 'for the kernel, too'
run bx update --cpus max
is "$(cut -d' ' -f1 "$cgroup/cpu.max")" max 'a limit is lifted'

# --- frozen ---

ok 'pause' bx pause
before=$(kernel cpu.stat usage_usec)
run screen
like "$out" 'hog paused' 'the dashboard says that it is paused'
like "$out" ' CPU 0\.0%' 'and uses nothing'
is_near "$(mib "$out")" $((($(kernel memory.current '') - $(kernel memory.stat inactive_file)) >> 20)) 6 'but its memory'
is "$(kernel cpu.stat usage_usec)" "$before" 'as the kernel says'
ok 'unpause' bx unpause
ok 'down' bx down

done_testing
