# devbox(1) completion for fish

# The verb on the command line, of those that are given as arguments; any when there are none.
function __devbox_verb
	set -l words (commandline -opc)
	set -l skip 0
	for word in $words[2..-1]
		if test $skip -eq 1
			set skip 0
			continue
		end
		switch $word
			case -f --file -C --directory -p --project --color --progress
				set skip 1
			case '-*'
			case '*'
				test (count $argv) -eq 0; or contains -- $word $argv
				return
		end
	end
	return 1
end

function __devbox_no_verb
	not __devbox_verb
end

function __devbox_after_dashes
	contains -- -- (commandline -opc)
end

# The command of exec and run, as if it stood alone.
function __devbox_command
	set -l words (commandline -opc)
	set -l at (contains -i -- -- $words)
	set -l rest (string escape -- $words[(math $at + 1)..-1])
	complete -C (string join ' ' -- $rest (commandline -ct))
end

complete -c devbox -f
complete -c devbox -n '__devbox_verb exec run; and __devbox_after_dashes' -a '(__devbox_command)'

complete -c devbox -n __devbox_no_verb -a up -d 'start the boxes, or change what differs'
complete -c devbox -n __devbox_no_verb -a down -d 'stop and remove what up started'
complete -c devbox -n __devbox_no_verb -a start -d 'start boxes that were stopped'
complete -c devbox -n __devbox_no_verb -a stop -d 'ask boxes to end, then kill them'
complete -c devbox -n __devbox_no_verb -a restart -d 'stop and start'
complete -c devbox -n __devbox_no_verb -a kill -d 'send a signal'
complete -c devbox -n __devbox_no_verb -a pause -d 'freeze every process'
complete -c devbox -n __devbox_no_verb -a unpause -d 'let them go on'
complete -c devbox -n __devbox_no_verb -a update -d 'change limits of boxes that run'
complete -c devbox -n __devbox_no_verb -a shell -d 'a login shell in the box, which is started if it is down'
complete -c devbox -n __devbox_no_verb -a exec -d 'run a command in a running box'
complete -c devbox -n __devbox_no_verb -a run -d 'run a command in a fresh box that is thrown away'
complete -c devbox -n __devbox_no_verb -a ps -d 'list boxes that run'
complete -c devbox -n __devbox_no_verb -a stats -d 'what boxes use'
complete -c devbox -n __devbox_no_verb -a top -d 'the processes of a box, the busiest first'
complete -c devbox -n __devbox_no_verb -a port -d 'which ports of the host lead into boxes'
complete -c devbox -n __devbox_no_verb -a network -d 'how a box is connected'
complete -c devbox -n __devbox_no_verb -a logs -d 'what boxes wrote'
complete -c devbox -n __devbox_no_verb -a events -d 'what happened to boxes'
complete -c devbox -n __devbox_no_verb -a metrics -d 'numbers of all boxes for Prometheus'
complete -c devbox -n __devbox_no_verb -a inspect -d 'everything known of a box or an image, as JSON'
complete -c devbox -n __devbox_no_verb -a tui -d 'the dashboard'
complete -c devbox -n __devbox_no_verb -a images -d 'list the images of the store'
complete -c devbox -n __devbox_no_verb -a pull -d 'fetch images of a registry'
complete -c devbox -n __devbox_no_verb -a build -d 'make the layers of packages and build.steps'
complete -c devbox -n __devbox_no_verb -a load -d 'read an image from a file or folder'
complete -c devbox -n __devbox_no_verb -a save -d 'write images to a file or folder'
complete -c devbox -n __devbox_no_verb -a history -d 'how an image was made'
complete -c devbox -n __devbox_no_verb -a rmi -d 'remove images'
complete -c devbox -n __devbox_no_verb -a prune -d 'remove what nobody needs'
complete -c devbox -n __devbox_no_verb -a du -d 'what lies on the disk, and what could go'
complete -c devbox -n __devbox_no_verb -a config -d 'the profile as merged'
complete -c devbox -n __devbox_no_verb -a plan -d 'the steps up would take'
complete -c devbox -n __devbox_no_verb -a doctor -d 'what works on this machine and what mends the rest'
complete -c devbox -n __devbox_no_verb -a completion -d 'print the shell\'s completion'
complete -c devbox -n __devbox_no_verb -a version -d 'print the version'
complete -c devbox -n __devbox_no_verb -a help -d 'print help'

