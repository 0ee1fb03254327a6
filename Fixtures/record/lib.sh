# shellcheck shell=bash
# The vocabulary of the fixture scripts: a network namespace, servers and clients in it, a capture.
#
# A fixture's life, in the order of the functions below: record_fixture makes a namespace, calls the
# fixture's function, which says what it is (`about`, `uses`), starts servers (`serve`), starts the
# capture (`capture`) and runs clients (`client`); then the capture is ended and checked, the notes
# are written, and everything that was started is stopped.

RECORD=$FIXTURES/record
NS=tapedeck-$$                      # the namespace of the fixture that is being recorded
MAX_CAPTURE_BYTES=300000            # a fixture is read in every test run and kept in git for ever
READY_SECONDS=90                    # RabbitMQ on a busy machine is the slowest to become ready
CLIENT_SECONDS=60
# Ends a capture: see capture_end. Port 9 is "discard"; no fixture uses it.
MARKER_PORT=9
MARKER_ADDRESS=127.0.0.1            # a fixture that captures elsewhere than on lo sets one that is routed there

if [[ -n ${RECORD_WORK:-} ]]; then
    mkdir -p "$RECORD_WORK"
    WORK=$(cd "$RECORD_WORK" && pwd)
    KEEP_WORK=1
else
    WORK=$(mktemp -d /tmp/tapedeck-record.XXXXXX)
    KEEP_WORK=0
fi
chmod 755 "$WORK"                   # postgres and mysql run as users of their own and must get in
VENV=$WORK/venv
PYTHON=$VENV/bin/python
SYSTEM_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
trap '[[ $KEEP_WORK == 1 ]] || rm -rf "$WORK"' EXIT

die() { echo "record.sh: $*" >&2; exit 1; }

# --- the host ---------------------------------------------------------------------------------

# prepare_host [FILE…]: more lists of Debian packages.
prepare_host() {
    [[ $EUID == 0 ]] || die "needs root, for network namespaces and tcpdump"
    install_debian_packages "$RECORD/debian-packages.txt" "$@"
    if [[ ! -x $PYTHON ]]; then
        python3 -m venv "$VENV" && "$VENV/bin/pip" install --quiet --requirement "$RECORD/requirements.txt" ||
            die "the Python packages could not be installed"
    fi
    make_certificate
}

