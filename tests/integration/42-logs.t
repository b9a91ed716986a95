#!/bin/bash
# logs: what the command of a box wrote, line by line, however it wrote it.
. "$(dirname "$0")/lib.sh"

is_exited() { [ "$(bx inspect --json | jq -r .state)" = exited ]; }
run_box() {
	bx -q up || exit 1
	wait_for 60 is_exited
}

# --- streams and times ---

make_project streams 'command: [sh, -c, "echo to out; echo to err >&2; sleep 0.02; echo last"]'
run bx logs
is "$status" 1 'logs of a box that never was'
like "$err" "^devbox: [^"$'\n'"]*'streams'[^"$'\n'"]*"$'\n'"  hint: devbox up" 'is an error with a hint'
before=$(date +%s%3N)
ok 'the box runs' run_box
after=$(date +%s%3N)
is "$(bx logs | sort)" $'last\nto err\nto out' 'logs shows both streams'
is "$(bx logs | tail -n 1)" last 'in the order of time'
is "$(bx logs 2>/dev/null | wc -l)" 3 'all of it on stdout'
is "$(bx logs --json | jq -r 'select(.stream == "stderr").text')" 'to err' '--json tells the streams apart'
is "$(bx logs --json | jq -r 'select(.stream == "stdout").text' | paste -sd,)" 'to out,last' 'and has each'
is "$(bx logs --json | jq -s --argjson a "$before" --argjson b "$after" 'all(.time_ms >= $a and .time_ms <= $b and .box == "streams")')" true 'with its time'
ok 'python reads it' sh -c '"$1" logs --json | while read -r line; do printf "%s" "$line" | python3 -m json.tool || exit 1; done' sh "$DEVBOX"
stamp='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z'
is "$(bx logs -t | grep -cE "^$stamp (to out|to err|last)\$")" 3 '-t begins lines with their time'
time=$(bx logs -t | tail -n 1 | cut -d' ' -f1)
is "$(date -d "$time" +%s%3N)" "$(bx logs --json | jq -s '.[-1].time_ms')" 'which is UTC'
is "$(bx logs --tail 1)" last '--tail takes the last lines'
is "$(bx logs -n 0)" '' '-n 0 none'
is "$(bx logs -n 99 | wc -l)" 3 'more than there are: all'
is "$(bx logs --since 1h | wc -l)" 3 '--since an hour: all'
is "$(bx logs streams | tail -n 1)" last 'by the name of the box'
is "$(bx logs dev | tail -n 1)" last 'or its short name'
old_enough() { [ -z "$(bx logs --since 100ms)" ]; }
ok '--since leaves out what is older' wait_for 10 old_enough
for value in x -1 ''; do
	run bx logs --tail "$value"
	is "$status" 2 "--tail '$value' is wrong usage"
done
run bx logs --since yesterday
is "$status" 2 '--since yesterday, too'
run bx logs no-such-box
is "$status" 1 'a box that is not there'
ok 'a closed pipe ends it' sh -c '"$1" logs | head -n 1 >/dev/null' sh "$DEVBOX"

# --- follow ---

make_project follow 'command: [sh, -c, "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two; while [ ! -e end ]; do sleep 0.02; done; echo three"]'
ok 'up' bx up
"$DEVBOX" logs -f >"$tmp/followed" &
pid=$!
ok '-f shows what is there' wait_for 10 grep -q one "$tmp/followed"
touch go
ok 'and what comes' wait_for 10 grep -q two "$tmp/followed"
ok 'and goes on' kill -0 $pid
touch end
end_of 10 $pid
is "$status" 0 '-f ends with the box'
is "$(paste -sd, "$tmp/followed")" one,two,three 'with its last line'
rm go end
bx -q up
# The log goes on from the last time: until the box has written, the last line is an old one.
last_is_one() { [ "$(bx logs -n 1)" = one ]; }
ok 'the box writes' wait_for 10 last_is_one
"$DEVBOX" logs -f -n 1 >"$tmp/last" &
pid=$!
ok '-f -n 1 begins with the last line' wait_for 10 grep -q one "$tmp/last"
kill -TERM $pid
end_of 10 $pid
isnt_over() { [ "$status" -ne 124 ]; }
ok 'a signal ends it' isnt_over
is "$(paste -sd, "$tmp/last")" one 'which is one line'
ok 'the box runs on' bx exec -- true
mkfifo "$tmp/pipe"
"$DEVBOX" logs -f -n 0 >"$tmp/pipe" &
pid=$!
exec {pipe}<"$tmp/pipe"
# It follows what comes once it watches the folder.
follows() { readlink "/proc/$pid/fd/"* | grep -q inotify; }
ok '-f -n 0 begins with what comes' wait_for 10 follows
touch go
read -r -t 10 line <&"$pipe"
is "$line" two 'the first line of that'
exec {pipe}<&-
touch end
end_of 15 $pid
ok 'it ends when the pipe is closed' isnt_over
bx -q down

