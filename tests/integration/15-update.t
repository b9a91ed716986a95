#!/bin/bash
# update changes limits of a box that runs, until the next up; what cannot be is refused by name.
. "$(dirname "$0")/lib.sh"

make_project shop 'command: [sleep, infinity]'
run bx update --memory 64m
is "$status" 1 'a box that is down has no limits to change'
like "$err" "box 'shop' is not running"$'\n''  hint: .*devbox up' 'and it says so'
ok 'up' bx up

run bx update
is "$status" 2 'without a limit there is nothing to change'
like "$err" 'update needs a limit to change'$'\n''  hint: .*--memory' 'and it says what is missing'
for wrong in --memory=512 --memory=lots --cpus=0 --pids-limit=0 --cpu-shares=max --blkio-weight=1001 --memory-swap=-2; do
	run bx update "$wrong"
	is "$status" 2 "$wrong is refused"
	like "$err" "option '${wrong%=*}': '${wrong#*=}' is not a (size|number)" "$wrong: and says what would be right"
done
run bx update --memory 64m none-such
is "$status" 1 'a box that is not there'

cgroup=$(bx inspect | sed -n 's/.*"cgroup": *"\([^"]*\)".*/\1/p')
value() { cat "$cgroup/$1" 2>/dev/null; }
names() { bx events --json | sed 's/.*"event":"\([^"]*\)".*/\1/' | tr '\n' ' '; }
if [ -e "$cgroup/pids.max" ]; then
	run bx update --pids-limit 77
	is "$status" 0 'a limit is changed'
	like "$err" 'shop +live +pids_limit 77'$'\n'".*until the next 'devbox up'" 'and it says what it is, and how long'
	is "$(value pids.max)" 77 'the kernel knows'
	like "$(names)" 'updated $' 'it is an event'
	run bx up
	like "$err" 'live +pids.max lifted' 'up brings the profile back'
	is "$(value pids.max)" max 'for the kernel, too'
else
	run bx update --pids-limit 77
	is "$status" 1 'a limit of a controller that is not there'
	like "$err" "--pids-limit cannot be enforced: the cgroup of box 'shop' has no pids controller"$'\n''  hint: .+' 'is refused by name, with what would help'
	run bx update --cpus 1 --memory 64m
	like "$err" '--(cpus|memory) cannot be enforced' 'so are several'
	unlike "$(names)" 'updated' 'and nothing happened'
	run bx up
	like "$err" 'up to date' 'up finds nothing to do'
fi
ok 'down' bx down

done_testing
