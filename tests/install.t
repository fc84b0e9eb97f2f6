#!/bin/sh
# What `make install` puts where, and that `make uninstall` takes all of it away.
cd "$(dirname "$0")/.." || exit 1
to=$(mktemp -d) || exit 1
trap 'rm -rf "$to"' EXIT

count=0
failures=0
check() {
    name=$1
    shift
    count=$((count + 1))
    if "$@" >&2; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        failures=$((failures + 1))
    fi
}

there() {
    for file in bin/jam bin/jamd share/man/man1/jam.1 share/man/man8/jamd.8 \
        share/bash-completion/completions/jam lib/systemd/system/jamd.service; do
        [ -s "$to/usr/$file" ] || { echo "not there: $file"; return 1; }
    done
}
nothing_left() { [ -z "$(find "$to" ! -type d)" ]; }
pages_render() {
    command -v man >/dev/null || return 0
    for page in man1/jam.1 man8/jamd.8; do
        said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z "$to/usr/share/man/$page" 2>&1 >/dev/null)
        [ -z "$said" ] || { echo "$page: $said"; return 1; }
    done
}

check 'install works' make -s install DESTDIR="$to" PREFIX=/usr
check 'programs, pages, completion and unit are there' there
check 'the unit starts the program where it was put' \
    grep -q '^ExecStart=/usr/bin/jamd ' "$to/usr/lib/systemd/system/jamd.service"
check 'the manual pages render without a warning' pages_render
check 'bash takes the completion' \
    bash -c ". '$to/usr/share/bash-completion/completions/jam' && complete -p jam"
check 'the installed program runs' "$to/usr/bin/jam" --version
check 'uninstall works' make -s uninstall DESTDIR="$to" PREFIX=/usr
check 'and leaves nothing' nothing_left
echo "1..$count"
[ "$failures" = 0 ]
