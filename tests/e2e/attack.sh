# What the attacks' tests share: a room of three honest machines, and machine 4, at which nobody's daemon runs. To be sourced
# after room.sh. While an attack lasts somebody at machine 1 writes ten notes a second, and somebody at machine 3 waits for each.
#
#   attack NAME [OPTIONS]     the whole attack, from machine 4, at all three; what it says is in $JAM_ROOM/said-NAME
#   begin NAME [OPTIONS]      the same, until `end`; it is under way when this returns
#   watch_over NAME           measures from now on; `attack` and `begin` do it themselves
#   lasts N                   until it has lasted for N more of those notes
#   at_work                   all three run, see each other, and a note passes
#   cost_little I...          machines that ran all the time since (or since `weigh I`) took no more memory, disk, descriptors
#                             and lines of log than the table says
#   held                      of the last attack: its notes came in at most twice the time of an idle room, and the machines that
#                             ran all the time cost little
#   unharmed                  all of this, and they hold the same
#
# In a test that stops machine 1 or the one that waits, or parts them, unwatched=yes: then of notes only how they pass
# afterwards is measured. there=2: somebody at machine 2 waits for the notes, not at 3.

# The most that an attack may cost each machine: memory at its worst (kB), disk (kB), descriptors that are left over, lines of log;
# and how long an op may take (ms; 0: twice its idle time). A note that rests on feeds that others refused for now is taken once
# they have compared. In stubs is what a machine takes that has just come in.
attack_costs='
*                4000  8000   50   30     0
flood-devices    4000  8000   50   30   500
forged           4000  8000   50   30   500
half-open       20000  8000   50   30     0
handshakes       8000  8000   50   30     0
huge-frame       1000  8000   50   30     0
letters         20000 40000   50   30     0
long             1000  8000   50   30     0
numbers          8000  8000   50   30     0
refold          20000  8000   50   30     0
strangers        8000  8000   50   30     0
stubs            8000  8000   50   30     0
victim-inbox     8000  8000   50   30     0
victim-port      8000  8000   50   30     0
zmtp-garbage     8000 12000   50   30     0
'

cost_of() { # NAME COLUMN
    echo "$attack_costs" | awk -v name="$1" -v column="$2" '$1 == name || ($1 == "*" && !found) { found = $column } END { print found }'
}

attack_run() { # NAME OPTIONS...: in the place of this shell
    name=$1
    shift
    set -- "$name" $targets "$@"
    [ -n "$no_words" ] || set -- "$@" --invite "$(cat "$JAM_ROOM/invite")"
    exec nsenter "--net=$JAM_LAB/net/${from:-4}" "--uts=$JAM_LAB/uts/${from:-4}" -- \
        hostile "$@" >"$JAM_ROOM/said-$name" 2>&1 </dev/null 3>&- 4>&- 5>&- 6>&-
}

# the inboxes' ports, asked once
targets_of() {
    targets=
    for attack_i in "$@"; do
        targets="$targets --to 10.77.0.$attack_i:$(port_of "$attack_i")"
    done
}

attack() {
    watch_over "$1"
    (attack_run "$@") || { cat "$JAM_ROOM/said-$1" && return 1; }
    probe_end
}

begin() {
    [ -z "$attacker" ] || kill "$attacker" 2>/dev/null # what a failed test left
    watch_over "$1"
    (attack_run "$@") &
    attacker=$!
    await "grep -q 'under way' '$JAM_ROOM/said-$begun' || ! kill -0 $attacker" && kill -0 "$attacker"
}

end() {
    probe_end
    kill -0 "$attacker" && kill "$attacker" && { wait "$attacker" || attacker=; }
}

# ---- what it costs others ----

status_of() { awk -v key="^$2:" '$0 ~ key { print $2 }' "/proc/$(cat "$JAM_ROOM/$1/pid")/status"; }
peak() { status_of "$1" VmHWM; }
disk() { du -sk "$JAM_ROOM/$1/state" | cut -f 1; }
fds() { ls "/proc/$(cat "$JAM_ROOM/$1/pid")/fd" | wc -l; }
ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "$JAM_ROOM/$1/pid")/stat"; }

weigh() { # I: as things are; the peak of its memory begins anew
    { echo 5 >"/proc/$(cat "$JAM_ROOM/$1/pid")/clear_refs"; } 2>/dev/null
    echo "$(cat "$JAM_ROOM/$1/pid") $(peak "$1") $(disk "$1") $(fds "$1") $(wc -l <"$JAM_ROOM/$1/log")" >"$JAM_ROOM/$1/weight"
}

