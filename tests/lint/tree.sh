#!/bin/bash
# tree.sh - the fixed top level, and no trace in the tree of the machine it was written on.
set -euo pipefail
cd "$(dirname "$0")/../.."
status=0

complain() {
	echo "$*"
	status=1
}

wanted='LICENSE Makefile README.md completions man profiles src tests tui'
for name in $(git ls-files | cut -d/ -f1 | sort -u | grep -v '^\.'); do
	case " $wanted " in
	*" $name "*) ;;
	*) complain "$name: not a name of the fixed top level" ;;
	esac
done

# Split, so that this file does not find itself. `/work` alone is fine: boxes mount projects there.
pattern='/work/(ma''in|sha''red|\.libr''ary|\.mir''ror)|/ro''ot/\.claude|sna''pshot\.debian|deb\.deb''ian\.org|[a-z0-9.-]*artifact''ory'
if git grep -nIP -e "$pattern" -- . ':!tests/lint/tree.sh'; then
	complain 'a path or host of one machine, see above'
fi
if git grep -nI -e '[[:space:]]$' -- '*.c' '*.h' '*.sh' '*.t' '*.md' Makefile; then
	complain 'space at the end of a line, see above'
fi
exit $status
