#!/bin/bash
# deps.sh - fail on an #include that deps.txt does not allow.
set -euo pipefail
cd "$(dirname "$0")/../.."

find src tui -name '*.[chS]' -print0 | sort -z | xargs -0 -r awk '
	FILENAME == ARGV[1] {
		sub(/#.*/, "")
		if (split($0, part, ": *") < 2 && $0 !~ /:/) next
		if (part[1] ~ /^</) only[part[1]] = " " part[2] " "
		else { allowed[part[1]] = " " part[2] " "; known[part[1]] = 1 }
		next
	}
	FNR == 1 {
		room = FILENAME
		sub(/^src\//, "", room)
		sub(/\/.*/, "", room)
		if (!(room in known)) { complain("the room is not in deps.txt"); known[room] = 1 }
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\"")
		target = part[2]
		if (target !~ /\//) { complain("write the room: \"" room "/" target "\""); next }
		other = target
		sub(/\/.*/, "", other)
		if (other != room && index(allowed[room], " " other " ") == 0 &&
		    index(allowed[room], " " target " ") == 0)
			complain("room \"" room "\" may not include \"" target "\"")
	}
	/^[ \t]*#[ \t]*include[ \t]*</ {
		match($0, /<[^>]*>/)
		target = substr($0, RSTART, RLENGTH)
		if (target in only && index(only[target], " " room " ") == 0)
			complain("only" only[target] "may include " target)
	}
	function complain(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; bad = 1 }
	END { exit bad }
' tests/lint/deps.txt