complete -c devbox -n 'not __devbox_after_dashes' -l file -r -F -d 'profile to use; several are merged in order'
complete -c devbox -n 'not __devbox_after_dashes; and not __devbox_verb logs events rmi' -s f -r -F -d 'profile to use; several are merged in order'
complete -c devbox -n 'not __devbox_after_dashes' -s C -l directory -r -f -a '(__fish_complete_directories)' -d 'act as if started in DIR'
complete -c devbox -n 'not __devbox_after_dashes' -s p -l project -r -f -d 'name of the project'
complete -c devbox -n 'not __devbox_after_dashes' -s y -l yes -d 'answer what would be asked with yes'
complete -c devbox -n 'not __devbox_after_dashes' -s q -l quiet -d 'no progress, only results and errors'
complete -c devbox -n 'not __devbox_after_dashes' -s v -l verbose -d 'say more of what is done'
complete -c devbox -n '__devbox_no_verb; or __devbox_verb ps stats top port network logs events inspect images pull load history prune du config doctor' -l json -d 'print JSON'
complete -c devbox -n 'not __devbox_after_dashes' -l color -r -f -a 'auto always never' -d 'auto, always or never'
complete -c devbox -n 'not __devbox_after_dashes' -l progress -r -f -a 'auto tty plain json quiet' -d 'auto, tty, plain, json or quiet'
complete -c devbox -n 'not __devbox_after_dashes' -l version -d 'print the version'
complete -c devbox -n 'not __devbox_after_dashes' -s h -l help -d 'print help, also of a verb'

