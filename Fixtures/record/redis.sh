# shellcheck shell=bash
# Redis 7 with redis-cli and redis-py.

# redis_up [PORT] [OPTION…]
redis_up() {
    local port=${1:-6379}
    shift $(($# > 0))
    serve "$port" redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$SCRATCH" "$@"
}

redis_client() { client "$PYTHON" "$RECORD/clients/redis_client.py" "$@"; }

redis/cli() {
    about "redis-cli sets, gets, and makes an error." "RESP2: arrays of bulk strings, the simple answers, null, an error."
    uses redis-server redis-tools
    redis_up
    capture 'tcp port 6379'
    client redis-cli -p 6379 set greeting 'hello, world'
    client redis-cli -p 6379 get greeting
    client redis-cli -p 6379 get missing
    client redis-cli -p 6379 incr greeting
}

redis/resp2() {
    about "redis-py with protocol=2: strings, hashes, lists, a transaction, a script, an error." "RESP2 with nested arrays and nulls."
    uses redis-server pypi:redis
    redis_up
    capture 'tcp port 6379'
    redis_client types 2
}

redis/resp3() {
    about "redis-py with protocol=3: HELLO 3, then the same commands." "RESP3: maps, sets, doubles, booleans, null."
    uses redis-server pypi:redis
    redis_up
    capture 'tcp port 6379'
    redis_client types 3
}

redis/pipelined() {
    about "redis-py sends 50 commands at once, and redis-benchmark 16 at a time." "many commands in a segment, and commands cut by segments."
    uses redis-server redis-tools pypi:redis
    redis_up
    capture 'tcp port 6379'
    redis_client pipeline
    client redis-benchmark -q -p 6379 -c 2 -P 16 -n 64 -d 100 -t set,get
}

redis/pubsub() {
    about "One connection subscribes, another publishes; once in RESP2 and once in RESP3." "messages that no request asked for, push types."
    uses redis-server pypi:redis
    redis_up
    capture 'tcp port 6379'
    redis_client pubsub 2
    redis_client pubsub 3
}

redis/inline() {
    about "Commands typed as in telnet." "inline commands, which have no framing but the line."
    uses redis-server python
    redis_up
    capture 'tcp port 6379'
    redis_client inline
}

redis/password() {
    about "redis-cli and redis-py against a server that wants a password, with the right one and a wrong one." "NOAUTH, WRONGPASS and AUTH."
    uses redis-server redis-tools pypi:redis
    redis_up 6379 --requirepass secret
    capture 'tcp port 6379'
    client redis-cli -p 6379 get a
    client redis-cli -p 6379 --no-auth-warning -a wrong get a
    client redis-cli -p 6379 --no-auth-warning -a secret get a
}

redis/large-values() {
    about "A value of 40 kB, written and read, and one with bytes that look like RESP." "bulk strings over many segments, lengths that must be trusted and content that mustn't."
    uses redis-server pypi:redis
    redis_up
    capture 'tcp port 6379'
    redis_client large
}

redis/sentinel() {
    about "redis-cli asks a sentinel on port 26379, which watches a server on 6379." "the second default port, and sentinel's own connections."
    uses redis-server redis-tools
    redis_up
    printf 'port 26379\nbind 127.0.0.1\ndir %s\nsentinel monitor shop 127.0.0.1 6379 1\n' "$SCRATCH" >"$SCRATCH/sentinel.conf"
    capture 'tcp port 6379 or tcp port 26379'
    serve 26379 redis-server "$SCRATCH/sentinel.conf" --sentinel
    client redis-cli -p 26379 sentinel get-master-addr-by-name shop
}

redis/late-joined() {
    about "tcpdump is started in the middle of a connection." "recognising RESP without the connection's start."
    uses redis-server pypi:redis
    redis_up
    late 'tcp port 6379' "$PYTHON" "$RECORD/clients/redis_client.py" late
}

redis/other-port() {
    about "Redis on port 7000." "recognising RESP without its port."
    uses redis-server pypi:redis
    redis_up 7000
    capture 'tcp port 7000'
    redis_client types 2 7000
}

redis/other-port-late-joined() {
    about "Redis on port 7000, joined in mid-connection." "having neither port nor start to go by."
    uses redis-server pypi:redis
    redis_up 7000
    late 'tcp port 7000' "$PYTHON" "$RECORD/clients/redis_client.py" late 7000
}

redis/operations() {
    about "redis-py and a client of our own ask for all kinds of things; what the server says that it was asked (MONITOR on a Unix socket, and its counts) is in truth.jsonl." "operations: key patterns, pipelines, transactions that fail in every way, CLIENT REPLY, blocking commands, subscriptions and pushes in both versions of the protocol, MONITOR, a replica."
    uses redis-server redis-tools pypi:redis
    redis_up 6379 --unixsocket "$SCRATCH/redis.sock" --repl-diskless-sync-delay 0
    capture 'tcp port 6379'
    spawn sh -c "redis-cli -s $SCRATCH/redis.sock monitor >$SCRATCH/monitor"
    await "MONITOR to begin" grep -q OK "$SCRATCH/monitor"
    in_ns redis-cli -s "$SCRATCH/redis.sock" config resetstat >>"$LOG"
    client "$PYTHON" "$RECORD/clients/redis_operations.py"
    in_ns redis-cli -s "$SCRATCH/redis.sock" info commandstats >"$SCRATCH/info"
    in_ns redis-cli -s "$SCRATCH/redis.sock" info errorstats >>"$SCRATCH/info"
    serve 6380 redis-server --port 6380 --bind 127.0.0.1 --save '' --appendonly no --dir "$SCRATCH" --replicaof '127.0.0.1 6379'
    await "the replica to be in step" sh -c "ip netns exec $NS redis-cli -p 6380 info replication | grep -q master_link_status:up"
    client redis-cli -p 6379 set replicated 'a secret'
    sleep 1
    capture_end
    mkdir -p "$OUT"
    "$PYTHON" "$RECORD/redis_truth.py" "$SCRATCH/monitor" "$SCRATCH/info" >"$OUT/truth.jsonl"
}
