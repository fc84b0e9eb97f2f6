#!/bin/sh
# What one keeps of a class: the open work and one's own, in a file that needs no Jam; nobody else's letters, no register.
test_description='keeping what a class wrote'
ROOM=2
. "$(dirname "$0")/room.sh"

# at machine I: what was kept, as JSON lines, holds this somewhere
kept() { jq -e -s "any(.[]; $2)" "$JAM_ROOM/$1.jsonl" >/dev/null; }
words() { printf '%s\n' "$1" >"$JAM_ROOM/$2" && echo "$JAM_ROOM/$2"; }

test_expect_success 'a class with passphrases, in which all kinds of things were written' '
    start 1 && found 1 "Period 3" --until 2027-07-01 && jq -r .invite "$JAM_ROOM/1/json" >"$JAM_ROOM/invite" &&
    fill 2 2 && await "see_all 2" &&
    on 2 jam hello ana --passphrase-file $(words "cobweb item comet" ana) && await converged &&
    on 1 jam people confirm ana && on 1 jam start bridge span a metre && on 1 jam role take recorder && on 1 jam task add measure the load &&
    on 1 jam note "triangles hold best" && on 1 jam note "a slip of the pen" && on 1 jam feedback --jam bridge --glow "it stands" &&
    on 1 jam journal >lines && n=$(awk "/slip/ { print \$1 }" lines) && on 1 jam redact "$n" --why "a slip" &&
    await converged && on 2 jam solo reading && on 2 jam task add --solo finish the chapter &&
    on 2 jam note "my own thought" && await converged &&
    on 1 jam feedback ana --glow "clear words" --grow "a drawing" && on 2 jam feedback lee --glow "good lesson" && await converged
'

test_expect_success 'a pupil keeps the open work and her own, and not what is for others' '
    on 2 jam class export "$JAM_ROOM/2.jsonl" >said && grep "as ana" said && head -n 1 "$JAM_ROOM/2.jsonl" | grep "^{\"v\":1,\"type\":\"class\"" &&
    kept 2 ".type == \"jam\" and .name == \"bridge\" and .purpose == \"span a metre\" and .roles[0].role == \"recorder\"" &&
    kept 2 ".task.title == \"measure the load\"" && kept 2 ".line.text == \"triangles hold best\" and .jam == \"bridge\"" &&
    kept 2 ".feedback.glow == \"it stands\" and .jam == \"bridge\"" &&
    kept 2 ".line.text == \"my own thought\" and .jam == null" && kept 2 ".task.title == \"finish the chapter\" and .jam == null" &&
    kept 2 ".feedback.grow == \"a drawing\" and .feedback.sealed" && ! grep "good lesson" "$JAM_ROOM/2.jsonl" &&
    ! grep "slip of the pen" "$JAM_ROOM/2.jsonl" && kept 2 ".line.op == \"redact\""
'

test_expect_success 'a teacher keeps the same open work, and not what pupils keep to themselves' '
    on 1 jam class export "$JAM_ROOM/1.jsonl" &&
    kept 1 ".line.text == \"triangles hold best\"" && kept 1 ".feedback.glow == \"good lesson\"" &&
    ! grep -e "my own thought" -e "finish the chapter" -e "clear words" "$JAM_ROOM/1.jsonl"
'

test_expect_success 'nobody keeps a register: who came, went in and out' '
    on 2 jam join bridge && on 2 jam leave bridge && on 2 jam back || on 2 jam solo && await converged &&
    on 1 jam class export "$JAM_ROOM/3.jsonl" && test_must_fail kept 3 ".line.op | IN(\"hello\", \"bye\", \"join\", \"leave\", \"solo\")"
'

