#!/bin/sh
# Each decoder gets its corpus, then FUZZ_SECONDS of what libFuzzer makes of it. What breaks one is
# kept in build/fuzz/; it belongs into the corpus afterwards. As a test it begins with the same seed each time, so that
# a change fails by its own fault only; `make fuzz` draws fresh ones (FUZZ_SEED=0).
cd "$(dirname "$0")/../.." || exit 1
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT
n=0
status=0
for source in tests/fuzz/fuzz_*.c; do
    [ -e "$source" ] || break
    n=$((n + 1))
    name=$(basename "$source" .c)
    corpus=tests/fuzz/corpus/${name#fuzz_}
    [ -d "$corpus" ] || corpus=
    mkdir "$new/$name"
    if "build/fuzz/tests/fuzz/$name" "$new/$name" $corpus -seed="${FUZZ_SEED:-1}" -max_total_time="${FUZZ_SECONDS:-5}" \
        -timeout=10 -rss_limit_mb=1024 -artifact_prefix=build/fuzz/ 2>"$new/said"; then
        echo "ok $n - $name takes what it gets"
    else
        echo "not ok $n - $name takes what it gets"
        tail -n 40 "$new/said" >&2
        status=1
    fi
done
if [ "$n" = 0 ]; then
    echo '1..0 # SKIP there is nothing to fuzz'
else
    echo "1..$n"
fi
exit $status
