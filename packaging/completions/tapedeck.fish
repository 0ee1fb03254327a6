# fish completion for tapedeck: its programs' names, and then what each of them completes.
complete -c tapedeck -f
complete -c tapedeck -n __fish_use_subcommand -a profiler -d 'watch processes that opted in, or a command that it starts'
complete -c tapedeck -n __fish_use_subcommand -a replay -d 'read traces and captures'
complete -c tapedeck -n __fish_use_subcommand -a demo-server -d 'the services that Tapedeck is shown and tested with'
complete -c tapedeck -n __fish_use_subcommand -a traffic -d 'make known traffic'
complete -c tapedeck -n __fish_use_subcommand -a mcp -d 'let an agent ask for what recordings show'
complete -c tapedeck -n __fish_use_subcommand -a help -d 'say what there is'
complete -c tapedeck -n __fish_use_subcommand -l version -d 'Show the version.'
complete -c tapedeck -n __fish_use_subcommand -s h -l help -d 'Show help information.'

function __tapedeck_program
    set -l words (commandline -opc)
    contains -- "$words[2]" profiler replay demo-server traffic
end

function __tapedeck_arguments
    set -l words (commandline -opc) (commandline -ct)
    complete -C (string join ' ' -- $words[2..])
end

complete -c tapedeck -n __tapedeck_program -a '(__tapedeck_arguments)'
complete -c tapedeck -n '__fish_seen_subcommand_from help' -a 'profiler replay demo-server traffic mcp'
