# shellcheck shell=bash
# SQL Server: python-tds and FreeTDS against a minimal peer (record/peers/mssql_peer.py).
# Neither Debian nor PyPI has an SQL Server. The clients' bytes are real; the peer's follow MS-TDS,
# but it knows no SQL: it answers by looking for a few words in the batch.

MSSQL_NOTE="The server is not SQL Server but the minimal peer record/peers/mssql_peer.py; the client is the real library."

# mssql_up [PORT] [CERTIFICATE KEY]
mssql_up() {
    note "$MSSQL_NOTE"
    local port=${1:-1433}
    shift $(($# > 0))
    serve "$port" "$PYTHON" "$RECORD/peers/mssql_peer.py" "$port" "$@"
}

mssql/python-tds() {
    about "python-tds logs in and runs batches, a parametrised query, a transaction, and an error." "TDS 7.4: PRELOGIN, LOGIN7, SQL batches, RPC, transaction manager requests, token streams."
    uses pypi:python-tds
    mssql_up
    capture 'tcp port 1433'
    client "$PYTHON" "$RECORD/clients/mssql_client.py" queries
}

mssql/freetds() {
    about "FreeTDS's tsql logs in and runs two batches." "another client's PRELOGIN and LOGIN7."
    uses freetds-bin
    mssql_up
    capture 'tcp port 1433'
    client tsql -H 127.0.0.1 -p 1433 -U sa -P secret -D shop <<<$'select id, name from items\ngo\nselect nosuch\ngo\nexit'
}

mssql/freetds-tds50() {
    about "FreeTDS's tsql speaks TDS 5.0, as to Sybase; the peer closes the connection." "a login that is older than PRELOGIN (packet type 2)."
    uses freetds-bin
    mssql_up
    capture 'tcp port 1433'
    client_failing env TDSVER=5.0 tsql -H 127.0.0.1 -p 1433 -U sa -P secret
}

# mssql_tls_up [MODE]: what the peer writes to a key log is put into the capture (keep_keys).
mssql_tls_up() {
    note "$MSSQL_NOTE"
    : >"$SCRATCH/keys.log"
    serve 1433 env "SSLKEYLOGFILE=$SCRATCH/keys.log" "$PYTHON" "$RECORD/peers/mssql_peer.py" 1433 "$CERTIFICATE" "$PRIVATE_KEY" "$@"
    capture 'tcp port 1433'
}

mssql/encrypted() {
    about "python-tds with encryption: the TLS handshake travels inside PRELOGIN packets, the rest in plain TLS records." "TDS that turns into TLS; secrets in the capture."
    uses pypi:python-tds wireshark-common
    mssql_tls_up
    client "$PYTHON" "$RECORD/clients/mssql_client.py" encrypted "$CERTIFICATE"
    keep_keys
}

mssql/login-encrypted() {
    about "python-tds encrypts nothing but the login: TLS ends behind it." "TDS that turns into TLS, and back; secrets in the capture."
    uses pypi:python-tds wireshark-common
    mssql_tls_up login
    client "$PYTHON" "$RECORD/clients/mssql_client.py" login_encrypted "$CERTIFICATE"
    keep_keys
}

mssql/strict() {
    about "python-tds within TLS from the first byte, with TDS 8.0's ALPN." "TDS within TLS 1.3; secrets in the capture."
    uses pypi:python-tds wireshark-common
    mssql_tls_up strict
    client "$PYTHON" "$RECORD/clients/mssql_client.py" strict "$CERTIFICATE"
    keep_keys
}

mssql/late-joined() {
    about "tcpdump is started after the login." "recognising TDS by its packet headers and tokens, without PRELOGIN."
    uses pypi:python-tds
    mssql_up
    late 'tcp port 1433' "$PYTHON" "$RECORD/clients/mssql_client.py" late
}

mssql/other-port() {
    about "The peer on port 21433." "recognising TDS without its port."
    uses pypi:python-tds
    mssql_up 21433
    capture 'tcp port 21433'
    client "$PYTHON" "$RECORD/clients/mssql_client.py" queries 21433
}
