# shellcheck shell=bash
# What is none of the nine protocols, nor HTTP/1: to be left unnamed, also on ports that suggest one.
# Only the text before the first byte of TLS matters here, so logins are short and plain.

other/ssh() {
    about "ssh logs in at OpenSSH's server and runs a command; once on port 22, once on PostgreSQL's 5432." "a server banner, then binary packets; a port that suggests a database."
    uses openssh-server openssh-client
    ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/user_key"
    install -d -m 755 /run/sshd "$SCRATCH/ssh"
    local port
    for port in 22 5432; do
        serve "$port" /usr/sbin/sshd -D -e -f /dev/null -o "Port=$port" -o ListenAddress=127.0.0.1 -o "HostKey=$SCRATCH/host_key" \
            -o "AuthorizedKeysFile=$SCRATCH/user_key.pub" -o StrictModes=no -o "PidFile=$SCRATCH/sshd-$port.pid"
    done
    capture 'tcp port 22 or tcp port 5432'
    for port in 22 5432; do
        client ssh -F /dev/null -p "$port" -i "$SCRATCH/user_key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1 echo hello
    done
}

other/smtp() {
    about "Python's smtplib sends a mail through OpenSMTPD; once on port 25, once on MySQL's 3306." "a server that speaks first, on the port of one that does, too."
    uses opensmtpd python
    mkdir -p "$SCRATCH/mail"
    cat >"$SCRATCH/smtpd.conf" <<-CONF
	listen on 127.0.0.1 port 25
	listen on 127.0.0.1 port 3306
	table aliases { root = root }
	action deliver maildir "$SCRATCH/mail" alias <aliases>
	match from any for any action deliver
	CONF
    serve 25 smtpd -d -f "$SCRATCH/smtpd.conf"
    capture 'tcp port 25 or tcp port 3306'
    client "$PYTHON" "$RECORD/clients/mail_client.py" smtp 25
    client "$PYTHON" "$RECORD/clients/mail_client.py" smtp 3306
}

other/ftp() {
    about "curl lists and fetches from vsftpd, in passive mode." "control connection in lines, data connections that carry bare content."
    uses vsftpd curl
    mkdir -p "$SCRATCH/ftp/empty"
    cp "$RECORD/requirements.txt" "$SCRATCH/ftp/"
    chmod 755 "$SCRATCH/ftp"
    cat >"$SCRATCH/vsftpd.conf" <<-CONF
	listen=YES
	background=NO
	listen_address=127.0.0.1
	anonymous_enable=YES
	local_enable=NO
	anon_root=$SCRATCH/ftp
	secure_chroot_dir=$SCRATCH/ftp/empty
	seccomp_sandbox=NO
	CONF
    chmod go-w "$SCRATCH/vsftpd.conf"
    serve 21 vsftpd "$SCRATCH/vsftpd.conf"
    capture tcp
    client curl -sS ftp://127.0.0.1/
    client curl -sS --disable-epsv ftp://127.0.0.1/requirements.txt
}

other/imap-and-pop3() {
    about "Python's imaplib and poplib read a mailbox at Dovecot." "two mail protocols whose servers speak first; POP3's +OK looks like Redis's."
    uses dovecot-imapd dovecot-pop3d python
    mkdir -p "$SCRATCH/mail/new" "$SCRATCH/mail/cur" "$SCRATCH/mail/tmp"
    printf 'Subject: hello\r\n\r\nA mail.\r\n' >"$SCRATCH/mail/new/1.mail"
    chown -R mail:mail "$SCRATCH/mail"
    serve 143 dovecot -F -c "$(render dovecot.conf)"
    await "POP3 to listen" listening 110
    capture 'tcp port 143 or tcp port 110'
    client "$PYTHON" "$RECORD/clients/mail_client.py" imap
    client "$PYTHON" "$RECORD/clients/mail_client.py" pop3
}

