# The vocabulary of live.sh and bookinfo.sh: programs that are started in a temporary folder, and all stopped again.
# shellcheck shell=bash

DEMO=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BIN=$(realpath -ms "${BIN:-${DEMO%/*}/.build/debug}")
# Outputs and logs; kept where --keep names the folder.
OUT=
# Whether --tls is given, and what certify then makes of it.
TLS=
SCHEME=http SERVES=() ASKS=()
# What this run's processes carry in their environment, and its folders in their names.
TAG=tapedeck-demo-$$
# What starts them: without this shell's variables, in /.
CLEAN=(env -i -C / PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEMO_RUN="$TAG")
declare -A PIDS=()
ORDER=()

die() {
    echo "$(basename "$0"): $*" >&2
    exit 2
}

# Reads the options, and sees that everything is stopped and removed however this ends.
begin() {
    case " $* " in *" --help "* | *" -h "*)
        sed -n '2,/^set -/ s/^# \{0,1\}//p' "$0"
        echo "Needs root, and the programs, which make demo-live builds."
        exit 0
        ;;
    esac
    [ "$(id -u)" = 0 ] || die "live capture needs root: sudo make $(basename "$0" .sh | sed s/^/demo-/)"
    local program
    for program in profiler replay demo-server traffic; do
        [ -x "$BIN/$program" ] || die "$BIN/$program is not there: make demo-live builds it"
    done
    while [ $# -gt 0 ]; do
        case $1 in
        --keep)
            [ $# -gt 1 ] || die "--keep: name a folder for the outputs"
            mkdir -p "$2"
            OUT=$(cd "$2" && pwd)
            shift
            ;;
        --tls) TLS=yes ;;
        *) die "unknown option $1; $(basename "$0") [--tls] [--keep FOLDER]" ;;
        esac
        shift
    done
    [ -n "$OUT" ] || OUT=$(mktemp -d "/tmp/$TAG.XXXXXX")
    DATA=$(mktemp -d "/tmp/$TAG.XXXXXX")
    trap 'end $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# What was started last depends on what was started before it.
end() {
    trap - EXIT
    trap '' INT TERM HUP
    local index
    for ((index = ${#ORDER[@]} - 1; index >= 0; index--)); do stop "${ORDER[index]}" 2>/dev/null || true; done
    # A signal may have come before the process that was started last was noted.
    local pid
    for pid in $(jobs -p); do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$DATA"
    case $OUT in "/tmp/$TAG."*) rm -rf "$OUT" ;; esac
    exit "$1"
}

# A tenth of a second. bash may not notice a signal to it alone while it waits for a command, or just before `wait`.
pause() {
    sleep 0.1 &
    wait $!
}

# start NAME [VARIABLE=VALUE…] COMMAND…: in the background, with no other variables, its output in OUT/NAME.log. In a
# session of its own: Ctrl-C is for this script. In /, or in the folder of `env -C`: a tape shows command lines, and what
# names its files from there shows no folder that is another one in each run.
start() {
    local name=$1
    shift
    : >"$OUT/$name.log"
    setsid "${CLEAN[@]}" "$@" >>"$OUT/$name.log" 2>&1 </dev/null &
    PIDS[$name]=$!
    ORDER+=("$name")
}

# start_service NAME …: the same, and it opts in by that name.
start_service() {
    start "$1" ADI_PROFILE="$TAG" ADI_PROFILE_NAME="$1" "${@:2}"
}

# stop NAME: SIGTERM (PostgreSQL: SIGINT, which does not wait for its clients), after ten seconds SIGKILL.
stop() {
    local pid=${PIDS[$1]:-} signal=TERM patience status=0
    [ -n "$pid" ] || return 0
    unset "PIDS[$1]"
    [ "$1" != postgres ] || signal=INT
    kill -s $signal "$pid" 2>/dev/null || return 0
    for ((patience = 100; patience > 0; patience--)); do
        kill -0 "$pid" 2>/dev/null || break
        pause
    done
    [ $patience -gt 0 ] || kill -s KILL "$pid"
    wait "$pid" || status=$?
    [ $status = 0 ] || echo "$1: exit status $status: $(tail -n 3 "$OUT/$1.log")" >&2
    return $status
}

# certify NAME…: with --tls, a certificate for `IP:…` and `DNS:…` that vouches for itself, in DATA, where its files have the
# names that SERVES tells who serves and ASKS who asks; without, nothing.
certify() {
    [ -n "$TLS" ] || return 0
    local IFS=,
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tapedeck-demo \
        -addext "subjectAltName=$*" -keyout "$DATA/key.pem" -out "$DATA/certificate.pem" 2>"$OUT/openssl.log" ||
        die "openssl: $(tail -n 3 "$OUT/openssl.log")"
    SCHEME=https
    SERVES=(TLS_CERTIFICATE=certificate.pem TLS_KEY=key.pem)
    ASKS=(TLS_AUTHORITY=certificate.pem)
}

# finish NAME: waits for its end, and fails if it did.
finish() {
    local pid=${PIDS[$1]} status=0
    while kill -0 "$pid" 2>/dev/null; do pause; done
    wait "$pid" || status=$?
    unset "PIDS[$1]"
    [ $status = 0 ] || die "$1: exit status $status: $(tail -n 3 "$OUT/$1.log")"
}

# wait_for NAME TEXT: until a program has written it to its log.
wait_for() {
    local patience
    for ((patience = 300; patience > 0; patience--)); do
        ! grep -qF -- "$2" "$OUT/$1.log" || return 0
        kill -0 "${PIDS[$1]}" 2>/dev/null || die "$1 has ended: $(tail -n 3 "$OUT/$1.log")"
        pause
    done
    die "$1 does not say \"$2\" within 30 s"
}

# free_port NAME: sets it to a port that nobody listens on, from below those that the kernel gives to clients.
free_port() {
    local port
    for _ in {1..100}; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            printf -v "$1" %s "$port"
            return
        fi
    done
    die "no free port on 127.0.0.1"
}

# start_profiler VARIABLE=VALUE…: with outputs in OUT; returns when it is watching.
start_profiler() {
    start profiler OUTPUT_PATH="$OUT/events.jsonl" ENV_OUTPUT_PATH="$OUT/env.yaml" SERVICE_MAP_PATH="$OUT/map.yaml" \
        "$@" "$BIN/profiler" --record "$OUT/run.tape"
    wait_for profiler watching
}

headline() {
    if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n%s\n' "$1"; fi
}
