#!/bin/sh
# Tab at a real prompt of bash: commands, jams and people as the daemon knows them, and silence where there is none.
test_description='completion for bash, at a prompt'
ROOM=2
. "$(dirname "$0")/room.sh"

hand=$top/tests/e2e/terminal.py
export top

# prompt I: does at a prompt of bash at machine I what stdin says; what stood there is in the file screen
prompt() {
    printf '%s\n' 'PS1="> "' "bind 'set bell-style none'" "bind 'set enable-bracketed-paste off'" \
        '. "$top/client/completion.bash"' >rc
    on "$1" "$hand" type bash --noprofile --rcfile "$PWD/rc" -i >screen 2>&1 || { cat screen && return 1; }
}

test_expect_success 'it is made from the table of commands' '
    build_=$top/${JAM_BUILD:-build} && "$build_/jam" help --completion >made && test_cmp made "$top/client/completion.bash"
'

test_expect_success 'a room of two, with jams and people' '
    open_room 2 && sign_in 1 ana && sign_in 2 ben && on 1 jam start bridge && on 2 jam start "paper tower" && await converged
'

test_expect_success 'a command is completed; two of them are shown' '
    prompt 1 <<-\EOF
	expect > $
	key jam joi\t
	expect jam join $
	key \x15jam jo\t\t
	expect join +journal\s+> jam jo$
	key \x15jam class ad\t
	expect jam class admit $
	key \x15jam hello --pa\t
	expect jam hello --passphrase-file $
	key \x15exit\n
	EOF
'

test_expect_success 'jams, whose names may have spaces, and are joined as they are completed' '
    prompt 1 <<-\EOF &&
	expect > $
	type jam hello ana
	expect Welcome back(.|\n)*> $
	key jam join \t\t
	expect bridge +paper\\ tower\s+> jam join $
	key PAP\t
	expect PAP\x08*paper\\ tower $
	key \n
	expect You.re in paper tower
	expect > $
	key exit\n
	EOF
    await converged &&
    says 2 "who ana" ".person.place.jam == \"paper tower\""
'

test_expect_success 'people' '
    prompt 1 <<-\EOF
	expect > $
	key jam feedback \t\t
	expect ana +ben +lee\s+> jam feedback $
	key b\t
	expect ben $
	key --gl\t
	expect --glow $
	key \x15exit\n
	EOF
'

test_expect_success 'with no daemon it says nothing, and the prompt stays as it was' '
    stop 1 && prompt 1 <<-\EOF && ! grep -iE "jamd|running|tell your" screen
	expect > $
	key jam join \t\tbri\t
	expect jam join bri$
	key \x15jam feedback \t\tx
	expect jam feedback x$
	key \x15jam lea\t
	expect jam leave $
	key \x15exit\n
	EOF
'

test_done
