#!/bin/sh
# install.sh install|uninstall: puts Tapedeck's programs, manual, guide, completions and service where they belong, or
# takes them away again. Nothing is written before all that it is told makes sense. From the environment:
#   BUILT       the folder of the programs (only to install)
#   PROGRAMS    which of them
#   PREFIX      /usr/local
#   DESTDIR     a folder in whose place PREFIX is taken, for packages
#   SYSCONFDIR, UNITDIR, ZSHDIR: where settings, units and zsh's completions go
set -eu
# What is installed is everybody's to read, whatever the umask of who installs it.
umask 022
export LC_ALL=C
cd "$(dirname "$0")/.."
action=${1:-}
prefix=${PREFIX:-/usr/local}
destination=${DESTDIR:-}
sysconfdir=${SYSCONFDIR:-/etc}
unitdir=${UNITDIR:-$prefix/lib/systemd/system}
zshdir=${ZSHDIR:-$prefix/share/zsh/site-functions}
libexec=$prefix/libexec/tapedeck
documents=$prefix/share/doc/tapedeck
programs=${PROGRAMS:-replay profiler demo-server traffic}

refuse() {
    echo "install.sh: $1; nothing was done" >&2
    exit 2
}
# These stand in the unit and in links, where blanks, quotes and % mean something else to each reader.
path() { # NAME VALUE
    case $2 in
    /*) ;;
    *) refuse "$1=$2: must begin with /" ;;
    esac
    case $2 in
    *[!A-Za-z0-9/._+:@~,-]*)
        refuse "$1=$2: may have letters, digits and / . _ + : @ ~ , - only, for systemd's unit and links name it"
        ;;
    esac
}

case $action in
install | uninstall) ;;
*)
    echo "usage: install.sh install|uninstall" >&2
    exit 2
    ;;
esac
path PREFIX "$prefix"
path SYSCONFDIR "$sysconfdir"
path UNITDIR "$unitdir"
path ZSHDIR "$zshdir"
case $destination in
'' | /*) ;;
*) destination=$PWD/$destination ;;
esac
# What has to be made is made in the nearest folder that is there.
writable() { # NAME PATH
    folder=$destination$2
    while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
    [ -d "$folder" ] && [ -w "$folder" ] ||
        refuse "$1=$2: $folder is no folder that you may write to; install as root, or name another $1 or DESTDIR"
}
if [ "$action" = install ]; then
    writable PREFIX "$prefix"
    writable ZSHDIR "$zshdir"
    case " $programs " in
    *" profiler "*)
        writable SYSCONFDIR "$sysconfdir"
        writable UNITDIR "$unitdir"
        ;;
    esac
fi
for program in $programs; do
    case $program in
    replay | profiler | demo-server | traffic) ;;
    *) refuse "PROGRAMS: $program: no such program; name some of replay, profiler, demo-server, traffic" ;;
    esac
    [ "$action" = uninstall ] || [ -x "${BUILT:-}/$program" ] ||
        refuse "BUILT=${BUILT:-}: has no program $program; \`make release\` builds it"
done

put() { # MODE FILE PATH
    if [ "$action" = install ]; then
        install -D -m "$1" "$2" "$destination$3"
    else
        rm -f "$destination$3"
    fi
}
put_link() { # TARGET PATH
    if [ "$action" = install ]; then
        mkdir -p "$(dirname "$destination$2")"
        ln -sfn "$1" "$destination$2"
    else
        put 0 "" "$2"
    fi
}
# What a program completes; replay's first argument may be a file as well as a subcommand.
completion() { # PROGRAM SHELL
    "$BUILT/$1" --generate-completion-script "$2" >"$work/script"
    case $1-$2 in
    replay-bash) sed '1d; s/^complete -o filenames/complete -o default -o filenames/' "$work/script" ;;
    # It is read by a shell, and no program: no #! line.
    *-bash) sed 1d "$work/script" ;;
    replay-zsh) sed 's/^\( *\)_describe -V subcommand subcommands && ret=0$/&\n\1_files \&\& ret=0/' "$work/script" ;;
    replay-fish)
        cat "$work/script"
        echo "complete -c 'replay' -n '__replay_should_offer_completions_for_positional \"replay\" -eq 1' -F"
        ;;
    *) cat "$work/script" ;;
    esac
}
put_completion() { # PROGRAM SHELL PATH
    if [ "$action" = install ]; then completion "$1" "$2" >"$work/text"; fi
    put 644 "$work/text" "$3"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in $programs; do
    put 755 "${BUILT:-}/$program" "$libexec/$program"
    page=$(cd docs/man && ls "$program".[18])
    section=${page##*.}
    # A program for root lies where root's do.
    bin=bin
    [ "$section" = 1 ] || bin=sbin
    put_link "../libexec/tapedeck/$program" "$prefix/$bin/$program"
    put 644 "docs/man/$page" "$prefix/share/man/man$section/$page"
    echo ".so man$section/$page" >"$work/text"
    put 644 "$work/text" "$prefix/share/man/man$section/tapedeck-$page"
    put_completion "$program" bash "$prefix/share/bash-completion/completions/$program"
    put_completion "$program" zsh "$zshdir/_$program"
    put_completion "$program" fish "$prefix/share/fish/vendor_completions.d/$program.fish"
done
case " $programs " in
*" replay "*)
    put 755 packaging/tapedeck "$prefix/bin/tapedeck"
    put 644 docs/man/tapedeck.1 "$prefix/share/man/man1/tapedeck.1"
    put 644 packaging/grafana/tapedeck.json "$prefix/share/tapedeck/grafana/tapedeck.json"
    # As they lie in the repository, so that their links lead on; and what the guide's commands read.
    for page in README.md SECURITY.md docs/*.md docs/*.svg; do put 644 "$page" "$documents/$page"; done
    put 644 Fixtures/demo/shop/input.pcap "$documents/examples/shop.pcap"
    put 644 Fixtures/demo/shop/names "$documents/examples/names"
    put 644 packaging/completions/tapedeck.bash "$prefix/share/bash-completion/completions/tapedeck"
    put 644 packaging/completions/tapedeck.zsh "$zshdir/_tapedeck"
    put 644 packaging/completions/tapedeck.fish "$prefix/share/fish/vendor_completions.d/tapedeck.fish"
    ;;
esac
case " $programs " in
*" profiler "*)
    sed "s|@LIBEXECDIR@|$prefix/libexec|; s|@SYSCONFDIR@|$sysconfdir|" packaging/tapedeck-profiler.service.in >"$work/text"
    put 644 "$work/text" "$unitdir/tapedeck-profiler.service"
    # Settings are whoever made them: neither written over nor, if they were changed, taken away.
    settings=$sysconfdir/tapedeck/profiler.env
    if cmp -s packaging/profiler.env "$destination$settings" || [ ! -e "$destination$settings" ]; then
        put 644 packaging/profiler.env "$settings"
    else
        echo "install.sh: leaves $destination$settings as it is" >&2
    fi
    ;;
esac
if [ "$action" = uninstall ]; then
    for folder in "$libexec" "$sysconfdir/tapedeck" "$prefix/share/tapedeck/grafana" "$prefix/share/tapedeck" \
        "$documents/docs" "$documents/examples" "$documents"; do
        [ ! -d "$destination$folder" ] || rmdir --ignore-fail-on-non-empty "$destination$folder"
    done
fi
