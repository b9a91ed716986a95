#!/bin/bash
# A limit whose controller is not delegated is refused by name, with what would delegate it.
. "$(dirname "$0")/../integration/lib.sh"

delegated=$(cat "/sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/cgroup.controllers")
like "$delegated" 'cpu memory pids' 'the session has three controllers'
unlike "$delegated" '\bio\b' 'and not io'

make_project weight 'blkio_config:
  weight: 200'
run bx up
is "$status" 1 'a limit that cannot be kept stops up'
like "$err" 'devbox.yaml:[0-9]+:[0-9]+: error: .*blkio_config' 'the error names the key and its line'
like "$err" 'Delegate=' 'the hint is the drop-in that delegates it'

make_project affinity 'cpuset: "0"'
run bx up
is "$status" 0 'cpuset works without its controller'
like "$err" 'affinity' 'and it is said how'
is "$(bx exec -T -- nproc </dev/null)" 1 'the box has one core'
bx down >/dev/null 2>&1 </dev/null

done_testing