watch_over() {
    begun=$1
    for watch_i in $(running); do
        weigh "$watch_i"
    done
    probe_end
    : >"$JAM_ROOM/ways"
    [ -n "$unwatched" ] || {
        "$top/tests/e2e/hostile.py" probe "$JAM_ROOM/1/socket" "$JAM_ROOM/${there:-3}/socket" "$JAM_ROOM/ways" </dev/null &
        probe=$!
        await "[ -s '$JAM_ROOM/ways' ]"
    }
}

probe_end() {
    [ -z "$probe" ] || {
        kill "$probe" 2>/dev/null
        wait "$probe"
        probed=$?
        probe=
    }
}

lasts() {
    lasts_=$(($(wc -l <"$JAM_ROOM/ways") + $1))
    await "[ \$(wc -l <'$JAM_ROOM/ways') -ge $lasts_ ]" 300
}

# costs_less I WHAT LESS UNIT: than the table says
costs_less() {
    echo "$begun: $2 of machine $1 grew by $3 $4, of $(cost_of "$begun" "$5")" && [ "$3" -le "$(cost_of "$begun" "$5")" ]
}

cost_little() { # I...
    for cost_i in "$@"; do
        read -r was_pid was_peak was_disk was_fds was_lines <"$JAM_ROOM/$cost_i/weight" &&
            [ "$was_pid" = "$(cat "$JAM_ROOM/$cost_i/pid")" ] &&
            costs_less "$cost_i" memory $(($(peak "$cost_i") - was_peak)) kB 2 &&
            costs_less "$cost_i" disk $(($(disk "$cost_i") - was_disk)) kB 3 &&
            await "[ \$(fds $cost_i) -le $((was_fds + $(cost_of "$begun" 4))) ]" 30 &&
            costs_less "$cost_i" log $(($(wc -l <"$JAM_ROOM/$cost_i/log") - was_lines)) lines 5 || return 1
    done
}
ran_on() { # I: since it was weighed
    alive "$1" && [ "$(cut -d " " -f 1 "$JAM_ROOM/$1/weight")" = "$(cat "$JAM_ROOM/$1/pid")" ]
}

# three of four notes; at least 200 ms are allowed, which hardly anybody feels: below that the computer's other work decides
latency() { "$top/tests/e2e/hostile.py" latency "$JAM_ROOM/1/socket" "$JAM_ROOM/${there:-3}/socket" "${1:-20}"; }

held() {
    after=$(latency) || return 1
    way=$(grep -v ended "$JAM_ROOM/ways" | sort -n | awk '{ at[NR] = $1 } END { if (NR > 4) print at[int((3 * NR + 3) / 4)] }')
    [ -z "$unwatched" ] || way=$after
    most=$((idle * 2))
    [ -n "$unwatched" ] || most=$(((idle > after ? idle : after) * 2))
    most=$((most > 200000 ? most : 200000))
    stated=$(($(cost_of "$begun" 6) * 1000))
    echo "$begun: $(wc -l <"$JAM_ROOM/ways") notes, ${way:-none} us; idle $idle us, afterwards $after us"
    [ -z "$way" ] && echo "no note passed" && return 1
    [ "${probed:-0}" = 0 ] && [ "$way" -lt $((stated ? stated : most)) ] &&
        for held_i in 1 2 3; do
            ! ran_on $held_i || cost_little $held_i || return 1
        done
}

# sees I J...: machine I has these hosts here
sees() {
    sees_i=$1
    shift
    json "$sees_i" status || return 1
    for sees_j in "$@"; do
        ask "$sees_i" "[.status.machines[] | select(.host == \"pc$sees_j\" and .state == \"here\")] | length == 1" || return 1
    done
}

note_passes() {
    unharmed_n=$((unharmed_n + 1))
    on 1 jam note "still $unharmed_n" >/dev/null && await "journal_has 3 bridge 'still $unharmed_n'" 30
}

at_work() {
    alive 1 && alive 2 && alive 3 && await "sees 1 2 3 && sees 2 1 3 && sees 3 1 2" && note_passes
}
unharmed() { at_work && await "converged 1 2 3" && held; }

open_attack_room() {
    open_room 3 && sign_in 1 ana && sign_in 2 ben && sign_in 3 chloe && on 1 jam start bridge &&
        await "on 3 jam join bridge" && await "converged 1 2 3" && targets_of 1 2 3 && idle=$(latency)
}
