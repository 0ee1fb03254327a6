#!/usr/bin/env bash
# The demo stack on this machine, without containers: PostgreSQL, Redis, NATS, the three demo programs and the profiler,
# on free ports of loopback and in a temporary folder. Then the service map, the summary and the grade: what was seen,
# live and by tcpdump, held against what `traffic` says that it did.
#
#   demo/live.sh                 shows them
#   demo/live.sh --tls           the same with HTTPS, and TLS to PostgreSQL: what is encrypted is read, and graded alike
#   demo/live.sh --keep FOLDER   leaves the outputs there, too
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

begin "$@"
certify IP:127.0.0.1
free_port HTTP
free_port POSTGRES
free_port REDIS
free_port NATS

ports="port $HTTP or port $POSTGRES or port $REDIS or port $NATS"
# Room for a thousand packets of loopback's longest: on a busy machine it is behind.
start tcpdump tcpdump -i lo -Z root --immediate-mode -B 65536 -s 66000 -w "$OUT/run.pcap" "tcp and ($ports)"
wait_for tcpdump "listening on"
start_profiler ADI_PROFILE_ALLOWED="$TAG"

# After the profiler: redis-server writes over its environment, and its name with it.
echo "starting PostgreSQL, Redis and NATS"
start_service postgres env -C "$DATA" "$DEMO/postgres.sh" postgres "$POSTGRES" ${TLS:+certificate.pem key.pem}
start_service redis redis-server --port "$REDIS" --bind 127.0.0.1 --save "" --appendonly no
start_service nats nats-server --addr 127.0.0.1 --port "$NATS"
wait_for postgres "database system is ready to accept connections"
wait_for redis "Ready to accept connections"
wait_for nats "Server is ready"

echo "starting request-logger and http-service"
start_service request-logger NATS_URL="nats://127.0.0.1:$NATS" REDIS_HOST=127.0.0.1 REDIS_PORT="$REDIS" \
    "$BIN/demo-server" request-logger
wait_for request-logger "logging requests"
start_service http-service HTTP_PORT="$HTTP" NATS_URL="nats://127.0.0.1:$NATS" "${SERVES[@]}" \
    env -C "$DATA" "$BIN/demo-server"
wait_for http-service "listening on"

requests=${TOTAL_REQUESTS:-120}
echo "making traffic: $requests requests"
start_service traffic-generator TOTAL_REQUESTS="$requests" REQUEST_DELAY_MS=5 CONCURRENCY=2 SEED=1 \
    HTTP_PROTOCOLS=http/1.1,http/2,websocket \
    TARGET_HOST=127.0.0.1 HTTP_PORT="$HTTP" REDIS_HOST=127.0.0.1 REDIS_PORT="$REDIS" POSTGRES_HOST=127.0.0.1 \
    POSTGRES_PORT="$POSTGRES" "${ASKS[@]}" ${TLS:+PGSSLMODE=verify-full PGSSLROOTCERT=certificate.pem} \
    env -C "$DATA" "$BIN/traffic" --manifest truth.jsonl
finish traffic-generator
stop http-service
stop request-logger
stop profiler
stop tcpdump
mv "$DATA/truth.jsonl" "$OUT"

headline "Service map"
cat "$OUT/map.yaml"
headline "Summary"
"$BIN/replay" "$OUT/run.tape"
headline "Grade of the live capture"
"$BIN/replay" grade --manifest "$OUT/truth.jsonl" "$OUT/run.tape"
headline "Grade of tcpdump's capture"
keys=()
if [ -n "$TLS" ]; then
    "$BIN/replay" convert "$OUT/run.tape" "$OUT/run.pcapng"
    keys=(--tls-keys "$OUT/run.pcapng")
fi
"$BIN/replay" grade --manifest "$OUT/truth.jsonl" "$OUT/run.pcap" "${keys[@]}"
