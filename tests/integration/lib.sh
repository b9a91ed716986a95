# Sourced by every *.t file: TAP, and a small world of its own for each file.
#
#   ok DESC COMMAND...      passes when the command succeeds (its output is shown when not)
#   nok DESC COMMAND...     passes when it fails
#   is GOT WANT DESC        text equality
#   like GOT REGEX DESC     extended regular expression; unlike: must not match
#   pass DESC, fail DESC [TEXT]
#   skip DESC REASON        one test that cannot run here
#   skip_all REASON         the whole file cannot run here
#   done_testing            the last line of every file
#
#   run COMMAND...          runs it with stdin closed; sets $out, $err, $status
#   bx ARGS...              the devbox that is being tested
#   wait_for SECONDS COMMAND...   polls until it succeeds
#   end_of SECONDS PID      waits for a child in the background; sets $status, 124 when it had to be killed
#   changed OPTION... -- COMMAND...  on a machine that lacks something: see tests/rig/door
#   make_project NAME [YAML]      a project folder with a devbox.yaml, entered; sets $project
#   busybox_root DIR        a root file system from busybox-static
#   debian_root             prints the path of a cached Debian root of the caller's subordinate ids
#   start_registry [OPTION...]    a registry on loopback, see tests/rig/registry; sets $registry to HOST:PORT
#   push_image NAME REPOSITORY:TAG [OPTION...]    an image of tests/rig/make-image into it, by skopeo
#   start_faults [OPTION...] LAYOUT    tests/rig/fault-registry over an OCI layout; sets $faults to HOST:PORT,
#                           $faults_other to the port of its other server, and $faults_log
#   as_box_root COMMAND...  in a user namespace whose root is the first subordinate id
#   as_all_ids COMMAND...   root over the caller's own and all his subordinate ids
#
# $tmp is a folder that is removed at the end; XDG_DATA_HOME, XDG_STATE_HOME, XDG_CACHE_HOME,
# XDG_CONFIG_HOME and XDG_RUNTIME_DIR lie in it. A file that needs the session's own runtime folder
# sets KEEP_RUNTIME_DIR=1 before it sources this. A line `# serial` among the first lines of a file
# makes the runner run it alone.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DEVBOX=${DEVBOX_TESTS_BUILD:-$top/build}/devbox
. "$top/tests/rig/mkroot.sh"

tests_run=0
tests_failed=0
projects=()

[ "$(id -u)" -ne 0 ] || { echo '1..0 # SKIP these tests are for an ordinary user: tests/rig/as-user'; exit 0; }

# Short: the path of a unix socket has 108 bytes at most.
tmp=$(mktemp -d "${DEVBOX_TESTS_TMP:-/tmp}/dbt.XXXXXX")
chmod 0755 "$tmp"
export XDG_DATA_HOME=$tmp/data XDG_STATE_HOME=$tmp/state XDG_CACHE_HOME=$tmp/cache XDG_CONFIG_HOME=$tmp/config
mkdir "$tmp"/{data,state,cache,config,work}
if [ -z "${KEEP_RUNTIME_DIR:-${DEVBOX_TESTS_VM:-}}" ]; then
	export XDG_RUNTIME_DIR=$tmp/run
	mkdir -m 0700 "$XDG_RUNTIME_DIR"
fi
unset DEVBOX_PROJECT NO_COLOR
for _name in $(compgen -e DEVBOX_ || true); do
	case $_name in DEVBOX_TESTS_*) ;; *) unset "$_name" ;; esac
done
# Profiles are rewritten all the time here; 74-grants.t has the question.
export DEVBOX_YES=1

as_all_ids() {
	unshare --user --map-root-user --map-auto -- "$@"
}

_clean_up() {
	local status=$? dir
	trap - EXIT
	cd /
	for dir in "${projects[@]}"; do
		[ ! -e "$XDG_RUNTIME_DIR/devbox" ] || timeout 20 "$DEVBOX" -C "$dir" down >/dev/null 2>&1 </dev/null
	done
	as_all_ids rm -rf --one-file-system "$tmp" 2>/dev/null || rm -rf --one-file-system "$tmp" 2>/dev/null
	exit $status
}
trap _clean_up EXIT
trap 'exit 143' INT TERM HUP

_result() {
	tests_run=$((tests_run + 1))
	[ "$1" = ok ] || tests_failed=$((tests_failed + 1))
	printf '%s %d - %s\n' "$1" "$tests_run" "$2"
}

