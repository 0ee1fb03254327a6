# shellcheck shell=bash
# MariaDB 10.11 with its command line client and PyMySQL.

# mysql_up [PORT] [SERVER OPTION…]: one data directory serves all fixtures; it is made when first needed.
mysql_up() {
    local port=${1:-3306} data=$WORK/mysql
    local server=(mariadbd --no-defaults --user=mysql "--datadir=$data" "--socket=$data/socket" "--pid-file=$data/pid"
        --bind-address=127.0.0.1 "--port=$port" "--ssl-cert=$data/certificate.pem" "--ssl-key=$data/key.pem")
    shift $(($# > 0))
    mysql_data "$data"
    serve "$port" "${server[@]}" "$@"
    await "MariaDB to accept connections" in_ns mariadb-admin --no-defaults "--socket=$data/socket" ping
}

mysql_data() {
    local data=$1
    [[ -e $data/ready ]] && return
    rm -rf "$data"
    install -d -o mysql -m 755 "$data"
    mariadb-install-db --no-defaults --user=mysql "--datadir=$data" --auth-root-authentication-method=normal --skip-test-db >>"$LOG" 2>&1
    install -o mysql -m 600 "$CERTIFICATE" "$data/certificate.pem"
    install -o mysql -m 600 "$PRIVATE_KEY" "$data/key.pem"
    mariadbd --no-defaults --user=mysql "--datadir=$data" --bootstrap >>"$LOG" 2>&1 <<-SQL
	create database shop;
	flush privileges;
	create user shop@'%' identified by 'secret';
	grant all on shop.* to shop@'%';
	create table shop.items (id int primary key auto_increment, name varchar(200), price double);
	insert into shop.items (name, price) values ('teapot', 19.5), ('cup', 7), ('spoon', null);
	SQL
    touch "$data/ready"
}

MYSQL_CLIENT=(mariadb --no-defaults -h 127.0.0.1 -u shop -psecret)

mysql/simple() {
    about "The mariadb client logs in and sends queries: rows, an insert, an update, an error." \
        "a server that speaks first (the greeting); OK, ERR and result sets."
    uses mariadb-server mariadb-client
    mysql_up
    capture 'tcp port 3306'
    client "${MYSQL_CLIENT[@]}" --ssl=0 shop -e 'select * from items; insert into items (name) values ("new"); update items set price = 1 where name = "new"; delete from items where name = "new"'
    client_failing "${MYSQL_CLIENT[@]}" --ssl=0 shop -e 'select * from no_such_table'
}

mysql/login-refused() {
    about "The mariadb client with a wrong password." "a connection that ends with ERR right after the login."
    uses mariadb-server mariadb-client
    mysql_up
    capture 'tcp port 3306'
    client_failing mariadb --no-defaults -h 127.0.0.1 -u shop -pwrong --ssl=0 shop -e 'select 1'
}

mysql/pymysql() {
    about "PyMySQL runs transactions, pings and a result of 400 rows." "another client's login; results of several segments."
    uses mariadb-server pypi:pymysql
    mysql_up
    capture 'tcp port 3306'
    client "$PYTHON" "$RECORD/clients/mysql_client.py" driver
}

mysql/prepared() {
    about "Prepared statements, by SQL's PREPARE and by the binary protocol, whose commands PyMySQL's packet layer sends." \
        "COM_STMT_PREPARE, COM_STMT_EXECUTE with binary rows, COM_STMT_CLOSE, which has no answer."
    uses mariadb-server pypi:pymysql
    mysql_up
    capture 'tcp port 3306'
    client "$PYTHON" "$RECORD/clients/mysql_client.py" prepared
}

mysql/traces() {
    about "Statements whose comments name a trace, as sqlcommenter writes them, and some that only seem to." "traceparent in comments of texts and of prepared statements."
    uses mariadb-server pypi:pymysql pypi:mysql-connector-python
    mysql_up
    capture 'tcp port 3306'
    client "$PYTHON" "$RECORD/clients/mysql_client.py" traces
}

mysql/operations() {
    about "PyMySQL and mysql-connector ask for all kinds of things, and the server's own tables say what it was asked (truth.jsonl)." "operations: several statements and results, procedures, a local file, prepared statements, cursors, pipelining, compression, errors."
    uses mariadb-server pypi:pymysql pypi:mysql-connector-python
    mysql_up 3306 --local-infile=1 --performance-schema=on --performance-schema-consumer-events-statements-current=on --performance-schema-consumer-events-statements-history-long=on \
        '--performance-schema-instrument=statement/%=on' --performance-schema-max-sql-text-length=16384
    local ask=(in_ns mariadb --no-defaults "--socket=$WORK/mysql/socket" -N -r)
    "${ask[@]}" -e 'grant create routine, alter routine, execute, create temporary tables on shop.* to shop; truncate performance_schema.events_statements_history_long' >>"$LOG" 2>&1
    capture 'tcp port 3306'
    client "$PYTHON" "$RECORD/clients/mysql_operations.py" all
    capture_end
    mkdir -p "$OUT"
    "${ask[@]}" <"$RECORD/mysql_truth.sql" >"$OUT/truth.jsonl"
}

mysql/tls() {
    about "The mariadb client with --ssl: greeting, SSLRequest, then TLS." "a connection that turns into TLS after the greeting."
    uses mariadb-server mariadb-client
    mysql_up
    capture 'tcp port 3306'
    client "${MYSQL_CLIENT[@]}" --ssl shop -e 'select * from items'
}

mysql/late-joined() {
    about "tcpdump is started when the connection has long been logged in." "recognising MySQL from the middle, by packet lengths and sequence numbers."
    uses mariadb-server pypi:pymysql
    mysql_up
    late 'tcp port 3306' "$PYTHON" "$RECORD/clients/mysql_client.py" late
}

mysql/other-port() {
    about "MariaDB on port 13306." "recognising MySQL without its port."
    uses mariadb-server mariadb-client
    mysql_up 13306
    capture 'tcp port 13306'
    client "${MYSQL_CLIENT[@]}" --ssl=0 -P 13306 shop -e 'select * from items'
}

mysql/other-port-late-joined() {
    about "MariaDB on port 13306, joined in mid-connection." "having neither port nor greeting to go by."
    uses mariadb-server pypi:pymysql
    mysql_up 13306
    late 'tcp port 13306' "$PYTHON" "$RECORD/clients/mysql_client.py" late 13306
}
