#!/bin/bash
# A box can write its own profile. What it adds there is not granted before the user says so.
. "$(dirname "$0")/lib.sh"
unset DEVBOX_YES

make_project grants
mkdir "$tmp/host"
echo secret >"$tmp/host/file"
ok 'up takes a profile as it comes the first time' bx up

bx exec -T -- sh -c "echo 'volumes: [\"$tmp/host:/all\"]' >>devbox.yaml" </dev/null
run bx up
is "$status" 1 'a profile that the box changed is not started'
like "$err" "more of this machine.*$tmp/host" 'it says what it asks for'
like "$err" 'hint:.*-y' 'and how to say yes'
ok 'the box that runs is left alone' bx exec -T -- true
run bx restart
is "$status" 1 'restart refuses, too'
ok 'and has not stopped it' bx exec -T -- true
run bx run -- cat /all/file
is "$status" 125 'run refuses, too'

bx down >/dev/null 2>&1
run bx up
is "$status" 1 'down does not make it forget'
ok '-y says yes' bx up -y
is "$(bx exec -T -- cat /all/file </dev/null)" secret 'and then it is granted'
ok 'once said is enough' bx restart
sed -i '/volumes/d' devbox.yaml
ok 'less is never asked about' bx up

done_testing
