#!/bin/sh
# The rules of the house, checked: what the rooms may call, what files and functions may be called.
# Wants build/libproto.a and build/libcore.a.
cd "$(dirname "$0")/.." || exit 1

count=0
failures=0
# finds NAME COMMAND...: fails if the command finds anything, and shows it
finds_nothing() {
    name=$1
    shift
    count=$((count + 1))
    found=$("$@" 2>&1)
    if [ -z "$found" ]; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        echo "$found" | head -n 40 >&2
        failures=$((failures + 1))
    fi
}

c_files() { find proto daemon client tests tools -name '*.[ch]' "$@"; }
scripts() { find tests tools .ci -type f -perm -u+x ! -name '*.[ch]'; }

# ---- what a room calls ------------------------------------------------------------------------------------------

# Symbols that an archive needs and doesn't bring along, without the marks of _FORTIFY_SOURCE.
needs() {
    nm -u "$1" | awk '$1 == "U" { print $2 }' | sed -e 's/^__\(.*\)_chk$/\1/' -e 's/@.*//' | sort -u
}

world='time|clock_gettime|clock|gettimeofday|timespec_get|localtime(_r)?|gmtime|nanosleep|u?sleep'
world="$world|getrandom|getentropy|arc4random.*|s?rand(om)?|rand_r|[dlm]rand48|randombytes.*"
world="$world|socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|poll|epoll_.*|select"
world="$world|open(64|at)?|creat|read|pread|write|pwrite|close|fopen(64)?|fdopen|freopen|unlink|rename|stat|fstat"
world="$world|v?f?printf|puts|f?putc|putchar|fputs|fwrite|fread|perror|stdout|stderr|stdin"
world="$world|getenv|secure_getenv|setenv|system|popen|fork|execv.*|signal|sigaction|exit|_exit"
world="$world|pthread_.*|thrd_.*|mtx_.*|uv_.*|zmq_.*"
# these draw randomness inside; the core derives from seeds that it is handed
unseeded='crypto_box_seal|crypto_pwhash_str|crypto_[a-z0-9_]*keygen'

calls_outside() { # ARCHIVE MORE-NAMES
    [ -e "$1" ] || echo "$1 is not built"
    needs "$1" | grep -xE "$world|$unseeded|$2"
    needs "$1" | grep -xE 'crypto_[a-z0-9_]*keypair' | grep -v seed_keypair
}
finds_nothing 'proto calls no clock, chance, file, socket, environment, thread or database' \
    calls_outside build/libproto.a 'sqlite3_.*'
finds_nothing 'the core calls no clock, chance, file, socket, environment or thread' \
    calls_outside build/libcore.a 'sqlite3_randomness'

variables() {
    for archive in "$@"; do
        objdump -t "$archive" | awk 'NF > 4 && $(NF-2) ~ /^\.(data|bss)$/ && $(NF-1) !~ /^0*$/ { print $NF }'
    done
}
finds_nothing 'proto and the core keep no variable outside their structs' \
    variables build/libproto.a build/libcore.a

headers_alone() {
    for header in proto/*.h; do
        gcc -std=c11 -Wall -fsyntax-only -Iproto -x c "$header"
    done
    for header in daemon/core/*.h; do
        gcc -std=c11 -Wall -fsyntax-only -Iproto -Idaemon/core -x c "$header"
    done
    for header in daemon/io/*.h; do
        gcc -std=c11 -Wall -fsyntax-only -D_GNU_SOURCE -Iproto -Idaemon/core -Idaemon/io -x c "$header"
    done
    for header in client/*.h; do
        gcc -std=c11 -Wall -fsyntax-only -D_GNU_SOURCE -Iproto -Iclient -x c "$header"
    done
}
finds_nothing 'each header compiles alone, with what its room may include' headers_alone
finds_nothing 'no file includes around the rooms' \
    grep -rnE '#include "[^"]*/' --include='*.[ch]' proto daemon client

# ---- how things are called --------------------------------------------------------------------------------------

strange_files() {
    for file in *; do
        case $file in
        daemon | client | proto | tests | tools | build | Makefile | README.md | LICENSE) ;;
        *) echo "$file" ;;
        esac
    done
}
finds_nothing 'nothing new stands at the top level' strange_files

vague_names() { find proto daemon client tests tools -type f | grep -iE '(util|common|misc|helper|manager)'; }
finds_nothing 'no file has a name that says nothing' vague_names

banned_functions() {
    c_files -exec grep -nHE '\b(strcpy|strcat|sprintf|vsprintf|strtok|ctime|asctime|gets|atoi)\(' {} +
}
finds_nothing 'no function is called that cannot be called safely' banned_functions

# tests wait for conditions, by `await` of tools/room.sh
lucky_sleeps() {
    grep -rnwE 'u?sleep' --include='*.[ch]' --include='*.t' --include='*.sh' tests |
        grep -v '^tests/house.t:'
}
finds_nothing 'no test sleeps and hopes' lucky_sleeps

silenced_asserts() { c_files -exec grep -nHE '(//|/\*)[ *]*(assert|assert_[a-z_]+)[ ]*\(' {} +; }
finds_nothing 'no assertion is commented out' silenced_asserts

no_first_comment() {
    c_files | while read -r file; do
        head -n 1 "$file" | grep -q '^/\*' || echo "$file"
    done
    scripts | while read -r file; do
        sed -n 2p "$file" | grep -q '^# ' || echo "$file"
    done
}
finds_nothing 'each file says its job in its first comment' no_first_comment

# by its code, its name, or what its sentence says; but not those that nobody makes any more, whose numbers stay taken
unreached_errors() {
    perl -0777 -e '
        my ($list, $rooms, $tests) = map { my $all = ""; $all .= do { open my $f, "<", $_ or die "$_: $!"; <$f> } for glob; $all }
            "proto/err.h", "proto/*.c daemon/*/*.c client/*.c", "tests/unit/*.[ch] tests/sim/*.[ch] tests/e2e/*.t tests/e2e/*.sh";
        while ($list =~ /X\((\w+), *"([a-z-]+)",\s*(?:\/\*.*?\*\/)?\s*"((?:\\.|[^"\\])*)"/g) {
            my ($name, $code, $sentence) = ($1, $2, $3);
            next if $rooms !~ /\b$name\b/;
            tr/\x27/./ for $sentence, $tests; # as a test in quotes writes it
            my ($said) = sort { length $b <=> length $a } split /%\d|%|\\"/, $sentence;
            print "$name\n" unless $tests =~ /\b$name\b|"$code\\?"/ || index($tests, $said) >= 0;
        }'
}
finds_nothing 'each error is met by a test' unreached_errors

promises() {
    c_files -exec grep -nHE '\b(TODO|FIXME|XXX)\b' {} +
    grep -nE '\b(TODO|FIXME|XXX)\b' $(scripts) | grep -v '^tests/house.t:'
}
finds_nothing 'nothing is promised for later' promises

finds_nothing 'clang-format has nothing to change' make -s format-check

echo "1..$count"
[ "$failures" = 0 ]
