#!/bin/bash
# Records the fixtures' captures anew, from real servers and real clients.
#
#   Fixtures/record.sh                         all of them
#   Fixtures/record.sh http/gzip redis/resp3   these
#   Fixtures/record.sh http                    a whole protocol
#   Fixtures/record.sh --list                  their names
#   Fixtures/record.sh --readme                only Fixtures/README.md, from what is recorded
#
# Runs as root on Debian 12. What is missing is installed (record/debian-packages.txt with apt,
# record/requirements.txt with pip into a venv in a temporary folder). Every fixture gets network
# namespaces of its own, so every port is free and no other traffic is seen; whatever was started
# for it is stopped, by pid, before the next one begins.
#
# A fixture is a bash function with its folder's name, such as `http/keep-alive`, in one of the
# files record/<protocol>.sh; record/lib.sh is the vocabulary they are written in. To add one, add
# a function. A failed fixture leaves the folder's old capture alone.
#
# RECORD_WORK=DIR keeps the temporary folder (venv, data directories, logs) for the next run.
set -uo pipefail

FIXTURES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$FIXTURES/record/lib.sh"
source "$FIXTURES/record/notes.sh"
for protocol in http http-captures http2 websocket tls postgres mysql mongodb mssql redis memcached kafka amqp nats mqtt dns other demo; do
    source "$FIXTURES/record/$protocol.sh"
done

all_fixtures() { declare -F | awk '$3 ~ "/" { print $3 }'; }

main() {
    case ${1-} in
        -h | --help) sed -n '2,/^set/ { /^set/d; s/^# \{0,1\}//; p }' "${BASH_SOURCE[0]}"; return 0 ;;
        --list) all_fixtures; return 0 ;;
        --readme) write_readme; return 0 ;;
    esac

    local wanted=() name pattern
    for pattern in "${@:-}"; do
        local found=0
        for name in $(all_fixtures); do
            if [[ -z $pattern || $name == "$pattern" || $name == "${pattern%/}"/* ]]; then
                wanted+=("$name")
                found=1
            fi
        done
        [[ $found == 1 ]] || { echo "record.sh: no fixture is named $pattern; --list names them" >&2; return 2; }
    done

    prepare_host || return 2
    local failed=()
    for name in "${wanted[@]}"; do
        record_fixture "$name"      # not in a condition: that would switch off its `set -e`
        [[ $? == 0 ]] || failed+=("$name")
    done
    write_readme
    if [[ ${#failed[@]} -gt 0 ]]; then
        echo "not recorded: ${failed[*]} (logs below $WORK)" >&2
        KEEP_WORK=1
        return 1
    fi
}

main "$@"