test_expect_success 'as a text it is read without Jam' '
    mkdir "$JAM_ROOM/mine" && on 2 jam class export "$JAM_ROOM/mine" --json >said && file=$(jq -r .export.file said) &&
    jq -e ".v == 1 and .export.jams == 1 and .export.feedback == 2 and .export.old_key == 0" said &&
    case $file in "$JAM_ROOM/mine/Period 3, ana, 20"*.md) ;; *) false ;; esac &&
    head -n 1 "$file" | grep "^# Period 3$" && grep "^## bridge: span a metre$" "$file" && grep -F -e "- [ ] measure the load" "$file" &&
    grep "^- 20.*, lee: triangles hold best$" "$file" && grep "The last day of the class: 2027-07-01" "$file" &&
    grep "^## One.s own: ana$" "$file" && grep "glow: clear words" "$file" && [ "$(stat -c %a "$file")" = 600 ] &&
    on 2 jam class export "$JAM_ROOM/mine" && cmp "$file" "${file%.md} (2).md"
'

test_expect_success 'a file that is there is written over only if that is said' '
    echo precious >there.md && test_expect_code 1 on 2 jam class export there.md 2>err && grep -F " is there already." err && grep precious there.md &&
    ln -s precious link.md && test_expect_code 1 on 2 jam class export link.md && test -L link.md &&
    on 2 jam class export there.md --replace && ! grep precious there.md && grep triangles there.md &&
    on 2 jam class export link.md --replace && test ! -L link.md && test ! -e precious &&
    test "$(find . -name "*.md.*")" = ""
'

test_expect_success 'what can not be written leaves nothing behind' '
    test_expect_code 1 on 2 jam class export /nowhere/at/all.md 2>err && grep " can.t be written: " err &&
    test_expect_code 1 on 2 jam class export "$(printf %0300d 1).md" 2>err &&
    if [ -w /dev/shm ]; then
        mkdir full && mount -t tmpfs -o size=4k none full && on 1 python3 -c "print(\"x\" * 3800)" >long &&
        on 1 jam note "$(cat long)" && on 1 jam note "$(cat long)" &&
        test_expect_code 1 on 1 jam class export full/it.md 2>err && grep "No space" err && test "$(ls full)" = "" && umount full
    fi
'

test_expect_success 'only who is signed in keeps anything' '
    on 2 jam bye && test_expect_code 1 on 2 jam class export gone.md 2>err && grep "Nobody is signed in" err && test ! -e gone.md
'

test_expect_success 'names and texts of others do no harm' '
    on 2 jam hello mal --passphrase-file $(words "puffin falcon costume" mal) &&
    on 2 jam start "../../.ssh/$(printf "\342\200\256")x" "**bold** <script>" &&
    on 2 jam note "$(printf "first\n# ana: heading\n- 2026-11-23 10:09, lee: forged\n[x](http://evil) \033[31mred")" && await converged &&
    on 1 jam class export harm.md && ! grep -q "$(printf "\033\|\342\200\256")" harm.md && ! grep "^#* ana: heading" harm.md &&
    grep -F "  > \\# ana: heading" harm.md && grep -F "  > \\- 2026-11-23 10:09, lee: forged" harm.md &&
    grep -F "\\[x\\](http://evil)" harm.md && grep -F "\\*\\*bold\\*\\* \\<script\\>" harm.md
'

test_expect_success 'a long class comes in many pieces, each line once' '
    for i in $(test_seq 1 400); do echo "{\"text\": \"line $i\"}"; done >notes &&
    on 2 python3 "$top/tests/e2e/many.py" "$JAM_ROOM/2/socket" note <notes && await converged &&
    on 1 jam class export long.jsonl &&
    jq -r "select(.line.op == \"note\") | .line.text | select(startswith(\"line \"))" long.jsonl >got &&
    for i in $(test_seq 1 400); do echo "line $i"; done >want && test_cmp want got &&
    test_must_fail wire 1 class.export "{\"from\": \"00\"}" && test_must_fail wire 1 class.export "{\"from\": \"09$(printf %0112d 0)\"}" >out &&
    wire 1 class.export "{\"from\": \"07$(printf %0112d 0)\"}" >out && jq -e ".next == null" out
'

test_done
