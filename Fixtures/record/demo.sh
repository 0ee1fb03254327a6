# shellcheck shell=bash
# The README's picture: a shop of small services, each a host of its own on one bridge.
#
#   visitors .100 ──> web .10 ──> orders .11 ──> postgres .20, nats .22, rabbitmq .24
#                        └─────> catalog .12 ──> redis .21, memcached .23, mariadb .25
#                     mailer .13 ──> nats .22, orders .11
#
# Captured on the bridge, so that every packet is seen once, however many hosts it concerns.

SHOP_HOSTS=(10:web 11:orders 12:catalog 13:mailer 20:postgres 21:redis 22:nats 23:memcached 24:rabbitmq 25:mariadb 100:visitors)

shop_names() {
    local host
    for host in "${SHOP_HOSTS[@]}"; do echo "10.77.0.${host%%:*} ${host#*:}"; done
}

# The fixture's own namespace is the switch; it has 10.77.0.1 on the bridge.
shop_network() {
    local host name namespace
    ip -n "$NS" link add shop type bridge
    ip -n "$NS" address add 10.77.0.1/24 dev shop
    ip -n "$NS" link set shop up
    for host in "${SHOP_HOSTS[@]}"; do
        name=${host#*:}
        namespace=$NS-$name
        ip netns add "$namespace"
        ip -n "$NS" link add "$name" type veth peer name eth0 netns "$namespace"
        ip -n "$NS" link set "$name" master shop up
        ip -n "$namespace" address add "10.77.0.${host%%:*}/24" dev eth0
        ip -n "$namespace" link set eth0 up
        ip -n "$namespace" link set lo up
        # Without offloading the frames on the bridge are as on a cable: at most 1514 bytes, checksums right.
        ip netns exec "$namespace" ethtool -K eth0 tx off tso off gso off gro off >>"$LOG" 2>&1
        mkdir -p "/etc/netns/$namespace"
        { echo '127.0.0.1 localhost'; shop_names; } >"/etc/netns/$namespace/hosts"
    done
}

# on HOST serve|client|spawn …: there instead of in the fixture's namespace.
on() { local NS=$NS-$1; shift; "$@"; }

demo/shop() {
    about "Visitors buy at a small shop: 4 Python services (aiohttp), PostgreSQL, Redis, NATS, memcached, RabbitMQ and MariaDB, each with an address of its own; captured on their bridge." \
        "the README and \`make demo\`: a service map with names (\`names\`, in hosts-file syntax), schemas with variants, six kinds of stores."
    uses pypi:aiohttp pypi:psycopg pypi:redis pypi:nats-py pypi:pymemcache pypi:pika pypi:pymysql \
        postgresql-15 redis-server nats-server memcached rabbitmq-server mariadb-server
    shop_network
    shop_names >"$SCRATCH/names"

    on postgres postgres_up 5432 "listen_addresses=*" "hba_file=$(render pg_hba-shop.conf)"
    on mariadb mysql_up 3306 --bind-address=0.0.0.0
    on redis redis_up 6379 --bind 0.0.0.0 --protected-mode no
    on nats serve 4222 nats-server -a 0.0.0.0 -p 4222
    on memcached serve 11211 memcached -u nobody -l 0.0.0.0 -p 11211 -U 0
    on rabbitmq rabbitmq_up 5672 loopback_users=none listeners.tcp.shop=10.77.0.24:5672

    # The services connect to their stores when they start; that belongs into the picture.
    MARKER_ADDRESS=10.77.0.10
    capture -i shop 'tcp and net 10.77.0.0/24'
    on catalog serve 9001 "$PYTHON" "$RECORD/demo/catalog.py" 9001
    on orders serve 9002 "$PYTHON" "$RECORD/demo/orders.py" 9002
    on web serve 8080 "$PYTHON" "$RECORD/demo/web.py" 8080
    on mailer serve 9003 "$PYTHON" "$RECORD/demo/mailer.py" 9003
    on visitors client "$PYTHON" "$RECORD/demo/visitors.py"
    capture_end
    mkdir -p "$OUT"
    cp "$SCRATCH/names" "$OUT/names"
}