install_debian_packages() {
    local package missing=() policy=/usr/sbin/policy-rc.d made_policy=0
    while read -r package; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done < <(sed 's/#.*//' "$@" | tr -s ' ' '\n' | sed '/^$/d')
    [[ ${#missing[@]} -gt 0 ]] || return 0

    # Debian starts a server as soon as it is installed. We want its files, not a running service.
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made_policy=1
    fi
    echo "installing: ${missing[*]}" >&2
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -qq -y \
            --no-install-recommends "${missing[@]}" >"$WORK/apt.log" 2>&1
    local status=$?
    [[ $made_policy == 0 ]] || rm -f "$policy"
    [[ $status == 0 ]] || die "apt-get could not install the packages; see $WORK/apt.log"
}

# One self-signed certificate serves every TLS fixture.
make_certificate() {
    CERTIFICATE=$WORK/tls/certificate.pem
    PRIVATE_KEY=$WORK/tls/key.pem
    [[ -e $CERTIFICATE ]] && return
    mkdir -p "$WORK/tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
        -subj /CN=shop.test -addext subjectAltName=DNS:shop.test,DNS:localhost,IP:127.0.0.1 \
        -keyout "$PRIVATE_KEY" -out "$CERTIFICATE" 2>>"$WORK/openssl.log" ||
        die "openssl made no certificate"
}

# --- one fixture ------------------------------------------------------------------------------

# scratch_up NAME: a folder, a log and an environment of its own.
scratch_up() {
    SCRATCH=$WORK/run/$1
    LOG=$SCRATCH/log
    STARTED=()
    rm -rf "$SCRATCH"
    mkdir -p "$SCRATCH"
    CLEAN=(env -i -C / PATH="$VENV/bin:$SYSTEM_PATH" HOME="$SCRATCH" LC_ALL=C.UTF-8)
    chmod 777 "$SCRATCH"            # servers that give up root write here too
    notes_begin "$1"
}

record_fixture() {
    local name=$1 status
    # A subshell, so that one fixture's variables, processes and traps can't reach another's.
    (
        set -e
        OUT=$FIXTURES/$name
        scratch_up "$name"
        trap teardown EXIT
        trap 'exit 130' INT TERM
        network_up
        "$name"
        [[ -e $SCRATCH/input ]] || capture_end
        publish
    )
    status=$?
    if [[ $status == 0 ]]; then
        printf '%-28s %7d bytes\n' "$name" "$(stat -c %s "$FIXTURES/$name"/input.*)"
    else
        printf '%-28s FAILED (%d): %s\n' "$name" "$status" "$(tail -n 1 "$WORK/run/$name/log" 2>/dev/null)"
    fi
    return "$status"
}

# Moves the capture and its notes into the fixture's folder, if they are what they should be.
publish() {
    local extension=pcap size
    case $(head -c 4 "$SCRATCH/input" | xxd -p) in
        0a0d0d0a) extension=pcapng ;;
        1f8b*) extension=pcap.gz ;;
    esac
    size=$(stat -c %s "$SCRATCH/input")
    ((size <= MAX_CAPTURE_BYTES)) || complain "the capture has $size bytes; at most $MAX_CAPTURE_BYTES are wanted"
    [[ $(tshark -r "$SCRATCH/input" -Y 'tcp or udp' 2>>"$LOG" | wc -l) -gt 0 ]] || complain "no TCP or UDP packet in the capture"
    mkdir -p "$OUT"
    rm -f "$OUT"/input.pcap "$OUT"/input.pcapng "$OUT"/input.pcap.gz
    mv "$SCRATCH/input" "$OUT/input.$extension"
    notes_write "$OUT/input.$extension" >"$OUT/recorded.md"
}

complain() { echo "$*" >>"$LOG"; return 1; }

teardown() {
    set +e
    local pid
    for pid in "${STARTED[@]}"; do kill -TERM -- "-$pid" 2>/dev/null; done
    for pid in "${STARTED[@]}"; do
        # A server that hasn't gone after 10 s is made to: the next fixture needs its data directory.
        timeout 10 tail --pid="$pid" -f /dev/null || kill -KILL -- "-$pid" 2>/dev/null
    done
    network_down
    wait 2>/dev/null
}

# --- the network ------------------------------------------------------------------------------

# MTU 1500 and no offloading, so that segments look like an Ethernet's and not like loopback's 64 kB.
network_up() {
    network_down
    ip netns add "$NS"
    in_ns ip link set lo mtu 1500 up
    in_ns ethtool -K lo tso off gso off gro off >>"$LOG" 2>&1
    mkdir -p "/etc/netns/$NS"       # `ip netns exec` shows this folder's files as /etc/…
    # Names mean IPv4 only, so that no client tries ::1 first; the IPv6 fixtures say [::1] themselves.
    echo '127.0.0.1 localhost shop.test' >"/etc/netns/$NS/hosts"
}

# What still lives in the namespaces (a daemon that left its process group, such as Erlang's epmd)
# was started by us: nothing else can be in them. A fixture with several hosts calls them $NS-something.
network_down() {
    local namespace pid
    for namespace in $(ip netns list | awk -v ns="$NS" '$1 == ns || index($1, ns "-") == 1 { print $1 }'); do
        for pid in $(ip netns pids "$namespace"); do kill -KILL "$pid" 2>/dev/null; done
        ip netns del "$namespace"
        rm -rf "/etc/netns/$namespace"
    done
}

# Whoever runs here gets no variable of the recording machine and works in no folder of it: servers tell their clients such
# things (Redis, in INFO, the folder that it was started in). HOME is a temporary folder, for those that insist on one.
in_ns() { ip netns exec "$NS" "${CLEAN[@]}" "$@"; }

# --- servers and clients ----------------------------------------------------------------------

# await WHAT COMMAND…: until COMMAND succeeds. The fixture fails if it doesn't.
await() {
    local what=$1 deadline=$((SECONDS + READY_SECONDS))
    shift
    until "$@" >>"$LOG" 2>&1; do
        ((SECONDS < deadline)) || complain "timed out: $what"
        sleep 0.05
    done
}

# Asked of the kernel and not by connecting: a probe would be a connection in the capture.
listening() { in_ns ss -Hltn "sport = :$1" | grep -q .; }

# Each process gets a group of its own, by whose number it is stopped together with its children.
spawn() {
    setsid ip netns exec "$NS" "${CLEAN[@]}" "$@" >>"$LOG" 2>&1 </dev/null &
    STARTED+=($!)
}

# serve PORT COMMAND…: starts a server in the foreground of its own process group; returns when PORT listens.
serve() {
    local port=$1
    shift
    log_command "$@"
    spawn "$@"
    await "port $port to listen" listening "$port"
}

# client COMMAND…: runs it to its end; it must succeed. client_failing is for those that mustn't.
client() { log_command "$@"; in_ns timeout "$CLIENT_SECONDS" "$@" >>"$LOG" 2>&1; }
client_failing() { ! client "$@"; }

# render NAME: a file of record/config with @WORK@, @SCRATCH@ and @RECORD@ filled in; prints where it is.
render() {
    sed "s|@WORK@|$WORK|g; s|@SCRATCH@|$SCRATCH|g; s|@RECORD@|$RECORD|g" "$RECORD/config/$1" >"$SCRATCH/$1"
    echo "$SCRATCH/$1"
}

# late FILTER COMMAND…: a capture that joins when the client is halfway. The client prints the line
# "halfway" and waits for a line on its standard input; in between, the capture is started.
late() {
    local filter=$1 line
    shift
    log_command "$@"
    coproc CLIENT { in_ns timeout "$CLIENT_SECONDS" "$@" 2>>"$LOG"; }
    local pid=$CLIENT_PID from=${CLIENT[0]} to=${CLIENT[1]}
    until [[ ${line:-} == halfway ]]; do
        IFS= read -r line <&"$from" || complain "the client ended before it was halfway"
        echo "$line" >>"$LOG"
    done
    capture "$filter"
    echo go >&"$to"
    cat <&"$from" >>"$LOG"
    wait "$pid"
}

# --- the capture ------------------------------------------------------------------------------

# capture [TCPDUMP OPTION…] FILTER: starts tcpdump, on lo unless another -i is given.
capture() {
    CAPTURE_FILTER=${!#}
    CAPTURE_OPTIONS=("${@:1:$#-1}")
    [[ " ${CAPTURE_OPTIONS[*]} " == *" -i "* ]] || CAPTURE_OPTIONS=(-i lo "${CAPTURE_OPTIONS[@]}")
    [[ " ${CAPTURE_OPTIONS[*]} " == *" -s "* ]] || CAPTURE_OPTIONS+=(-s 0)
    log_command tcpdump "${CAPTURE_OPTIONS[@]}" -U --immediate-mode -w input.pcap "$CAPTURE_FILTER"
    ip netns exec "$NS" tcpdump "${CAPTURE_OPTIONS[@]}" -n -U --immediate-mode -B 16384 -Z root -w "$SCRATCH/raw" \
        "($CAPTURE_FILTER) or udp port $MARKER_PORT" >"$SCRATCH/tcpdump.log" 2>&1 &
    CAPTURE_PID=$!
    await "tcpdump to listen" grep -q 'listening on' "$SCRATCH/tcpdump.log"
}

# Nothing is left to be said when no connection is half closed any more and no byte is under way;
# connections that both sides keep open (a pool, a subscriber) may stay.
quiet() { ! in_ns ss -Htan state fin-wait-1 state fin-wait-2 state close-wait state last-ack state closing | grep -q .; }

# Killing tcpdump loses what it has not read yet. So a datagram is sent as a marker; when it is in
# the file everything before it is, too. The marker is then taken out again.
capture_end() {
    local precision=()
    [[ " ${CAPTURE_OPTIONS[*]} " == *nano* ]] && precision=(--time-stamp-precision=nano)
    await "the connections to close" quiet
    await "the marker to be captured" marker_captured
    kill -INT "$CAPTURE_PID"
    wait "$CAPTURE_PID" || true
    grep -q '^0 packets dropped by kernel' "$SCRATCH/tcpdump.log" || complain "tcpdump dropped packets"
    tcpdump "${precision[@]}" -r "$SCRATCH/raw" -w "$SCRATCH/input" -Z root "$CAPTURE_FILTER" >>"$LOG" 2>&1
}

marker_captured() {
    in_ns bash -c "echo >/dev/udp/$MARKER_ADDRESS/$MARKER_PORT"
    tcpdump -r "$SCRATCH/raw" -n "udp port $MARKER_PORT" 2>/dev/null | grep -q .
}

# edit_capture COMMAND… IN OUT: runs a tool on the finished capture; @IN and @OUT stand for the files.
edit_capture() {
    [[ -e $SCRATCH/input ]] || capture_end
    local argument command=() shown=("${@/@IN/input.pcap}")
    log_command "${shown[@]/@OUT/edited.pcap}"
    for argument in "$@"; do
        argument=${argument//@IN/$SCRATCH/input}
        command+=("${argument//@OUT/$SCRATCH/edited}")
    done
    "${command[@]}" >>"$LOG" 2>&1
    mv "$SCRATCH/edited" "$SCRATCH/input"
}
