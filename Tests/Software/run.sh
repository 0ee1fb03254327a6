#!/usr/bin/env bash
# Profiles real software and compares what the profiler saw with what tcpdump saw, message by message.
#
#   Tests/Software/run.sh              all of it
#   Tests/Software/run.sh nginx redis  these
#   Tests/Software/run.sh --list       their names
#
# Runs as root on Debian 12; what is missing is installed. Each software gets a network namespace of its own, and whatever
# was started for it is stopped before the next begins. What is opted in is the software that is tried; a client that is
# opted in, too, makes a second view of each connection, which is compared as well.
#
# The vocabulary is that of the fixtures' recordings (Fixtures/record/lib.sh), and servers of theirs are used.
set -uo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$HERE/../..
FIXTURES=$ROOT/Fixtures
PROFILER=$ROOT/.build/release/profiler
REPLAY=$ROOT/.build/release/replay
source "$FIXTURES/record/lib.sh"
source "$FIXTURES/record/notes.sh"
for protocol in postgres mysql redis memcached amqp nats; do source "$FIXTURES/record/$protocol.sh"; done

TAG=software-$$
PORT=8080

# opted_in COMMAND…: what it starts is profiled.
opted_in() {
    local CLEAN=("${CLEAN[@]}" "ADI_PROFILE=$TAG")
    "$@"
}

# What `wrk` asks of whoever listens; curl and wget beside it take what is long and meet what is not there.
load() { # URL
    client wrk -t1 -c8 -d1s "$1/items/7"
    client curl -skf "$1/items/1" "$1/large" -o /dev/null -o /dev/null
    client_failing curl -skf "$1/missing"
    client wget -q --no-check-certificate -O /dev/null "$1/items/1" "$1/large"
}

# What is tried by the name of …-tls speaks TLS.
is_tls() { [[ $NAME == *-tls ]]; }
url() { is_tls && echo "https://127.0.0.1:$PORT" || echo "http://127.0.0.1:$PORT"; }

json_folder() {
    mkdir -p "$SCRATCH/www/items"
    echo '{"id":1,"name":"item 1"}' >"$SCRATCH/www/items/1"
    echo '{"id":7,"name":"item 7"}' >"$SCRATCH/www/items/7"
    head -c 300000 /dev/zero | tr '\0' x >"$SCRATCH/www/large"
    chmod -R a+rX "$SCRATCH/www"
}

# nginx_up PORT LOCATION…: what else its server block holds.
nginx_up() {
    local port=$1
    shift
    json_folder
    cat >"$SCRATCH/nginx.conf" <<-CONF
	daemon off; pid $SCRATCH/nginx.pid; error_log $SCRATCH/nginx.log; worker_processes 2; user root;
	events { worker_connections 256; }
	http {
	  access_log off; default_type application/json; client_max_body_size 10m;
	  client_body_temp_path $SCRATCH/body; proxy_temp_path $SCRATCH/proxy; fastcgi_temp_path $SCRATCH/fastcgi;
	  uwsgi_temp_path $SCRATCH/uwsgi; scgi_temp_path $SCRATCH/scgi;
	  $(is_tls && echo "ssl_certificate $CERTIFICATE; ssl_certificate_key $PRIVATE_KEY;")
	  server { listen 127.0.0.1:$port $(is_tls && echo ssl http2); root $SCRATCH/www; $*
	  }
	}
	CONF
    serve "$port" nginx -p "$SCRATCH" -c "$SCRATCH/nginx.conf" -e stderr
}

# in_language SERVER… -- CLIENT…: a server and a client in one language, both opted in.
in_language() {
    local server=()
    while [ "$1" != -- ]; do
        server+=("$1")
        shift
    done
    shift
    local certificate=() pair=()
    if is_tls; then
        certificate=("$CERTIFICATE")
        pair=("$CERTIFICATE" "$PRIVATE_KEY")
    fi
    opted_in serve $PORT "${server[@]}" $PORT "${pair[@]}"
    load "$(url)"
    opted_in client env "SSL_CERT_FILE=$CERTIFICATE" "NODE_EXTRA_CA_CERTS=$CERTIFICATE" "$@" $PORT "${certificate[@]}"
}

