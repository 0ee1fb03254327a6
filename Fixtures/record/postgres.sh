# shellcheck shell=bash
# PostgreSQL 15 with psql, pgbench and psycopg.

PG_BIN=/usr/lib/postgresql/15/bin

# postgres_up [PORT] [SETTING…]: one cluster serves all fixtures; it is made when first needed.
# shop may log in without a password, scram only with one.
postgres_up() {
    local port=${1:-5432} data=$WORK/postgres setting options=()
    shift $(($# > 0))
    postgres_cluster "$data"
    for setting in ssl=on "$@"; do options+=(-c "$setting"); done
    serve "$port" setpriv --reuid postgres --regid postgres --init-groups "$PG_BIN/postgres" -D "$data" -p "$port" "${options[@]}"
    await "PostgreSQL to accept connections" in_ns "$PG_BIN/pg_isready" -h "$data" -p "$port"
}

postgres_cluster() {
    local data=$1
    [[ -e $data/ready ]] && return
    rm -rf "$data"
    install -d -o postgres -m 700 "$data"
    as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@" >>"$LOG" 2>&1; }
    as_postgres "$PG_BIN/initdb" -D "$data" -A trust -U postgres
    install -o postgres -m 600 "$CERTIFICATE" "$data/server.crt"
    install -o postgres -m 600 "$PRIVATE_KEY" "$data/server.key"
    cat >>"$data/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	unix_socket_directories = '$data'
	fsync = off
	CONF
    cat >"$data/pg_hba.conf" <<-HBA
	local all all trust
	host all scram 127.0.0.1/32 scram-sha-256
	host all all 127.0.0.1/32 trust
	HBA
    in_ns setpriv --reuid postgres --regid postgres --init-groups "$PG_BIN/pg_ctl" -D "$data" -w -l "$data/log" start >>"$LOG" 2>&1
    as_postgres psql -X -h "$data" -U postgres -c "create role shop login superuser" -c "create database shop owner shop" \
        -c "create role scram login password 'pw-scram'"
    as_postgres psql -X -h "$data" -U shop -c "create table items (id int primary key, name text, price numeric)" \
        -c "insert into items select n, 'item ' || n, n * 1.5 from generate_series(1, 20) n"
    as_postgres "$PG_BIN/pgbench" -h "$data" -i -q shop -U shop
    as_postgres "$PG_BIN/pg_ctl" -D "$data" -w stop
    touch "$data/ready"
}

PG_PLAIN='host=shop.test user=shop dbname=shop sslmode=disable'

postgres/simple() {
    about "psql sends simple queries: rows, an insert, an error, a notice, COPY out and COPY in." "the simple query protocol and COPY."
    uses postgresql-15
    postgres_up
    printf '21\tcopied in\t2.5\n22\tand this\t\\N\n' >"$SCRATCH/rows.tsv"
    capture 'tcp port 5432'
    client psql -X "$PG_PLAIN" -c 'select * from items order by id limit 5' -c "insert into items values (100, 'new', 1) on conflict do nothing" \
        -c 'drop table if exists never_was' -c 'copy (select * from items where id < 10) to stdout' \
        -c "\\copy items from '$SCRATCH/rows.tsv'" -c 'delete from items where id > 20'
    client_failing psql -X "$PG_PLAIN" -c 'select no_such_column from items'
}

postgres/prepared() {
    about "pgbench runs its select-only script with prepared statements on two connections." "Parse once, then Bind, Execute and Sync."
    uses postgresql-15
    postgres_up
    capture 'tcp port 5432'
    client "$PG_BIN/pgbench" -n -S -M prepared -c 2 -t 10 "$PG_PLAIN"
}

postgres/extended() {
    about "pgbench runs its TPC-B-like script with the extended protocol." "Parse, Bind, Describe, Execute and Sync in one segment; transactions."
    uses postgresql-15
    postgres_up
    capture 'tcp port 5432'
    client "$PG_BIN/pgbench" -n -M extended -c 1 -t 4 "$PG_PLAIN"
}

postgres/psycopg() {
    about "psycopg uses parameters, a pipeline of statements, and LISTEN/NOTIFY." "a driver's use of the extended protocol; NotificationResponse, which no query asked for."
    uses postgresql-15 pypi:psycopg
    postgres_up
    capture 'tcp port 5432'
    client "$PYTHON" "$RECORD/clients/postgres_client.py" driver
}

postgres/traces() {
    about "Statements whose comments name a trace, as sqlcommenter writes them, and some that only seem to." "traceparent in comments of simple, extended and prepared statements."
    uses postgresql-15 pypi:psycopg pypi:asyncpg
    postgres_up
    capture 'tcp port 5432'
    client "$PYTHON" "$RECORD/clients/postgres_client.py" traces
}

postgres/tls() {
    about "psql with sslmode=require: SSLRequest, the server's S, then TLS." "a connection that is known to be PostgreSQL although all but 9 bytes are encrypted."
    uses postgresql-15
    postgres_up
    capture 'tcp port 5432'
    client psql -X 'host=shop.test user=shop dbname=shop sslmode=require' -c 'select version()'
}

postgres/tls-refused() {
    about "psql with sslmode=prefer asks for TLS, a server without it answers N, and the login goes on in plain." "SSLRequest that is refused on the same connection."
    uses postgresql-15
    postgres_up 5432 ssl=off
    capture 'tcp port 5432'
    client psql -X 'host=shop.test user=shop dbname=shop sslmode=prefer' -c 'select 1'
}

postgres/scram() {
    about "psql logs in with SCRAM-SHA-256, first with the right password and then with a wrong one." "the SASL exchange, and a login that fails."
    uses postgresql-15
    postgres_up
    capture 'tcp port 5432'
    client env PGPASSWORD=pw-scram psql -X 'host=shop.test user=scram dbname=shop sslmode=disable' -c 'select current_user'
    client_failing env PGPASSWORD=wrong psql -X 'host=shop.test user=scram dbname=shop sslmode=disable' -c 'select 1'
}

postgres/cancel() {
    about "psycopg cancels a query that sleeps, by a CancelRequest on a second connection." "a connection of one 16-byte message without an answer."
    uses postgresql-15 pypi:psycopg
    postgres_up
    capture 'tcp port 5432'
    client "$PYTHON" "$RECORD/clients/postgres_client.py" cancel
}

postgres/late-joined() {
    about "tcpdump is started when the connection has long been logged in." "recognising PostgreSQL from the middle, by the grammar of its messages."
    uses postgresql-15 pypi:psycopg
    postgres_up
    late 'tcp port 5432' "$PYTHON" "$RECORD/clients/postgres_client.py" late
}

postgres/other-port() {
    about "PostgreSQL on port 8080." "recognising PostgreSQL without its port, on one that suggests HTTP."
    uses postgresql-15
    postgres_up 8080
    capture 'tcp port 8080'
    client psql -X "$PG_PLAIN port=8080" -c 'select * from items limit 3'
}

postgres/other-port-late-joined() {
    about "PostgreSQL on port 15432, joined in mid-connection." "having neither port nor startup to go by."
    uses postgresql-15 pypi:psycopg
    postgres_up 15432
    late 'tcp port 15432' "$PYTHON" "$RECORD/clients/postgres_client.py" late 15432
}

postgres/operations() {
    about "psycopg, asyncpg and pg8000 ask for all kinds of things, and the server's log says what it was asked (truth.jsonl)." "operations: several statements in one message, errors that skip, pipelines, portals in parts, cursors, copies."
    uses postgresql-15 pypi:psycopg pypi:asyncpg pypi:pg8000
    rm -rf "$WORK/postgres/log.d"
    postgres_up 5432 logging_collector=on log_destination=jsonlog log_directory=log.d log_filename=told log_statement=all
    capture 'tcp port 5432'
    client "$PYTHON" "$RECORD/clients/postgres_operations.py" all
    capture_end
    mkdir -p "$OUT"
    "$PYTHON" "$RECORD/postgres_truth.py" "$WORK/postgres/log.d/told.json" >"$OUT/truth.jsonl"
}
