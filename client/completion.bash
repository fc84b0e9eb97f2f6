# Completion of jam for bash. Made from the table of commands: jam help --completion
_jam() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local first='' second='' kind='' then='' options='' commands='' words=0 quote='' i name
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --class | --socket) ((i++)) ;;
        -*) ;;
        *) if [[ -z $first ]]; then first=${COMP_WORDS[i]}
            else second=${second:-${COMP_WORDS[i]}} words=$((words + 1)); fi ;;
        esac
    done
    local all='hello bye passphrase who list show start join solo back leave set role task note journal feedback inbox redact watch status doctor class people cards lesson prompt help'
    case $first in
    '') commands=$all ;;
    role) commands='take drop give list' ;;
    task) commands='add take done open list' ;;
    class) commands='create rescue admit invite join list use seat roster devices expel rotate export until close' ;;
    people) commands='confirm rename reset remove teacher forget' ;;
    lesson) commands='start end' ;;
    esac
    if [[ -n $commands && -n $first && -n $second ]]; then
        first="$first $second" commands='' words=$((words - 1))
    fi
    case $first in
    'hello') kind='people' then='' options='--name --passphrase-file --take-over'
        [[ $before == --passphrase-file ]] && kind=files words=0 ;;
    'bye') kind='' then='' options='--everywhere' ;;
    'passphrase') kind='' then='' options='--passphrase-file'
        [[ $before == --passphrase-file ]] && kind=files words=0 ;;
    'who') kind='people' then='' options='' ;;
    'list') kind='' then='' options='' ;;
    'show') kind='jams' then='' options='' ;;
    'start') kind='' then='' options='' ;;
    'join') kind='jams' then='' options='' ;;
    'solo') kind='' then='' options='' ;;
    'back') kind='' then='' options='' ;;
    'leave') kind='jams' then='' options='' ;;
    'set') kind='jams' then='' options='--name --purpose' ;;
    'role take') kind='roles' then='' options='--jam'
        [[ $before == --jam ]] && kind=jams words=0 ;;
    'role drop') kind='roles' then='' options='--jam'
        [[ $before == --jam ]] && kind=jams words=0 ;;
    'role give') kind='people' then='roles' options='--jam'
        [[ $before == --jam ]] && kind=jams words=0 ;;
    'role list') kind='jams' then='' options='' ;;
    'task add') kind='' then='' options='--solo' ;;
    'task take') kind='' then='' options='' ;;
    'task done') kind='' then='' options='' ;;
    'task open') kind='' then='' options='' ;;
    'task list') kind='jams' then='' options='--solo' ;;
    'note') kind='' then='' options='' ;;
    'journal') kind='jams' then='' options='--new --solo' ;;
    'feedback') kind='people' then='' options='--glow --grow --jam'
        [[ $before == --jam ]] && kind=jams words=0 ;;
    'inbox') kind='' then='' options='' ;;
    'redact') kind='' then='' options='--why --whole --receipt' ;;
    'watch') kind='' then='' options='--once' ;;
    'status') kind='' then='' options='--long' ;;
    'doctor') kind='' then='' options='' ;;
    'class create') kind='' then='' options='--as --passphrase-file --until --open --teachers-read --readmit'
        [[ $before == --passphrase-file ]] && kind=files words=0 ;;
    'class rescue') kind='' then='' options='--passphrase-file'
        [[ $before == --passphrase-file ]] && kind=files words=0 ;;
    'class admit') kind='' then='' options='--all' ;;
    'class invite') kind='' then='' options='' ;;
    'class join') kind='' then='' options='' ;;
    'class list') kind='' then='' options='' ;;
    'class use') kind='classes' then='' options='' ;;
    'class seat') kind='seats' then='' options='--machine'
        [[ $before == --machine ]] && kind=seats words=0 ;;
    'class roster') kind='files' then='' options='--remove' ;;
    'class devices') kind='' then='' options='' ;;
    'class expel') kind='seats' then='' options='' ;;
    'class rotate') kind='' then='' options='' ;;
    'class export') kind='files' then='' options='--replace' ;;
    'class until') kind='' then='' options='' ;;
    'class close') kind='' then='' options='--export --no-export --yes'
        [[ $before == --export ]] && kind=files words=0 ;;
    'people confirm') kind='people' then='' options='--all' ;;
    'people rename') kind='people' then='' options='' ;;
    'people reset') kind='people' then='' options='--taken' ;;
    'people remove') kind='people' then='' options='' ;;
    'people teacher') kind='people' then='' options='--off' ;;
    'people forget') kind='people' then='' options='--why' ;;
    'people') kind='' then='' options='' ;;
    'cards') kind='people' then='' options='--html'
        [[ $before == --html ]] && kind=files words=0 ;;
    'lesson start') kind='' then='' options='' ;;
    'lesson end') kind='' then='' options='' ;;
    'prompt') kind='' then='' options='' ;;
    'help') kind='commands' then='' options='--completion' ;;
    esac
    [[ $before == --class ]] && kind='classes' words=0
    [[ $before == --socket ]] && kind='files' words=0
    options+=' --json --plain --class --socket --help --version'
    ((words == 1)) && kind=$then
    ((words > 1)) && kind=''
    [[ $kind == commands ]] && kind='' commands=$all
    case $cur in \'* | \"*) quote=${cur:0:1} cur=${cur:1} ;; esac
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
        name=${name#$'\xe2\x81\xa8'} name=${name%$'\xe2\x81\xa9'} # isolates: for the eye
        if [[ -n $name && ${name,,} == "${cur,,}"* ]]; then
            [[ -n $quote ]] || name=$(printf '%q' "$name")
            COMPREPLY+=("$name")
        fi
    done < <(if [[ -n $kind ]]; then jam names "$kind" 2>/dev/null
        else printf '%s\n' "${commands// /$'\n'}"; fi)
}
complete -F _jam jam