# --- the software, by name: software/NAME; needs/NAME says which packages, beside those of the recordings --------------

software/nginx() {
    opted_in nginx_up $PORT "location /api/ { proxy_pass http://127.0.0.1:8081/; }"
    serve 8081 "$PYTHON" "$HERE/programs/server.py" 8081
    load "$(url)"
    head -c 200000 /dev/zero | tr '\0' y >"$SCRATCH/text"
    client curl -skf --data-binary "@$SCRATCH/text" "$(url)/api/echo" -o /dev/null
    client curl -skf "$(url)/api/items/[1-9]"
}

software/haproxy() {
    nginx_up 8081
    cat "$CERTIFICATE" "$PRIVATE_KEY" >"$SCRATCH/both.pem"
    cat >"$SCRATCH/haproxy.cfg" <<-CONF
	defaults
	  mode http
	  timeout connect 5s
	  timeout client 10s
	  timeout server 10s
	frontend web
	  bind 127.0.0.1:$PORT $(is_tls && echo "ssl crt $SCRATCH/both.pem alpn h2,http/1.1")
	  option forwardfor
	  default_backend pages
	backend pages
	  server one 127.0.0.1:8081 $(is_tls && echo ssl verify none)
	CONF
    opted_in serve $PORT haproxy -db -f "$SCRATCH/haproxy.cfg"
    load "$(url)"
}

software/apache() {
    local modules=/usr/lib/apache2/modules
    json_folder
    cat >"$SCRATCH/apache.conf" <<-CONF
	ServerName shop.test
	PidFile $SCRATCH/apache.pid
	ErrorLog $SCRATCH/apache.log
	Listen 127.0.0.1:$PORT
	LoadModule mpm_event_module $modules/mod_mpm_event.so
	LoadModule authz_core_module $modules/mod_authz_core.so
	LoadModule proxy_module $modules/mod_proxy.so
	LoadModule proxy_http_module $modules/mod_proxy_http.so
	$(is_tls && printf '%s\n' "LoadModule ssl_module $modules/mod_ssl.so" "LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so" \
        "LoadModule http2_module $modules/mod_http2.so" 'SSLEngine on' "SSLCertificateFile $CERTIFICATE" \
        "SSLCertificateKeyFile $PRIVATE_KEY" 'Protocols h2 http/1.1')
	User www-data
	Group www-data
	DocumentRoot $SCRATCH/www
	ProxyPass /api/ http://127.0.0.1:8081/
	CONF
    opted_in serve $PORT apache2 -D FOREGROUND -f "$SCRATCH/apache.conf"
    serve 8081 "$PYTHON" "$HERE/programs/server.py" 8081
    load "$(url)"
    client curl -skf "$(url)/api/items/[1-9]"
}

# nginx asks php-fpm over a Unix socket, and that asks a web server.
software/php-fpm() {
    local socket=$SCRATCH/php.socket program
    program=$(echo /usr/sbin/php-fpm*)
    mkdir -p "$SCRATCH/www"
    cat >"$SCRATCH/www/shop.php" <<-'PHP'
	<?php
	$text = file_get_contents("http://127.0.0.1:8081/items/" . intval($_GET["n"]));
	header("Content-Type: application/json");
	echo json_encode(["item" => json_decode($text)]);
	PHP
    printf '%s\n' '[global]' "error_log = $SCRATCH/php.log" 'daemonize = no' '[www]' "listen = $socket" 'user = www-data' \
        'group = www-data' 'listen.mode = 0666' 'pm = static' 'pm.max_children = 3' >"$SCRATCH/php.conf"
    opted_in spawn "$program" -n -y "$SCRATCH/php.conf"
    await "php-fpm to listen" test -S "$socket"
    nginx_up $PORT "location ~ [.]php\$ { include /etc/nginx/fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $SCRATCH/www/shop.php; fastcgi_pass unix:$socket; }"
    serve 8081 "$PYTHON" "$HERE/programs/server.py" 8081
    client curl -sf "http://127.0.0.1:$PORT/shop.php?n=[1-30]"
}

