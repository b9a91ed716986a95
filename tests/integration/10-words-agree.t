#!/bin/bash
# Verbs and options are the same in the program, its help, the manual and the completion of three shells.
. "$(dirname "$0")/lib.sh"

for name in fish zsh; do
	command -v "$name" >/dev/null || skip_all "no $name here"
done
mkdir "$tmp/bin" && ln -s "$DEVBOX" "$tmp/bin/devbox"
PATH=$tmp/bin:$PATH
export HOME=$tmp
cd "$top" || exit 1

sorted() { grep -v '^$' | sort -u; }

# What the program itself knows.
verbs=$(bx __complete verbs | sorted)
globals=$(bx __complete options | sorted)
own_options() { bx __complete options "$1" | sorted; }
# Of the options of every verb, --json is for those only that have something to print.
all_options() {
	local not=none
	bx "$1" --json --help >/dev/null 2>&1 || not=--json
	{ bx __complete options "$1"; echo "$globals"; } | grep -vx -e "$not" | sorted
}

# A verb's part of the manual, "globals" for the options of every verb; and its options.
manual_part() {
	if [ "$1" = globals ]; then
		awk '/^\.Ss Options of every verb/ { on = 1 } /^\.Sh VERBS/ { exit } on' man/devbox.1
	else
		awk -v verb="$1" '/^\.It Ic / { on = $3 == verb } /^\.Ss / || /^\.Sh / { on = 0 } on' man/devbox.1
	fi
}
manual_options() {
	manual_part "$1" | sed -n 's/^\.It Fl \(.*\)/\1/p' | sed 's/ , Fl /\n/g' | sed 's/ .*//; s/^/-/' | sorted
}

# "  -f, --file FILE   ..." of the help, between the titles of the options and the next empty line.
help_options() {
	sed -n '/^Options/,/^$/p' | grep -oE '^  (-[a-zA-Z], |    )--[a-z-]+' | grep -oE -e '-(-[a-z-]+|[a-zA-Z])\b' | sorted
}

bash_words() {
	bash --norc -c '
		. completions/devbox.bash
		COMP_WORDS=("$@")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_devbox
		printf "%s\n" "${COMPREPLY[@]}"' bash devbox "$@" 2>&1 | sorted
}
fish_words() {
	fish --no-config -c 'source completions/devbox.fish; complete -C "$argv"' devbox "$@" 2>&1 | cut -f1 | sorted
}
# The completion system itself needs a terminal: what _devbox tells it is looked at.
zsh_words() {
	zsh -f -c '
		_arguments() { print -rl -- next "$@"; state=argument; return 1 }
		_describe() { print -rl -- "${(@P)2}" }
		words=("$@") CURRENT=$#
		source completions/_devbox' zsh "$@" 2>&1
}
zsh_options() {
	# The last it says.
	zsh_words "$1" - | awk '/^next$/ { text = ""; next } { text = text $0 "\n" } END { printf "%s", text }' |
		sed -nE 's/^(\([^)]*\))?\*?(--?[a-zA-Z-]+)[+=]?\[.*/\2/p' | sorted
}

is "$(bx help | grep -oE '^  [a-z]+' | tr -d ' ' | sorted)" "$verbs" 'the help lists every verb'
is "$(sed -n 's/^\.It Ic \([a-z]*\).*/\1/p' man/devbox.1 | sorted)" "$verbs" 'the manual has every verb'
is "$(bash_words '')" "$verbs" 'completion for bash knows every verb'
is "$(fish_words '')" "$verbs" 'completion for fish knows every verb'
is "$(zsh -f -c '_arguments() { state=verb }; _describe() { print -rl -- "${(@P)2%%:*}" }
	source completions/_devbox; _devbox_verbs' | sorted)" "$verbs" 'completion for zsh knows every verb'

is "$(bx help | help_options)" "$globals" 'the help lists the options of every verb'
is "$(manual_options globals)" "$globals" 'the manual has the options of every verb'
is "$(bash_words -)" "$globals" 'completion for bash has them'
is "$(fish_words -)" "$globals" 'completion for fish has them'

for verb in $verbs; do
	is "$(bx help "$verb")" "$(bx "$verb" --help)" "$verb: help VERB and VERB --help are the same"
	is "$(bx help "$verb" | help_options)" "$(own_options "$verb")" "$verb: the help has its options"
	is "$(manual_options "$verb")" "$(own_options "$verb")" "$verb: the manual has its options"
	is "$(bash_words "$verb" -)" "$(all_options "$verb")" "$verb: completion for bash has its options"
	is "$(fish_words "$verb" -)" "$(all_options "$verb")" "$verb: completion for fish has its options"
	is "$(zsh_options "$verb")" "$(all_options "$verb")" "$verb: completion for zsh has its options"
done

# Options that take an argument, and those that do not, are told apart by all of them.
for verb in $verbs; do
	for option in $(own_options "$verb" | grep '^--'); do
		run bx "$verb" "$option=" --help
		takes=yes
		[[ $err != *'takes no argument'* ]] || takes=no
		bash -c '. completions/devbox.bash; _devbox_takes_argument "$1" "$2"' bash "$verb" "$option" && in_bash=yes || in_bash=no
		is "$in_bash" "$takes" "$verb $option: bash knows whether an argument follows"
	done
done

for verb in init diff snapshot rollback commit reset cp \
	import export; do
	run bx "$verb" --some-option word
	is "$status $err" "2 devbox: verb '$verb' is not built yet" "$verb is refused by name"
done
unlike "$(cat completions/* man/devbox.1)" '(^|[^a-z-])rollback([^a-z]|$)' 'and none of them is promised'

for shell in bash zsh fish; do
	file=completions/devbox.$shell
	[ $shell != zsh ] || file=completions/_devbox
	is "$(bx completion $shell)" "$(cat "$file")" "completion $shell prints what is installed"
done
ok 'the manual has no mistakes' mandoc -T lint -W warning man/devbox.1

mkdir "$tmp/words" && cd "$tmp/words" && touch one-file && cd "$top" || exit 1
is "$(cd "$tmp/words" && bash --norc -c '. "$1"/completions/devbox.bash; COMP_WORDS=(devbox exec -- cat one) COMP_CWORD=4
	_devbox; echo "${COMPREPLY[@]}"' bash "$top" 2>/dev/null)" one-file 'after the dashes bash completes files'
like "$(fish_words 'exec -- dev')" 'devbox' 'after the dashes fish completes commands'

done_testing
