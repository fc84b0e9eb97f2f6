#!/bin/sh
# Five machines that nobody configured: they find each other, and what one does all see.
test_description='five machines find each other and hold the same'
ROOM=5
. "$(dirname "$0")/room.sh"

test_expect_success 'everybody sees everybody' '
    open_room 5
'

test_expect_success 'a machine without a class says so, and what to do' '
    : >expected &&
    crash 5 && rm -rf "$JAM_ROOM/5/state" && start 5 &&
    test_expect_code 1 on 5 jam hello ana 2>said &&
    grep "jam class join" said &&
    enter 5 && await "see_all 5"
'

test_expect_success 'people sign in at different machines, start and join a jam' '
    sign_in 1 dina && sign_in 2 ana && sign_in 3 ben && sign_in 4 emil &&
    on 2 jam start bridge "span a metre" &&
    await "on 3 jam join bridge" &&
    await "on 4 jam join bridge"
'

test_expect_success 'every machine shows who is in it' '
    for i in 1 2 3 4 5
    do
        await "says $i list \".jams[0] | .name == \\\"bridge\\\" and ([.in[].person] | length) == 3\"" || return 1
    done
'

test_expect_success 'solo and back: the jam sees it, and he comes back to it' '
    on 3 jam solo "free-body diagrams" &&
    await "says 2 list \".jams[0].solo[0].solo == \\\"free-body diagrams\\\"\"" &&
    on 3 jam back &&
    await "says 2 list \".jams[0] | (.solo | length) == 0 and (.in | length) == 3\""
'

test_expect_success 'roles, tasks, notes and feedback reach the others' '
    on 2 jam role take recorder && on 3 jam task add "measure the load" &&
    await "says 4 \"task list\" \".tasks | length == 1\"" && on 4 jam task take 1 && on 4 jam task done 1 &&
    on 2 jam note "triangles hold best" &&
    await "journal_has 4 bridge \"triangles hold best\"" &&
    on 3 jam feedback ana --glow "clean joints" --grow "show the load" &&
    await "says 2 inbox \".inbox[0].glow == \\\"clean joints\\\"\""
'

test_expect_success 'in the end all five hold the same' '
    await converged
'

test_expect_success 'who signs in elsewhere has moved there' '
    on 5 jam hello ana &&
    await "says 1 \"who ana\" \".person.place.jam == \\\"bridge\\\" or .person.place.kind != null\"" &&
    on 5 jam back &&
    await "says 3 list \"[.jams[0].in[].person] | length == 3\"" &&
    await converged
'

test_done