other/mqtt() {
    about "mosquitto's clients subscribe and publish; once on port 1883, once on Kafka's 9092." "a binary protocol with lengths, on the port of another one."
    uses mosquitto mosquitto-clients
    printf 'listener 1883 127.0.0.1\nlistener 9092 127.0.0.1\nallow_anonymous true\n' >"$SCRATCH/mosquitto.conf"
    serve 1883 mosquitto -c "$SCRATCH/mosquitto.conf"
    await "the second port" listening 9092
    capture 'tcp port 1883 or tcp port 9092'
    local port
    for port in 1883 9092; do
        # A retained message is there for the subscriber whenever it comes.
        client mosquitto_pub -h 127.0.0.1 -p "$port" -r -q 1 -t shop/temperature -m 21.5
        client mosquitto_sub -h 127.0.0.1 -p "$port" -C 1 -t 'shop/#'
    done
}

other/ldap() {
    about "ldapsearch asks slapd, anonymously and with a password." "ASN.1 (BER) messages."
    uses slapd ldap-utils
    mkdir -p "$SCRATCH/ldap"
    serve 389 slapd -d 0 -h ldap://127.0.0.1:389 -f "$(render slapd.conf)"
    capture 'tcp port 389'
    client ldapadd -x -H ldap://127.0.0.1 -D cn=admin,dc=shop -w secret <<-LDIF
	dn: dc=shop
	objectClass: dcObject
	objectClass: organization
	o: Shop
	LDIF
    client ldapsearch -x -H ldap://127.0.0.1 -b dc=shop
    client_failing ldapsearch -x -H ldap://127.0.0.1 -D cn=admin,dc=shop -w wrong -b dc=shop
}

other/http2() {
    about "nghttp and curl speak HTTP/2 in plain text to nghttpd, with prior knowledge; curl also by Upgrade from HTTP/1.1, to nghttpx in front of it." "PRI * HTTP/2.0, which looks like HTTP/1; an Upgrade to h2c."
    uses nghttp2-server nghttp2-client nghttp2-proxy curl
    mkdir -p "$SCRATCH/www"
    echo hello >"$SCRATCH/www/index.html"
    serve 8080 nghttpd --no-tls -a 127.0.0.1 -d "$SCRATCH/www" 8080
    serve 8081 nghttpx --conf=/dev/null '--frontend=127.0.0.1,8081;no-tls' '--backend=127.0.0.1,8080;;proto=h2' --workers=1
    capture 'tcp port 8080 or tcp port 8081'
    client nghttp -n http://127.0.0.1:8080/index.html http://127.0.0.1:8080/missing
    client curl -sS --http2-prior-knowledge -o /dev/null http://127.0.0.1:8080/index.html
    client curl -sS --http2 -o /dev/null http://127.0.0.1:8081/index.html
}

other/zookeeper() {
    about "kazoo creates, reads, watches and deletes nodes at ZooKeeper." "messages with a 32-bit length and transaction ids: the nearest thing to Kafka that isn't."
    uses zookeeper pypi:kazoo
    printf 'tickTime=2000\ndataDir=%s\nclientPort=2181\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n' "$SCRATCH/zk" >"$SCRATCH/zoo.cfg"
    mkdir -p "$SCRATCH/zk"
    serve 2181 java -cp '/etc/zookeeper/conf:/usr/share/java/*' org.apache.zookeeper.server.quorum.QuorumPeerMain "$SCRATCH/zoo.cfg"
    capture 'tcp port 2181'
    client "$PYTHON" "$RECORD/clients/other_client.py" zookeeper
}

other/cassandra() {
    about "cassandra-driver asks a minimal peer for its options and is refused." "CQL's native protocol: OPTIONS, SUPPORTED, STARTUP, ERROR."
    note "The server is not Cassandra but the minimal peer record/peers/cassandra_peer.py; the client is the real driver."
    uses pypi:cassandra-driver
    serve 9042 "$PYTHON" "$RECORD/peers/cassandra_peer.py" 9042
    capture 'tcp port 9042'
    client "$PYTHON" "$RECORD/clients/other_client.py" cassandra
}

other/rdp() {
    about "FreeRDP connects to xrdp twice, with RDP's own encryption and with TLS, as a user who does not exist there." "TPKT: 03 00 and a 16-bit length; then TLS."
    uses xrdp freerdp2-x11
    install -d -m 755 "$SCRATCH/xrdp"
    serve 3389 xrdp --nodaemon --port 3389 --config "$(render xrdp.ini)"
    capture 'tcp port 3389'
    client_failing xvfb-run -a timeout 5 xfreerdp /v:127.0.0.1:3389 /u:anna /p:wrong /cert:ignore /w:320 /h:200 /bpp:8 /sec:rdp
    client_failing xvfb-run -a timeout 5 xfreerdp /v:127.0.0.1:3389 /u:anna /p:wrong /cert:ignore /w:320 /h:200 /bpp:8 /sec:tls
}

