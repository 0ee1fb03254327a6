#compdef tapedeck
# Its programs' names, and then what each of them completes.

_tapedeck() {
    local state ret=1
    local -a programs=(
        'profiler:watch processes that opted in, or a command that it starts'
        'replay:read traces and captures'
        'demo-server:the services that Tapedeck is shown and tested with'
        'traffic:make known traffic'
        'mcp:let an agent ask for what recordings show'
        'help:say what there is'
    )
    _arguments -C '--version[Show the version.]' '(-h --help)'{-h,--help}'[Show help information.]' \
        '1: :->program' '*:: :->arguments' && ret=0
    case $state in
    program) _describe program programs && ret=0 ;;
    arguments)
        case $words[1] in
        profiler|replay|demo-server|traffic) _dispatch $words[1] $words[1] && ret=0 ;;
        mcp) _files && ret=0 ;;
        help) programs[-1]=(); _describe program programs && ret=0 ;;
        esac
        ;;
    esac
    return ret
}

_tapedeck "$@"
