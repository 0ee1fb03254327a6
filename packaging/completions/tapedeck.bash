# bash completion for tapedeck: its programs' names, and then what each of them completes.

_tapedeck() {
    if [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "profiler replay demo-server traffic mcp help --help --version" -- "$2")
        return
    fi
    local name=${COMP_WORDS[1]} function
    function=_${name//-/_}
    case $name in
    profiler | replay | demo-server | traffic) ;;
    help)
        mapfile -t COMPREPLY < <(compgen -W "profiler replay demo-server traffic mcp" -- "$2")
        return
        ;;
    *) return ;;
    esac
    # The program's own completion lies beside this one.
    # shellcheck source=/dev/null
    declare -F "$function" >/dev/null || . "${BASH_SOURCE[0]%/*}/$name" 2>/dev/null || return
    local before=${COMP_LINE%%"$name"*}
    COMP_LINE=${COMP_LINE#"$before"}
    COMP_POINT=$((COMP_POINT - ${#before}))
    COMP_WORDS=("${COMP_WORDS[@]:1}")
    COMP_CWORD=$((COMP_CWORD - 1))
    "$function" "$name" "$2" "$3"
}

complete -o default -o filenames -F _tapedeck tapedeck
