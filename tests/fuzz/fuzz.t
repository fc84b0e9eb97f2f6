#!/bin/sh
# Each target gets its corpus, then so many inputs that libFuzzer makes of it. As a test it begins with the same seed each
# time, so that a change fails by its own fault only; with FUZZ_SECONDS (`make fuzz`) each goes on for so long, from a fresh
# seed. What breaks one is kept in build/checked/; it belongs into the corpus afterwards.
cd "$(dirname "$0")/../.." || exit 1
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT

# how many inputs, and how long they get. A million of each that takes microseconds; fewer where one costs a signature, a
# search through all words, or a whole conversation with a machine. What a target is given to begin with counts: of the
# database's, 539 are edges (below)
targets='
beacon    1000000   256
client        500  4096
config    1000000  1024
database     1040  4096
entry     1000000  4096
knock       30000   256
letter     200000  4096
message   1000000  4096
op        1000000  4096
rotation    30000   512
run       1000000  4096
scan      1000000  4096
sync          500  4096
text       100000   512
words        5000   256
'

# Into a folder: inputs that put into each column of each table of a database what it never holds, four columns in each.
edges() {
    cat daemon/core/log.sql daemon/core/schema.sql | perl -0777 -e '
        my @values = ("\xc0", "\x00", "\xff", "\xa0", "\xc4\x00", "\xcf\x7f" . "\xff" x 7, "\xd3\x80" . "\x00" x 7,
            "\xcf" . pack("Q>", 1234567890123456), "\xb0" . "7" x 16, "\xc4\x10" . "\xff" x 16, "\xc4\x21" . "\x01" x 33);
        my ($sql, %columns, @cells) = (scalar <STDIN>);
        while ($sql =~ /CREATE TABLE IF NOT EXISTS (\w+) \((.*?)^\)/smg) {
            my ($name, $inside) = ($1, $2);
            $columns{$name} = () = $inside =~ /^    \w+ (?:BLOB|INTEGER|TEXT)/mg;
        }
        my @tables = sort keys %columns;
        for my $t (0 .. $#tables) { push @cells, map { [$t, $_] } 0 .. $columns{$tables[$t]} - 1 }
        my $step = int(@cells / 4) + 1;
        for my $i (0 .. $step - 1) { for my $v (0 .. $#values) {
            open my $out, ">:raw", "$ARGV[0]/$i-$v" or die $!;
            print $out map { pack("C5", 0x95, 0, @$_, 0) . $values[$v] } grep { $_ } @cells[map { $i + $_ * $step } 0 .. 3];
        } }' "$1"
}

# try NAME RUNS BYTES
try() {
    corpus=tests/fuzz/corpus/$1
    [ -d "$corpus" ] || corpus=
    mkdir "$new/$1"
    if [ "$1" = database ]; then
        mkdir "$new/edges"
        edges "$new/edges"
        corpus="$corpus $new/edges"
    fi
    if [ "$FUZZ_SECONDS" ]; then
        set -- "$1" "$3" -max_total_time="$FUZZ_SECONDS" -seed=0
    else
        set -- "$1" "$3" -runs="$2" -seed=1
    fi
    target=$1 bytes=$2
    shift 2
    "build/checked/tests/fuzz/fuzz_$target" "$new/$target" $corpus -max_len="$bytes" "$@" -timeout=300 \
        -rss_limit_mb=1024 -artifact_prefix=build/checked/ 2>"$new/$target.said"
}

n=0
status=0
for source in tests/fuzz/fuzz_*.c; do
    n=$((n + 1))
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    if row=$(echo "$targets" | grep "^$name ") && try $row; then
        done=$(sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) .*/\1 inputs, \2 s/p' "$new/$name.said")
        echo "ok $n - $name takes what it gets ($done)"
    else
        echo "not ok $n - $name takes what it gets"
        sed -n '/ALARM\|ERROR/,$p' "$new/$name.said" | head -n 80 >&2 # with the input, and where it was
        status=1
    fi
done
echo "1..$n"
exit $status