complete -c devbox -n '__devbox_verb up' -l dry-run -d 'print the steps instead of taking them'
complete -c devbox -n '__devbox_verb up' -l allow-degraded -d 'start without the limits this machine cannot keep'
complete -c devbox -n '__devbox_verb up' -l pull -d 'fetch the image anew when the registry has another'
complete -c devbox -n '__devbox_verb up' -l rebuild -d 'install packages and run build.steps again'
complete -c devbox -n '__devbox_verb up' -l profile -r -f -d 'also the services of this profile'
complete -c devbox -n '__devbox_verb up' -l wait-timeout -r -f -d 'how long to wait until the box is up; 60s'
complete -c devbox -n '__devbox_verb down' -l volumes -d 'remove the box\'s home and named volumes too'
complete -c devbox -n '__devbox_verb stop' -s t -l timeout -r -f -d 'grace until the box is killed; as in the profile'
complete -c devbox -n '__devbox_verb restart' -s t -l timeout -r -f -d 'grace until the box is killed; as in the profile'
complete -c devbox -n '__devbox_verb kill' -s s -l signal -r -f -a 'HUP INT QUIT KILL USR1 USR2 TERM CONT STOP' -d 'the signal; KILL'
complete -c devbox -n '__devbox_verb update' -l cpus -r -f -d 'processors, such as 1.5'
complete -c devbox -n '__devbox_verb update' -l cpu-shares -r -f -d 'share of the processors when they are short'
complete -c devbox -n '__devbox_verb update' -l memory -r -f -d 'memory, such as 512m'
complete -c devbox -n '__devbox_verb update' -l memory-reservation -r -f -d 'memory that is left to it when it is short'
complete -c devbox -n '__devbox_verb update' -l memory-swap -r -f -d 'memory and swap together'
complete -c devbox -n '__devbox_verb update' -l pids-limit -r -f -d 'processes and threads'
complete -c devbox -n '__devbox_verb update' -l blkio-weight -r -f -d 'share of the disks, from 10 to 1000'
complete -c devbox -n '__devbox_verb shell' -s u -l user -r -f -a '(__fish_complete_users)' -d 'as another user: a name or uid[:gid]'
complete -c devbox -n '__devbox_verb shell' -s w -l workdir -r -f -a '(__fish_complete_directories)' -d 'folder to start in'
complete -c devbox -n '__devbox_verb exec; and not __devbox_after_dashes' -s T -l no-tty -d 'no terminal, even when there is one'
complete -c devbox -n '__devbox_verb exec; and not __devbox_after_dashes' -s e -l env -r -f -a '(set -xn)=' -d 'set a variable, or pass that of the caller'
complete -c devbox -n '__devbox_verb exec; and not __devbox_after_dashes' -s u -l user -r -f -a '(__fish_complete_users)' -d 'as another user: a name or uid[:gid]'
complete -c devbox -n '__devbox_verb exec; and not __devbox_after_dashes' -s w -l workdir -r -f -a '(__fish_complete_directories)' -d 'folder to start in'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -l image -r -f -a 'host rootfs: oci: oci-archive: docker-archive: tar:' -d 'image or root file system; that of the profile, or host'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -l platform -r -f -d 'of the image, such as linux/arm64'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -l pull -d 'fetch the image anew when the registry has another'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -l network -r -f -a 'project host none' -d 'project, host or none; as in the profile'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -s T -l no-tty -d 'no terminal, even when there is one'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -s e -l env -r -f -a '(set -xn)=' -d 'set a variable, or pass that of the caller'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -s u -l user -r -f -a '(__fish_complete_users)' -d 'as another user: a name or uid[:gid]'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -s w -l workdir -r -f -a '(__fish_complete_directories)' -d 'folder to start in'
complete -c devbox -n '__devbox_verb run; and not __devbox_after_dashes' -l allow-degraded -d 'start without the limits this machine cannot keep'
complete -c devbox -n '__devbox_verb ps' -s a -l all -d 'boxes that ended, too'
complete -c devbox -n '__devbox_verb stats' -l once -d 'one reading instead of one a second'
complete -c devbox -n '__devbox_verb stats' -l interval -r -f -d 'between two readings; 1s'
complete -c devbox -n '__devbox_verb stats' -l csv -d 'as lines of values with commas between them'
complete -c devbox -n '__devbox_verb logs' -s f -l follow -d 'go on until the box ends'
complete -c devbox -n '__devbox_verb logs' -s n -l tail -r -f -d 'only the last N lines of each box'
complete -c devbox -n '__devbox_verb logs' -l since -r -f -d 'only what is not older than this'
complete -c devbox -n '__devbox_verb metrics' -l listen -r -f -a '127.0.0.1:9410 unix:' -d 'serve them there: a port of loopback, or unix:PATH'
complete -c devbox -n '__devbox_verb metrics' -l format -r -f -a 'openmetrics prometheus' -d 'openmetrics or prometheus'
complete -c devbox -n '__devbox_verb events' -s f -l follow -d 'go on with what happens'
complete -c devbox -n '__devbox_verb events' -l since -r -f -d 'only what is not older than this'
complete -c devbox -n '__devbox_verb logs' -l until -r -f -d 'only what is older than this'
complete -c devbox -n '__devbox_verb logs' -l grep -r -f -d 'only lines in which the regular expression is found'
complete -c devbox -n '__devbox_verb logs' -l net -d 'what a filtered network let through and refused'
complete -c devbox -n '__devbox_verb logs' -s t -l timestamps -d 'begin each line with its time'
complete -c devbox -n '__devbox_verb inspect' -l type -r -f -a 'box image' -d 'box or image; a box, and where there is none an image'
complete -c devbox -n '__devbox_verb tui' -l ascii -d 'only ASCII characters'
complete -c devbox -n '__devbox_verb tui' -l plain -d 'words instead of drawings, for screen readers'
complete -c devbox -n '__devbox_verb tui' -l headless -d 'without a terminal: print what a script dumps'
complete -c devbox -n '__devbox_verb tui' -l size -r -f -d 'of the screen without a terminal; 80x24'
complete -c devbox -n '__devbox_verb tui' -l script -r -F -d 'keys to press without a terminal'
complete -c devbox -n '__devbox_verb tui' -l model -r -F -d 'a recording instead of the boxes of this machine'
complete -c devbox -n '__devbox_verb images' -s a -l all -d 'those without a name, too'
complete -c devbox -n '__devbox_verb pull' -l platform -r -f -d 'such as linux/arm64; this machine\'s'
complete -c devbox -n '__devbox_verb pull' -l insecure -d 'accept plain HTTP and unknown certificates'
complete -c devbox -n '__devbox_verb build' -l no-cache -d 'run every step again'
complete -c devbox -n '__devbox_verb build' -l from -r -f -d 'run step N of build.steps again, and those after it'
complete -c devbox -n '__devbox_verb build' -l debug -d 'open a shell where a step failed'
complete -c devbox -n '__devbox_verb build' -l dry-run -d 'only say which steps would run, and why'
complete -c devbox -n '__devbox_verb build' -l pull -d 'fetch the image anew when the registry has another'
complete -c devbox -n '__devbox_verb build' -l allow-degraded -d 'build without the limits this machine cannot keep'
complete -c devbox -n '__devbox_verb load' -s i -l input -r -F -d 'the file; standard input'
complete -c devbox -n '__devbox_verb load' -l platform -r -f -d 'such as linux/arm64; this machine\'s'
complete -c devbox -n '__devbox_verb load' -F
complete -c devbox -n '__devbox_verb save' -s o -l output -r -F -d 'file or folder to write; standard output'
complete -c devbox -n '__devbox_verb save' -l format -r -f -a 'oci-archive oci docker-archive' -d 'oci-archive, oci or docker-archive'
complete -c devbox -n '__devbox_verb save' -l compress -r -f -a 'gzip zstd none' -d 'gzip, zstd or none'
complete -c devbox -n '__devbox_verb history' -l no-trunc -d 'the whole of each step'
complete -c devbox -n '__devbox_verb rmi' -s f -l force -d 'also what boxes stand on; by id, with all its names'
complete -c devbox -n '__devbox_verb prune' -s a -l all -d 'also images with a name that no box stands on'
complete -c devbox -n '__devbox_verb prune' -l builds -d 'also build steps that no box stands on'
complete -c devbox -n '__devbox_verb prune' -l dry-run -d 'only list what would go'
complete -c devbox -n '__devbox_verb config' -l origin -d 'say file and line of each value'

complete -c devbox -n '__devbox_verb up start stop restart kill pause unpause update shell stats top port network logs events inspect' -a '(devbox __complete boxes 2>/dev/null)' -d box
complete -c devbox -n '__devbox_verb exec; and not __devbox_after_dashes' -a '(devbox __complete boxes 2>/dev/null)' -d box
complete -c devbox -n '__devbox_verb history rmi save' -a '(devbox __complete images 2>/dev/null)' -d image
complete -c devbox -n '__devbox_verb completion' -a 'bash zsh fish'
complete -c devbox -n '__devbox_verb help' -a '(devbox __complete verbs)'