# --- long lines, unfinished ones, binary ---

make_project odd 'command: [sh, -c, "head -c 100000 /dev/zero | tr \"\\\\0\" x; echo; printf \"\\\\n\\\\n\"; printf \"a\\\\0b\\\\001\\\\377c\\\\n\"; printf unfinished"]'
ok 'the box runs' run_box
bx logs >"$tmp/odd"
is "$(head -n 1 "$tmp/odd" | wc -c)" 100001 'a long line is one line'
is "$(sed -n 2,3p "$tmp/odd")" '' 'empty lines are kept'
is "$(wc -l <"$tmp/odd")" 5 'each of them'
is "$(sed -n 4p "$tmp/odd" | od -An -c | tr -s ' ')" ' a b 001 377 c \n' 'bytes are kept, but for NUL'
is "$(tail -n 1 "$tmp/odd")" unfinished 'a line that was not finished is there'
bx logs --json >"$tmp/odd.json"
ok 'the JSON is JSON' python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"): json.loads(line)' "$tmp/odd.json"
is "$(jq -s '.[0].text | length' "$tmp/odd.json")" 100000 'with the long line'

# --- what a program writes does not rule the terminal ---

make_project control 'command: [printf, "\\033[31mred\\033]0;title\\007\\033[2J\\rover\\302\\233x\\tend\\n"]'
ok 'the box runs' run_box
raw=$(bx logs)
like "$raw" $'\033\\[31m' 'into a pipe it is as it was'
shown=$(script -qec "'$DEVBOX' logs" /dev/null </dev/null | tr -d '\r')
like "$shown" 'red.*over.*end' 'on a terminal the words are there'
unlike "$shown" $'[\001-\010\013-\037\177]' 'without a control character'
unlike "$shown" $'\302\233' 'nor one of the other kind'

# --- a terminal of its own ---

make_project tty 'tty: true
command: [sh, -c, "tty; test -t 1 && echo yes; stty size"]'
ok 'the box runs' run_box
is "$(bx logs | tr -d '\r' | paste -sd,)" '/dev/pts/0,yes,24 80' 'tty: true gives the command a terminal'

# --- rotation ---

# 33 MiB in lines of 1024 bytes, numbered.
make_project much 'command: [awk, "BEGIN { for (i = 1; i <= 33792; i++) printf \"%08d %01014d\\n\", i, 0 }"]'
ok 'a box that writes 33 MiB' run_box
files=("$XDG_STATE_HOME"/devbox/much/dev.log*)
is "${#files[@]}" 4 'its log is rotated'
largest=$(stat -c %s "${files[@]}" | sort -n | tail -n 1)
ok 'no file is much larger than 10 MiB' test "$largest" -le $((11 * 1024 * 1024))
bx logs | cut -d' ' -f1 | sed 's/^0*//' >"$tmp/numbers"
ok 'and not a line is lost, nor out of order' cmp "$tmp/numbers" <(seq 33792)
is "$(bx logs -n 2 | cut -d' ' -f1 | paste -sd,)" 00033791,00033792 '--tail looks at the end'
is "$(bx logs -n 20000 | head -n 1 | cut -d' ' -f1)" 00013793 'over several files'
bx -q up
wait_for 60 is_exited
bx -q up
wait_for 60 is_exited
files=("$XDG_STATE_HOME"/devbox/much/dev.log*)
is "${#files[@]}" 6 'no more than five old ones are kept'
is "$(bx logs -n 1 | cut -d' ' -f1)" 00033792 'the end is the newest'
bx -q down
is "$(ls "$XDG_STATE_HOME/devbox" | grep much)" '' 'down takes the logs along'

done_testing
