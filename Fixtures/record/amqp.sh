# shellcheck shell=bash
# RabbitMQ 3.10 with pika: AMQP 0-9-1.

# rabbitmq_up [PORT] [CONFIGURATION LINE…]
rabbitmq_up() {
    local port=${1:-5672} data=$SCRATCH/rabbitmq
    shift $(($# > 0))
    mkdir -p "$data"
    printf '%s\n' "listeners.tcp.default=127.0.0.1:$port" "$@" >"$data/rabbitmq.conf"
    echo '[].' >"$data/enabled_plugins"
    # Erlang's name service; RabbitMQ would start it itself, as a daemon that outlives it.
    spawn env ERL_EPMD_ADDRESS=127.0.0.1 epmd
    await "epmd to listen" listening 4369
    serve "$port" env HOME="$data" RABBITMQ_NODENAME=fixture@localhost \
        ERL_EPMD_ADDRESS=127.0.0.1 "RABBITMQ_MNESIA_BASE=$data" "RABBITMQ_LOG_BASE=$data" "RABBITMQ_PID_FILE=$data/pid" \
        "RABBITMQ_ENABLED_PLUGINS_FILE=$data/enabled_plugins" "RABBITMQ_CONFIG_FILE=$data/rabbitmq.conf" RABBITMQ_CONF_ENV_FILE=/dev/null \
        "RABBITMQ_FEATURE_FLAGS_FILE=$data/feature_flags" /usr/lib/rabbitmq/bin/rabbitmq-server
    # It listens a moment before its user database answers.
    await "RabbitMQ to let clients in" in_ns "$PYTHON" "$RECORD/clients/amqp_client.py" probe "$port"
    await "the probe's connection to close" quiet
}

amqp/publish() {
    about "pika declares an exchange and queues, publishes with properties and confirms, gets, consumes, acknowledges, rejects." "methods, content headers and bodies on several channels."
    uses rabbitmq-server pypi:pika
    rabbitmq_up
    capture 'tcp port 5672'
    client "$PYTHON" "$RECORD/clients/amqp_client.py" publish
}

amqp/traces() {
    about "Messages whose headers name a trace, and some that only seem to." "traceparent in the table of headers, behind values of every type."
    uses rabbitmq-server pypi:pika
    rabbitmq_up
    capture 'tcp port 5672'
    client "$PYTHON" "$RECORD/clients/amqp_client.py" traces
}

amqp/errors() {
    about "A wrong password, a wrong protocol version, and a queue that is missing." "Connection.Close and Channel.Close; the server's answer to a header it does not speak."
    uses rabbitmq-server pypi:pika python
    rabbitmq_up
    capture 'tcp port 5672'
    client "$PYTHON" "$RECORD/clients/amqp_client.py" errors
}

amqp/tls() {
    about "pika over TLS on port 5671." "the second default port: TLS, so only the port says AMQP."
    uses rabbitmq-server pypi:pika
    rabbitmq_up 5672 listeners.ssl.default=5671 "ssl_options.certfile=$CERTIFICATE" "ssl_options.keyfile=$PRIVATE_KEY" ssl_options.verify=verify_none
    capture 'tcp port 5671'
    client "$PYTHON" "$RECORD/clients/amqp_client.py" over_tls "$CERTIFICATE"
}

amqp/late-joined() {
    about "tcpdump is started in the middle of a connection." "recognising AMQP by its frames, without the protocol header."
    uses rabbitmq-server pypi:pika
    rabbitmq_up
    late 'tcp port 5672' "$PYTHON" "$RECORD/clients/amqp_client.py" late
}

amqp/other-port() {
    about "RabbitMQ on port 15000." "recognising AMQP without its port."
    uses rabbitmq-server pypi:pika
    rabbitmq_up 15000
    capture 'tcp port 15000'
    client "$PYTHON" "$RECORD/clients/amqp_client.py" publish 15000
}

amqp/operations() {
    about "pika declares, publishes with and without confirms, consumes, fetches, acknowledges in all ways, and meets what can go wrong; what the broker says that went through it (its firehose, on another port) is in truth.jsonl." "operations: confirms, returns, deliveries and their acknowledgements, several channels, transactions, errors of channels and of a login."
    uses rabbitmq-server pypi:pika
    rabbitmq_up 5672 listeners.tcp.firehose=127.0.0.1:5673
    in_ns env HOME="$SCRATCH/rabbitmq" RABBITMQ_NODENAME=fixture@localhost RABBITMQ_CONF_ENV_FILE=/dev/null \
        /usr/lib/rabbitmq/bin/rabbitmqctl trace_on >>"$LOG" 2>&1
    spawn "$PYTHON" "$RECORD/clients/amqp_firehose.py" 5673 "$SCRATCH/firehose"
    await "the firehose to be heard" grep -q listening "$LOG"
    capture 'tcp port 5672'
    client "$PYTHON" "$RECORD/clients/amqp_operations.py"
    # Published last, heard last.
    await "the firehose to have run dry" grep -q '"exchange": "", "key": "log"' "$SCRATCH/firehose"
    sleep 1
    capture_end
    mkdir -p "$OUT"
    cp "$SCRATCH/firehose" "$OUT/truth.jsonl"
}
