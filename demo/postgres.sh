#!/usr/bin/env bash
# demo/postgres.sh FOLDER PORT [CERTIFICATE KEY]: a new PostgreSQL cluster in FOLDER that serves on 127.0.0.1, with a
# certificate over TLS for those who want it, until a signal ends it. It trusts everybody on this machine. PostgreSQL refuses to be root, so root becomes nobody, who owns FOLDER then.
set -euo pipefail

folder=$1 port=$2
as=() tls=()
install -d -m 700 "$folder"
if [ "$(id -u)" = 0 ]; then
    chmod 711 "$(dirname "$folder")"
    chown nobody "$folder"
    as=(setpriv --reuid nobody --regid nogroup --clear-groups)
fi
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
"${as[@]}" "$bin/initdb" -D "$folder" -A trust -U postgres --no-sync >/dev/null
if [ $# -gt 2 ]; then
    owner=$(stat -c %u:%g "$folder")
    install -m 600 -o "${owner%:*}" -g "${owner#*:}" "$3" "$folder/server.crt"
    install -m 600 -o "${owner%:*}" -g "${owner#*:}" "$4" "$folder/server.key"
    tls=(-c ssl=on)
fi
# Without this shell's own variables, which would tell whoever profiles it where it was started. The socket's folder is the
# cluster's, where PostgreSQL goes.
exec env -u PWD -u OLDPWD -u SHLVL -u _ "${as[@]}" "$bin/postgres" -D "$folder" -p "$port" -k . \
    -c listen_addresses=127.0.0.1 -c fsync=off "${tls[@]}"
