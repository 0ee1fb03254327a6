#!/usr/bin/env bash
# `make install` into a folder: what is there runs and says its version, the manual can be read, bash, zsh and fish
# complete, the unit is one that systemd takes; `make uninstall` leaves nothing. Needs programs that are built ($BUILT).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
wrong() {
    echo "WRONG: $*"
    failures=$((failures + 1))
}
is() { # WHAT WANTED GOT
    [ "$2" = "$3" ] || wrong "$1: wanted ‘$2’, got ‘$3’"
}

root=$work/root
at=$root/usr/local
make --no-print-directory install DESTDIR="$root"
export PATH=$at/bin:$at/sbin:$PATH
number=$(sed -n 's/.*static let number = "\(.*\)"$/\1/p' Sources/Shared/Command/ProgramVersion.swift)

# One version, and one line on top of CHANGELOG.md that says so.
[[ $(tapedeck --version) =~ ^tapedeck\ ${number//./\\.}\ \([0-9a-f]{10}\)$ ]] || wrong "version: $(tapedeck --version)"
for program in profiler replay demo-server traffic; do
    is "$program --version" "tapedeck $("$program" --version)" "$(tapedeck --version)"
    is "tapedeck $program" "$("$program" --help | sha256sum)" "$(tapedeck "$program" --help | sha256sum)"
    is "tapedeck help $program" "$("$program" --help | sha256sum)" "$(tapedeck help "$program" | sha256sum)"
    man -M "$at/share/man" "$program" >/dev/null || wrong "man $program"
    is "man tapedeck-$program" "$(man -P cat -M "$at/share/man" "$program" | sha256sum)" \
        "$(man -P cat -M "$at/share/man" "tapedeck-$program" | sha256sum)"
done
is "the newest in CHANGELOG.md" "## $number" "$(grep -m1 '^## ' CHANGELOG.md)"
is "tapedeck" 2 "$(tapedeck >/dev/null 2>&1 || echo $?)"
is "tapedeck frobnicate" "tapedeck: frobnicate: no such program; write profiler, replay, demo-server, traffic or mcp" \
    "$(tapedeck frobnicate 2>&1 || true)"
tapedeck replay Fixtures/demo/shop/input.pcap --names Fixtures/demo/shop/names | grep -q 'GET /items/{itemId}' ||
    wrong "tapedeck replay shows no map"

jq -e '.title == "Tapedeck"' "$at/share/tapedeck/grafana/tapedeck.json" >/dev/null || wrong "no dashboard for Grafana"

# The guide: what its pages say of each other is there, and the sample is what they show.
for page in "$at"/share/doc/tapedeck/{README.md,docs/*.md}; do
    for link in $(grep -o '](\(docs/\)\?[a-z-]*\.\(md\|svg\)[)#]' "$page" | sed 's/^](//; s/.$//'); do
        [ -s "${page%/*}/$link" ] || wrong "${page##*/} leads to $link, which is not installed"
    done
done
tapedeck replay "$at/share/doc/tapedeck/examples/shop.pcap" --names "$at/share/doc/tapedeck/examples/names" |
    grep -q '└──▶ catalog' || wrong "the sample is not the one of the guide"

# The manual: no line that mandoc or groff warns of.
man -M "$at/share/man" tapedeck >/dev/null || wrong "man tapedeck"
for page in docs/man/*; do
    # Names of other projects' pages it can't know; Sx and sections of ours are in the order of ManPageTests.
    mandoc -Tlint -W warning "$page" || wrong "mandoc: $page"
    [ -z "$(groff -ww -mdoc -Tutf8 -z "$page" 2>&1)" ] || wrong "groff: $page"
done

# Completions, as the shells make them.
bash_completes() { # WORD…
    bash -c '
        for name in tapedeck replay profiler; do . "$0/$name"; done
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        "_$1" "$1" "${@: -1}" "${@: -2:1}"
        echo "${COMPREPLY[@]}"' "$at/share/bash-completion/completions" "$@"
}
is "bash: tapedeck rep" replay "$(bash_completes tapedeck rep)"
is "bash: tapedeck replay conv" convert "$(bash_completes tapedeck replay conv)"
is "bash: tapedeck replay run --service-m" --service-map "$(bash_completes tapedeck replay run --service-m)"
is "bash: replay run --service-m" --service-map "$(bash_completes replay run --service-m)"
is "bash: tapedeck profiler doc" doctor "$(bash_completes tapedeck profiler doc)"
fish_completes() {
    # shellcheck disable=SC2016
    HOME=$work XDG_DATA_DIRS=$at/share:/usr/share fish --no-config -c '
        cd $HOME; set -p fish_complete_path $argv[1]; complete -C $argv[2]' "$at/share/fish/vendor_completions.d" "$1" | cut -f1
}
touch "$work/capture.pcap"
is "fish: tapedeck rep" replay "$(fish_completes 'tapedeck rep')"
is "fish: tapedeck replay conv" convert "$(fish_completes 'tapedeck replay conv')"
is "fish: tapedeck profiler run --serv" --service-map "$(fish_completes 'tapedeck profiler run --serv')"
is "fish: replay FILE" "$work/capture.pcap" "$(fish_completes "replay $work/cap")"
zsh_completes() {
    zsh -f Tests/Package/complete.zsh "$at/share/zsh/site-functions" "$1"
}
[[ $(zsh_completes 'tapedeck rep') == *'tapedeck replay '* ]] || wrong "zsh: tapedeck rep: $(zsh_completes 'tapedeck rep')"
[[ $(zsh_completes 'tapedeck replay conv') == *'replay convert '* ]] || wrong "zsh: $(zsh_completes 'tapedeck replay conv')"
[[ $(zsh_completes 'tapedeck replay run --service-m') == *'--service-map '* ]] ||
    wrong "zsh: $(zsh_completes 'tapedeck replay run --service-m')"

# The unit.
unit=$at/lib/systemd/system/tapedeck-profiler.service
grep -q '^ExecStart=/usr/local/libexec/tapedeck/profiler' "$unit" || wrong "the unit starts something else"
sed "s|/usr/local/libexec|$at/libexec|; s|^EnvironmentFile=/etc|EnvironmentFile=$root/etc|; /^Documentation/d" "$unit" \
    >"$work/tapedeck-profiler.service"
said=$(systemd-analyze verify --man=no "$work/tapedeck-profiler.service" 2>&1 | grep tapedeck || true)
[ -z "$said" ] || wrong "systemd-analyze verify: $said"
# 100 is as exposed as can be; what it needs for capturing (root's name, ptrace, BPF) is most of what is left.
systemd-analyze security --offline=yes --threshold=25 "$work/tapedeck-profiler.service" >"$work/security" 2>&1 || {
    cat "$work/security"
    wrong "systemd-analyze security"
}
grep 'Overall exposure' "$work/security"

# Whatever folders are called, and whoever's files nobody else may read.
odd="$work/a b&c|d'e"
(umask 077 && make --no-print-directory install DESTDIR="$odd")
is "what others can't read" "" "$(find "$odd" -not -type l '(' -not -perm -o=r -o -type d -not -perm -o=x ')')"
is "in a folder of an odd name" "" "$(diff -r "$root" "$odd" 2>&1)"
make --no-print-directory uninstall DESTDIR="$odd"
is "after uninstall there" "" "$(find "$odd" -not -type d)"
clone="$work/a clone&co"
mkdir "$clone"
cp -r Makefile README.md SECURITY.md packaging docs .ci "$clone"
mkdir -p "$clone/Fixtures/demo"
cp -r Fixtures/demo/shop "$clone/Fixtures/demo"
ln -s "$PWD/.build-images" "$clone/.build-images"
make --no-print-directory -C "$clone" install DESTDIR="$odd"
is "from a clone of an odd name" "" "$(diff -r "$root" "$odd" 2>&1)"

# What systemd or a link would misread is refused before anything is written.
for setting in 'PREFIX=/a b' 'PREFIX=/a&b' 'PREFIX=/a|b' "PREFIX=/a'b" 'PREFIX=/a%b' 'PREFIX=a' 'SYSCONFDIR=/a b' 'UNITDIR=b' 'ZSHDIR=/a"b'; do
    for action in install uninstall; do
        said=$(make --no-print-directory "$action" DESTDIR="$work/nothing" "$setting" 2>&1) && wrong "$action takes $setting"
        [[ $said == "install.sh: $setting: m"*"; nothing was done"* ]] || wrong "$action with $setting says: $said"
    done
done
said=$(DESTDIR=$work/nothing BUILT=$work PROGRAMS=replay packaging/install.sh install 2>&1) && wrong "what is not built is installed"
is "without programs" "install.sh: BUILT=$work: has no program replay; \`make release\` builds it; nothing was done" "$said"
said=$(DESTDIR=$work/nothing BUILT=$at/bin PROGRAMS='replay nope' packaging/install.sh install 2>&1) && wrong "nope is installed"
[[ $said == *"nope: no such program"* ]] || wrong "an unknown program: $said"
for folder in SYSCONFDIR=/etc/passwd/x UNITDIR=/etc/passwd/y; do
    said=$(env "$folder" DESTDIR= PREFIX="$work/nothing" BUILT="$at/sbin" PROGRAMS=profiler packaging/install.sh install 2>&1) && wrong "$folder is taken"
    [[ $said == "install.sh: $folder: /etc/passwd is no folder that you may write to;"*"; nothing was done" ]] || wrong "$folder: $said"
done
is "what was written meanwhile" "" "$(ls "$work/nothing" 2>/dev/null)"

# Settings that somebody has changed stay; all else goes.
echo "# ours" >>"$root/etc/tapedeck/profiler.env"
make --no-print-directory install DESTDIR="$root" 2>/dev/null
tail -1 "$root/etc/tapedeck/profiler.env" | grep -qx '# ours' || wrong "install writes over settings"
make --no-print-directory uninstall DESTDIR="$root" 2>/dev/null
is "after uninstall" "$root/etc/tapedeck/profiler.env" "$(find "$root" -not -type d)"

[ $failures -eq 0 ] || exit 1
echo "installed, used and removed: $number"
