#!/bin/bash
# make install puts everything in place, make uninstall takes all of it away, make twice does nothing.
# serial
. "$(dirname "$0")/lib.sh"

cd "$top" || exit 1
san=
[ -z "${DEVBOX_TESTS_SANITIZED:-}" ] || san=address,undefined
mk() { make --no-print-directory SAN="$san" "$@"; }

run mk
run mk
like "$out" 'Nothing to be done' 'a second make says that there is nothing to be done'

stage=$tmp/stage
ok 'install works with DESTDIR and PREFIX' mk install DESTDIR="$stage" PREFIX=/usr
ok 'the program is there' test -x "$stage/usr/bin/devbox"
is "$("$stage/usr/bin/devbox" version)" "$("$DEVBOX" version)" 'the installed program is the built one'
ok 'the manual of the command is there' test -s "$stage/usr/share/man/man1/devbox.1"
ok 'the manual of the profile is there' test -s "$stage/usr/share/man/man5/devbox.yaml.5"
ok 'completion for bash is there' test -s "$stage/usr/share/bash-completion/completions/devbox"
ok 'completion for zsh is there' test -s "$stage/usr/share/zsh/site-functions/_devbox"
ok 'completion for fish is there' test -s "$stage/usr/share/fish/vendor_completions.d/devbox.fish"
ok 'what Prometheus and Grafana read is there' test -s "$stage/usr/share/devbox/profiles/observability/grafana-dashboard.json"
ok 'the default seccomp profile is there' test -s "$stage/usr/share/devbox/profiles/seccomp/default.json"

mkdir -p "$stage/usr/share/man/man1" && echo keep >"$stage/usr/share/man/man1/other.1"
ok 'uninstall works' mk uninstall DESTDIR="$stage" PREFIX=/usr
is "$(find "$stage" -type f)" "$stage/usr/share/man/man1/other.1" 'only the file of somebody else is left'
nok 'our own folder is gone' test -e "$stage/usr/share/devbox"

ok 'install takes a prefix for the name' mk install DESTDIR="$stage" PREFIX=/opt/x PROGRAM_PREFIX=my-
ok 'the program has it' test -x "$stage/opt/x/bin/my-devbox"
ok 'the manual has it' test -s "$stage/opt/x/share/man/man1/my-devbox.1"
ok 'uninstall finds them' mk uninstall DESTDIR="$stage" PREFIX=/opt/x PROGRAM_PREFIX=my-
is "$(find "$stage/opt" -type f)" '' 'and leaves nothing'

done_testing
