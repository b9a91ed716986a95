# devbox(1) completion for bash

_devbox_options() {
	case $1 in
	up) echo '--dry-run --allow-degraded --pull --rebuild --profile --wait-timeout' ;;
	down) echo '--volumes' ;;
	stop) echo '-t --timeout' ;;
	restart) echo '-t --timeout' ;;
	kill) echo '-s --signal' ;;
	update) echo '--cpus --cpu-shares --memory --memory-reservation --memory-swap --pids-limit --blkio-weight' ;;
	shell) echo '-u --user -w --workdir' ;;
	exec) echo '-T --no-tty -e --env -u --user -w --workdir' ;;
	run) echo '--image --platform --pull --network -T --no-tty -e --env -u --user -w --workdir --allow-degraded' ;;
	ps) echo '-a --all' ;;
	stats) echo '--once --interval --csv' ;;
	logs) echo '-f --follow -n --tail --since --until --grep --net -t --timestamps' ;;
	events) echo '-f --follow --since' ;;
	metrics) echo '--listen --format' ;;
	inspect) echo '--type' ;;
	tui) echo '--ascii --plain --headless --size --script --model' ;;
	images) echo '-a --all' ;;
	pull) echo '--platform --insecure' ;;
	build) echo '--no-cache --from --debug --dry-run --pull --allow-degraded' ;;
	load) echo '-i --input --platform' ;;
	save) echo '-o --output --format --compress' ;;
	history) echo '--no-trunc' ;;
	rmi) echo '-f --force' ;;
	prune) echo '-a --all --builds --dry-run' ;;
	config) echo '--origin' ;;
	esac
}

# What an option's argument may be; nothing is said for one that takes none.
_devbox_argument() {
	case $1:$2 in
	*:--color) compgen -W 'auto always never' -- "$3" ;;
	*:--progress) compgen -W 'auto tty plain json quiet' -- "$3" ;;
	*:--directory | *:-C | *:--workdir | *:-w) compgen -d -- "$3" ;;
	logs:-f | events:-f | rmi:-f) return 1 ;;
	*:--file | *:-f) compgen -f -- "$3" ;;
	kill:--signal | kill:-s) compgen -W 'HUP INT QUIT KILL USR1 USR2 TERM CONT STOP' -- "$3" ;;
	metrics:--format) compgen -W 'openmetrics prometheus' -- "$3" ;;
	metrics:--listen) compgen -W '127.0.0.1:9410 unix:' -- "$3" ;;
	inspect:--type) compgen -W 'box image' -- "$3" ;;
	run:--network) compgen -W 'project host none' -- "$3" ;;
	run:--image) compgen -W 'host rootfs: oci: oci-archive: docker-archive: tar:' -- "$3" ;;
	tui:--script | tui:--model | load:--input | load:-i | save:--output | save:-o) compgen -f -- "$3" ;;
	save:--format) compgen -W 'oci-archive oci docker-archive' -- "$3" ;;
	save:--compress) compgen -W 'gzip zstd none' -- "$3" ;;
	exec:--env | exec:-e | run:--env | run:-e) compgen -v -- "$3" ;;
	exec:--user | exec:-u | run:--user | run:-u | shell:--user | shell:-u) compgen -u -- "$3" ;;
	tui:--size | *:--project | *:-p | run:--platform | pull:--platform | load:--platform | up:--profile | up:--wait-timeout | build:--from | logs:--tail | logs:-n | logs:--since | logs:--until | logs:--grep | stats:--interval | events:--since) ;;
	stop:--timeout | stop:-t | restart:--timeout | restart:-t) ;;
	update:--cpus | update:--cpu-shares | update:--memory | update:--memory-reservation | update:--memory-swap | update:--pids-limit | update:--blkio-weight) ;;
	*) return 1 ;;
	esac
}

_devbox_takes_argument() {
	_devbox_argument "$1" "$2" '' >/dev/null
}

_devbox() {
	local verbs='up down start stop restart kill pause unpause update shell exec run ps stats top port network logs events metrics inspect tui images pull build load save history rmi prune du config plan doctor completion version help'
	local global='-f --file -C --directory -p --project -q --quiet -y --yes -v --verbose --color --progress --version -h --help'
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' dashes=0 i word

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			dashes=$i
			break
		elif [[ $word == -* ]]; then
			_devbox_takes_argument "$verb" "$word" && ((i++))
		elif [[ -z $verb ]]; then
			verb=$word
		fi
	done

	if ((dashes)); then
		# The command of exec and run: its name, then its files.
		compopt -o filenames 2>/dev/null
		if ((COMP_CWORD == dashes + 1)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur" | sort -u)
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
	elif _devbox_takes_argument "$verb" "$prev"; then
		mapfile -t COMPREPLY < <(_devbox_argument "$verb" "$prev" "$cur")
	elif [[ $cur == -* ]]; then
		case $verb in
		'' | ps | stats | top | port | network | logs | events | inspect | images | pull | load | history | prune | du | config | doctor) global+=' --json' ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$(_devbox_options "$verb") $global" -- "$cur")
	else
		case $verb in
		'' | help) mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
		completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$cur") ;;
		start | stop | restart | kill | pause | unpause | update | shell | stats | top | port | network | logs | events | inspect | exec)
			mapfile -t COMPREPLY < <(compgen -W "$(devbox __complete boxes 2>/dev/null)" -- "$cur")
			;;
		history | rmi | save)
			mapfile -t COMPREPLY < <(compgen -W "$(devbox __complete images 2>/dev/null)" -- "$cur")
			;;
		esac
	fi
}

complete -F _devbox devbox
