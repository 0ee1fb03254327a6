# shellcheck shell=bash
# What is written beside a capture: recorded.md for each fixture, and the table of them all.

# notes_begin NAME: forgets the last fixture's notes.
notes_begin() {
    NAME=$1
    TITLE=
    GOOD_FOR=
    NOTES=()
    SOFTWARE=()
    COMMANDS=()
}

# about WHAT GOOD_FOR: what runs here, and what a test can learn from it. One sentence each.
about() { TITLE=$1; GOOD_FOR=$2; }

# note TEXT: what else a reader of the capture must know.
note() { NOTES+=("$1"); }

# uses NAME…: the software whose version matters; a Debian package, or pypi:PACKAGE.
uses() { SOFTWARE+=("$@"); }

# log_command WORD…: remembers a command line as it would be typed, with this machine's folders
# replaced by names: record/… is Fixtures/record/…, $WORK the temporary folder. Programs have no
# folder at all: where they lie is the recording machine's business.
log_command() {
    local word line=
    for word in "$@"; do
        word=${word//"$VENV/bin/"/}
        word=${word//"$RECORD"/record}
        word=${word//"$SCRATCH"/\$WORK}
        word=${word//"$WORK"/\$WORK}
        [[ $word != /* || ! -f $word || ! -x $word ]] || word=${word##*/}
        if [[ $word =~ ^[][A-Za-z0-9_./:=@%+,\$-]+$ ]]; then line+=" $word"; else line+=" ${word@Q}"; fi
    done
    # In a fixture with several hosts, which of them it ran on.
    [[ $NS != *-*-* ]] || line+="  # on ${NS##*-}"
    COMMANDS+=("${line# }")
}

version_of() {
    case $1 in
        pypi:*) "$PYTHON" -c 'import sys, importlib.metadata as m; print(m.version(sys.argv[1]))' "${1#pypi:}" ;;
        python) "$PYTHON" -c 'import platform; print(platform.python_version())' ;;
        *) dpkg-query -W -f '${Version}\n' "$1" ;;
    esac
}

# notes_write CAPTURE: recorded.md, on standard output.
notes_write() {
    local capture=$1 item
    printf '# %s\n\n%s\n\nGood for: %s\n' "$NAME" "$TITLE" "$GOOD_FOR"
    for item in "${NOTES[@]}"; do printf '\n%s\n' "$item"; done

    printf '\n| software | version |\n| --- | --- |\n'
    for item in "${SOFTWARE[@]}" tcpdump; do
        printf '| %s | %s |\n' "${item#pypi:}$([[ $item == pypi:* ]] && echo ' (PyPI)')" "$(version_of "$item")"
    done

    printf '\nRecorded %s with `Fixtures/record.sh %s` on %s, Linux %s, in order:\n\n```sh\n' \
        "$(date -u +%F)" "$NAME" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(uname -r)"
    printf '%s\n' "${COMMANDS[@]}"
    printf '```\n\n%s. tshark with its default settings calls its packets: %s.\n' \
        "$(describe_capture "$capture")" "$(tshark_view "$capture")"
}

# One line, from capinfos: file type, link type, packets, connections.
describe_capture() {
    local connections
    connections=$(tshark -r "$1" -T fields -e tcp.stream -Y tcp 2>/dev/null | sort -u | wc -l)
    capinfos -tEc "$1" | awk -F ': *' -v connections="$connections" -v file="$(basename "$1")" '
        /^File type/          { type = $2; sub(/^.* - /, "", type) }
        /^File encapsulation/ { link = $2 }
        /^Number of packets/  { packets = $2 }
        END { printf "`%s`: %s, link type %s, %s packets, TCP connections: %d", file, type, link, packets, connections }'
}

tshark_view() {
    tshark -r "$1" -T fields -e _ws.col.Protocol 2>/dev/null | sort | uniq -c | sort -k1,1nr -k2 |
        awk '{ n = $1; $1 = ""; sub(/^ /, ""); printf "%s%s %d", sep, $0, n; sep = ", " }'
}

# Fixtures/README.md: record/README-head.md, then a row for each fixture, from its recorded.md: its
# first paragraph, and the one that begins with "Good for:".
write_readme() {
    local notes folder capture LC_ALL=C
    {
        cat "$RECORD/README-head.md"
        printf '\n| fixture | what ran | good for | capture | bytes |\n| --- | --- | --- | --- | ---: |\n'
        for notes in "$FIXTURES"/*/*/recorded.md; do
            folder=$(dirname "$notes")
            capture=$(echo "$folder"/input.*)
            [[ -e $capture ]] || continue
            awk -v folder="${folder#"$FIXTURES/"}" -v file="$(basename "$capture")" -v size="$(stat -c %s "$capture")" '
                BEGIN { RS = "" }
                { gsub(/\n/, " ") }
                NR == 2 { what = $0 }
                sub(/^Good for: /, "") && good == "" { good = $0 }
                END { gsub(/\|/, "\\|", what); printf "| [%s](%s/recorded.md) | %s | %s | %s | %d |\n", folder, folder, what, good, file, size }
            ' "$notes"
        done
    } >"$FIXTURES/README.md"
}