other/smb() {
    about "smbclient lists Samba's shares and fetches a file; once on port 445, once on SQL Server's 1433." "NetBIOS framing with a 24-bit length, on a port of another protocol."
    uses samba smbclient
    mkdir -p "$SCRATCH/samba" "$SCRATCH/share"
    cp "$RECORD/requirements.txt" "$SCRATCH/share/"
    serve 445 smbd --foreground --no-process-group --debug-stdout -s "$(render smb.conf)"
    await "the second port" listening 1433
    capture 'tcp port 445 or tcp port 1433'
    client smbclient -s "$SCRATCH/smb.conf" -N -p 445 -L 127.0.0.1
    client smbclient -s "$SCRATCH/smb.conf" -N -p 1433 //127.0.0.1/share -c "get requirements.txt /dev/null"
}

other/bittorrent() {
    about "aria2 fetches a file from another aria2 that seeds it; the tracker is Python's." "the handshake with its protocol name, then messages with a 32-bit length; an announce over HTTP."
    uses aria2 python
    local aria=(aria2c --no-conf --enable-dht=false --enable-peer-exchange=false --bt-enable-lpd=false --bt-min-crypto-level=plain
        --bt-require-crypto=false --disable-ipv6 --seed-ratio=0 --file-allocation=none)
    mkdir -p "$SCRATCH/seed" "$SCRATCH/fetched"
    head -c 40000 /dev/urandom >"$SCRATCH/seed/photo.bin"
    in_ns "$PYTHON" "$RECORD/peers/bittorrent_tracker.py" make "$SCRATCH/seed/photo.bin" "$SCRATCH/photo.torrent" >>"$LOG" 2>&1
    serve 6969 "$PYTHON" "$RECORD/peers/bittorrent_tracker.py" track 6969 6881
    serve 6881 "${aria[@]}" --listen-port=6881 --check-integrity --dir="$SCRATCH/seed" "$SCRATCH/photo.torrent"
    capture 'tcp port 6969 or tcp port 6881'
    client "${aria[@]}" --listen-port=6882 --seed-time=0 --dir="$SCRATCH/fetched" "$SCRATCH/photo.torrent"
}

other/random-bytes() {
    about "Random bytes (seeded) in both directions on the default ports of Redis, PostgreSQL, MySQL, Kafka, NATS, AMQP and memcached." "nothing, on ports that promise something; no verdict may be 90."
    uses python
    local port filter=
    for port in 6379 5432 3306 9092 4222 5672 11211; do
        serve "$port" "$PYTHON" "$RECORD/peers/random_peer.py" "$port"
        filter+="${filter:+ or }tcp port $port"
    done
    capture "$filter"
    client "$PYTHON" "$RECORD/clients/other_client.py" random_bytes 6379 5432 3306 9092 4222 5672 11211
}

other/text-lines() {
    about "A chat of lines on Redis's and memcached's ports." "text that is no inline command and no storage command."
    uses python
    serve 6379 "$PYTHON" "$RECORD/peers/line_peer.py" 6379
    serve 11211 "$PYTHON" "$RECORD/peers/line_peer.py" 11211
    capture 'tcp port 6379 or tcp port 11211'
    client "$PYTHON" "$RECORD/clients/other_client.py" text_lines 6379 11211
}

other/silent() {
    about "Connections to PostgreSQL's and Redis's ports that are opened and closed without a byte, and one to a port where nobody listens." "nothing but a port; a refused connection."
    uses python
    serve 5432 "$PYTHON" "$RECORD/peers/line_peer.py" 5432
    serve 6379 "$PYTHON" "$RECORD/peers/line_peer.py" 6379
    capture 'tcp port 5432 or tcp port 6379 or tcp port 3306'
    client "$PYTHON" "$RECORD/clients/other_client.py" silent 5432 6379 3306
}