_note() {
	printf '%s\n' "$@" | head -c 3000 | sed 's/^/#   /'
}

pass() { _result ok "$1"; }

fail() {
	_result 'not ok' "$1"
	shift
	[ $# -eq 0 ] || _note "$@"
	[ -z "${err:-}" ] || _note "stderr of the last run: $err"
}

ok() {
	local desc=$1 text code
	shift
	text=$("$@" 2>&1 </dev/null)
	code=$?
	if [ $code -eq 0 ]; then pass "$desc"; else fail "$desc" "status $code of: $*" "$text"; fi
}

nok() {
	local desc=$1 text
	shift
	if text=$("$@" 2>&1 </dev/null); then fail "$desc" "succeeded: $*" "$text"; else pass "$desc"; fi
}

is() {
	if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got:  $1" "want: $2"; fi
}

like() {
	if [[ $1 =~ $2 ]]; then pass "$3"; else fail "$3" "got:       $1" "not like:  $2"; fi
}

unlike() {
	if [[ $1 =~ $2 ]]; then fail "$3" "got:       $1" "is like:   $2"; else pass "$3"; fi
}

skip() {
	tests_run=$((tests_run + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tests_run" "$1" "$2"
}

skip_all() {
	[ "$tests_run" -eq 0 ] || { skip 'the rest of the file' "$1"; done_testing; }
	printf '1..0 # SKIP %s\n' "$1"
	exit 0
}

done_testing() {
	printf '1..%d\n' "$tests_run"
	[ "$tests_failed" -eq 0 ] || exit 1
	exit 0
}

bx() {
	"$DEVBOX" "$@"
}

run() {
	"$@" >"$tmp/.out" 2>"$tmp/.err" </dev/null
	status=$?
	out=$(tr -d '\0' <"$tmp/.out")
	err=$(tr -d '\0' <"$tmp/.err")
	return 0
}

wait_for() {
	local limit_s=$1 end
	shift
	end=$((SECONDS + limit_s))
	until "$@" >/dev/null 2>&1 </dev/null; do
		[ $SECONDS -lt "$end" ] || return 1
		sleep 0.05
	done
}

_is_gone() {
	! kill -0 "$1"
}

end_of() {
	if wait_for "$1" _is_gone "$2"; then
		wait "$2"
		status=$?
	else
		kill -9 "$2"
		wait "$2"
		status=124
	fi 2>/dev/null
}

changed() {
	"$top/tests/rig/door" "$@"
}

make_project() {
	project=$tmp/work/$1
	mkdir -p "$project"
	printf '%s\n' "${2:-}" >"$project/devbox.yaml"
	projects+=("$project")
	cd "$project" || exit 1
}

busybox_root() {
	local busybox name
	busybox=$(command -v busybox) || skip_all 'no busybox here'
	mkdir -p "$1"/{bin,sbin,usr/bin,usr/sbin,etc,proc,sys,dev,tmp,root,home,run,var/tmp,mnt}
	chmod 1777 "$1/tmp" "$1/var/tmp"
	cp "$busybox" "$1/bin/busybox"
	for name in $("$busybox" --list); do
		[ "$name" = busybox ] || ln -sf busybox "$1/bin/$name"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
}

debian_root() {
	"$top/tests/rig/debian-root"
}

start_registry() {
	command -v docker-registry >/dev/null && command -v skopeo >/dev/null && command -v umoci >/dev/null ||
		skip_all 'docker-registry, skopeo or umoci is not installed'
	registry=$("$top/tests/rig/registry" --with $$ "$@" "$(mktemp -d "$tmp/registry.XXXXXX")") || exit 1
}

push_image() {
	local source to=$2
	source=$("$top/tests/rig/make-image" "$1") || exit 1
	shift 2
	skopeo --insecure-policy copy -q --dest-tls-verify=false "$@" "$source" "docker://$registry/$to" || exit 1
}

start_faults() {
	local dir
	command -v python3 >/dev/null || skip_all 'python3 is not installed'
	dir=$(mktemp -d "$tmp/faults.XXXXXX")
	faults_log=$dir/log
	# It ends with its input, and that with this shell.
	tail --pid=$$ -s 0.2 -f /dev/null | "$top/tests/rig/fault-registry" --log "$faults_log" "$@" >"$dir/ports" 2>"$dir/said" &
	wait_for 10 grep -q . "$dir/ports" || { cat "$dir/said" >&2 && exit 1; }
	read -r faults faults_other <"$dir/ports"
	faults=localhost:$faults
}