software/node() { in_language node "$HERE/programs/server.mjs" -- node "$HERE/programs/client.mjs"; }

software/python() { in_language "$PYTHON" "$HERE/programs/server.py" -- "$PYTHON" "$HERE/programs/client.py"; }

software/java() {
    javac -d "$SCRATCH/java" "$HERE"/programs/{Server,Client}.java >>"$LOG" 2>&1
    in_language java -cp "$SCRATCH/java" Server -- java -cp "$SCRATCH/java" Client
}

software/go() {
    local program
    for program in server client; do
        (cd "$SCRATCH" && HOME=$SCRATCH GOFLAGS=-buildvcs=false go build -o "go-$program" "$HERE/programs/$program.go") >>"$LOG" 2>&1
    done
    in_language "$SCRATCH/go-server" -- "$SCRATCH/go-client"
}

software/rust() {
    local program
    for program in server client; do
        rustc --edition 2021 -O -o "$SCRATCH/rust-$program" "$HERE/programs/$program.rs" >>"$LOG" 2>&1
    done
    in_language "$SCRATCH/rust-server" -- "$SCRATCH/rust-client"
}

software/postgresql() {
    opted_in postgres_up
    client env PGSSLMODE=disable "$PG_BIN/pgbench" -h 127.0.0.1 -U shop -i -s 1 shop
    client env PGSSLMODE=disable "$PG_BIN/pgbench" -h 127.0.0.1 -U shop -c 4 -t 50 shop
    client env PGSSLMODE=disable "$PG_BIN/pgbench" -h 127.0.0.1 -U shop -c 4 -t 50 -M prepared shop
    opted_in client env PGSSLMODE=disable "$PYTHON" "$RECORD/clients/postgres_operations.py" all
}

software/mariadb() {
    opted_in mysql_up
    opted_in client "$PYTHON" "$RECORD/clients/mysql_operations.py" all
    client "${MYSQL_CLIENT[@]}" --ssl=0 shop -e 'select * from items; insert into items (name) values ("new")'
}

software/redis() {
    opted_in redis_up
    client redis-benchmark -q -n 2000 -c 10 -t set,get,lpush,lrange_100
    client redis-benchmark -q -n 4000 -c 4 -P 16 -t set,get
    opted_in client "$PYTHON" "$RECORD/clients/redis_operations.py"
}

software/memcached() {
    opted_in memcached_up
    opted_in client "$PYTHON" "$RECORD/clients/memcached_operations.py"
    client "$PYTHON" "$RECORD/clients/memcached_client.py" binary
}

software/rabbitmq() {
    opted_in rabbitmq_up
    opted_in client "$PYTHON" "$RECORD/clients/amqp_operations.py"
}

software/nats() {
    opted_in nats_up
    opted_in client "$PYTHON" "$RECORD/clients/nats_client.py" publish
    client "$PYTHON" "$RECORD/clients/nats_client.py" request
}

# The same within TLS, where tcpdump's capture is read with the secrets that the profiler took.
software/nginx-tls() { software/nginx; }
software/apache-tls() { software/apache; }
software/haproxy-tls() { software/haproxy; }
software/node-tls() { software/node; }
software/python-tls() { software/python; }
software/go-tls() { software/go; }

software/postgresql-tls() {
    opted_in postgres_up
    client env PGSSLMODE=require "$PG_BIN/pgbench" -h 127.0.0.1 -U shop -i -s 1 shop
    client env PGSSLMODE=require "$PG_BIN/pgbench" -h 127.0.0.1 -U shop -c 4 -t 50 shop
    opted_in client env PGSSLMODE=require "$PYTHON" "$RECORD/clients/postgres_operations.py" all
}

