# Completion of jam for bash. Made from the table of commands: jam help --completion
_jam() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local first='' second='' kind='' options='' commands='' i name
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --class | --socket) ((i++)) ;;
        -*) ;;
        *) if [[ -z $first ]]; then first=${COMP_WORDS[i]}
            else second=${second:-${COMP_WORDS[i]}}; fi ;;
        esac
    done
    local all='hello bye who list show start join solo back leave set role task note journal feedback inbox watch status doctor class prompt help'
    case $first in
    '') commands=$all ;;
    role) commands='take drop give list' ;;
    task) commands='add take done open list' ;;
    class) commands='create invite join list use seat' ;;
    esac
    if [[ -n $commands && -n $first && -n $second ]]; then
        first="$first $second" commands=''
    fi
    case $first in
    'hello') kind='people' options='--name' ;;
    'bye') kind='' options='' ;;
    'who') kind='people' options='' ;;
    'list') kind='' options='' ;;
    'show') kind='jams' options='' ;;
    'start') kind='' options='' ;;
    'join') kind='jams' options='' ;;
    'solo') kind='' options='' ;;
    'back') kind='' options='' ;;
    'leave') kind='jams' options='' ;;
    'set') kind='jams' options='--name --purpose' ;;
    'role take') kind='roles' options='--jam'
        [[ $before == --jam ]] && kind=jams ;;
    'role drop') kind='roles' options='--jam'
        [[ $before == --jam ]] && kind=jams ;;
    'role give') kind='people' options='--jam'
        [[ $before == --jam ]] && kind=jams ;;
    'role list') kind='jams' options='' ;;
    'task add') kind='' options='--solo' ;;
    'task take') kind='' options='' ;;
    'task done') kind='' options='' ;;
    'task open') kind='' options='' ;;
    'task list') kind='jams' options='--solo' ;;
    'note') kind='' options='' ;;
    'journal') kind='jams' options='--new --solo' ;;
    'feedback') kind='people' options='--glow --grow --jam'
        [[ $before == --jam ]] && kind=jams ;;
    'inbox') kind='' options='' ;;
    'watch') kind='' options='--once' ;;
    'status') kind='' options='--long' ;;
    'doctor') kind='' options='' ;;
    'class create') kind='' options='' ;;
    'class invite') kind='' options='' ;;
    'class join') kind='' options='' ;;
    'class list') kind='' options='' ;;
    'class use') kind='classes' options='' ;;
    'class seat') kind='seats' options='--machine'
        [[ $before == --machine ]] && kind=seats ;;
    'prompt') kind='' options='' ;;
    'help') kind='commands' options='--completion' ;;
    esac
    [[ $before == --class ]] && kind='classes'
    [[ $before == --socket ]] && kind='files'
    options+=' --json --plain --class --socket --help --version'
    [[ $kind == commands ]] && kind='' commands=$all
    cur=${cur//\\/}
    COMPREPLY=()
    if [[ $cur == -* ]]; then
        kind='' commands=$options
    fi
    if [[ $kind == files ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
    fi
    while IFS= read -r name; do
        if [[ -n $name && ${name,,} == "${cur,,}"* ]]; then
            COMPREPLY+=("$(printf '%q' "$name")")
        fi
    done < <(if [[ -n $kind ]]; then jam names "$kind" 2>/dev/null
        else printf '%s\n' "${commands// /$'\n'}"; fi)
}
complete -F _jam jam
