#!/bin/bash
# A box writes to its workspace; it must not choose there what the next start gives it.
. "$(dirname "$0")/lib.sh"

mkdir -p "$tmp/secret" && echo key >"$tmp/secret/id"
make_project swap 'network_mode: none
volumes: ["./data:/data"]'
mkdir data && echo own >data/file
ok 'a box with a folder of its workspace elsewhere' bx up
is "$(bx exec -- cat /data/file)" own 'it sees the folder'
ok 'it puts a link in its place' bx exec -- sh -c "rm data/file; mv data old; ln -s '$tmp/secret' data"
run bx restart
is "$status" 1 'the next start refuses'
like "$err" "link out of '$project'" 'and says why'
run bx run -- cat /data/id
unlike "$out" 'key' 'a throw-away box does not get it either'
rm data && mkdir real && ln -s real data
ok 'a link that stays inside is fine' bx up
bx down >/dev/null 2>&1

make_project given "network_mode: none
volumes: ['$tmp/secret:/data']"
ok 'and so is what the profile names itself' bx up
is "$(bx exec -- cat /data/id)" key 'which the box sees'

done_testing