software/redis-tls() {
    local trust=(--tls --cacert "$CERTIFICATE")
    opted_in serve 6380 redis-server --port 0 --tls-port 6380 --bind 127.0.0.1 --save '' --dir "$SCRATCH" \
        --tls-cert-file "$CERTIFICATE" --tls-key-file "$PRIVATE_KEY" --tls-auth-clients no
    client redis-benchmark -p 6380 "${trust[@]}" -q -n 2000 -c 10 -t set,get,lpush,lrange_100
    opted_in client redis-cli -p 6380 "${trust[@]}" set greeting hello
    opted_in client redis-cli -p 6380 "${trust[@]}" get greeting
}

software/mariadb-tls() {
    opted_in mysql_up
    opted_in client "${MYSQL_CLIENT[@]}" --ssl shop -e 'select * from items; insert into items (name) values ("new")'
}

software/nats-tls() {
    opted_in serve 4222 nats-server -a 127.0.0.1 -p 4222 --tls --tlscert "$CERTIFICATE" --tlskey "$PRIVATE_KEY"
    opted_in client "$PYTHON" "$RECORD/clients/nats_client.py" over_tls "$CERTIFICATE"
}

# --- one of them ------------------------------------------------------------------------------------------------------

# Both watch before the software starts, and until all connections are closed or at rest.
try_software() { # NAME
    local name=$1
    (
        set -e
        scratch_up "$name"
        trap '[ -z "${WATCHING:-}" ] || kill -KILL "$WATCHING"; teardown' EXIT
        trap 'exit 130' INT TERM
        network_up
        "$PROFILER" --allow "$TAG" --output "$SCRATCH/live.jsonl" --env-output "$SCRATCH/env.yaml" \
            --service-map "$SCRATCH/live.yaml" --record "$SCRATCH/live.tape" --json >"$SCRATCH/live.json" 2>"$SCRATCH/profiler.log" &
        WATCHING=$!
        await "the profiler to watch" grep -q watching "$SCRATCH/profiler.log"
        capture tcp
        "software/$name"
        capture_end
        kill -INT "$WATCHING"
        # 1: it says that something was lost, which the comparison shows.
        wait "$WATCHING" || [ $? -eq 1 ]
        WATCHING=
        "$REPLAY" convert "$SCRATCH/live.tape" "$SCRATCH/live.pcapng" >>"$LOG" 2>&1 || [ $? -eq 1 ]
        "$HERE/secrets.py" "$SCRATCH/live.pcapng" >"$SCRATCH/keys.log"
        "$REPLAY" --quiet --tls-keys "$SCRATCH/keys.log" --output "$SCRATCH/wire.jsonl" "$SCRATCH/input" >>"$LOG" 2>&1 || [ $? -eq 1 ]
        "$HERE/compare.py" "$name" "$SCRATCH/live.jsonl" "$SCRATCH/live.json" "$SCRATCH/wire.jsonl"
    )
}

all_software() { declare -F | awk '$3 ~ "^software/" { sub("software/", "", $3); print $3 }'; }

main() {
    case ${1-} in
        -h | --help) sed -n '2,/^set/ { /^set/d; s/^# \{0,1\}//; p }' "${BASH_SOURCE[0]}"; return 0 ;;
        --list) all_software; return 0 ;;
    esac
    local program name failed=()
    for program in "$PROFILER" "$REPLAY"; do
        [ -x "$program" ] || { echo "run.sh: $program is not built: make test-software builds it" >&2; return 2; }
    done
    for name in "$@"; do
        declare -F "software/$name" >/dev/null || { echo "run.sh: no software is named $name; --list names it" >&2; return 2; }
    done
    prepare_host "$HERE/debian-packages.txt" || return 2
    "$HERE/compare.py" --head
    for name in $(if [ $# -gt 0 ]; then echo "$@"; else all_software; fi); do
        try_software "$name"
        [ $? -eq 0 ] || {
            failed+=("$name")
            [ ! -e "$WORK/run/$name/log" ] || tail -n 3 "$WORK/run/$name/log" >&2
        }
    done
    if [ ${#failed[@]} -gt 0 ]; then
        echo "not equal, or not run: ${failed[*]} (logs below $WORK/run)" >&2
        KEEP_WORK=1
        return 1
    fi
    echo "all equal"
}

main "$@"
