import Foundation
import TestSupport
import Testing

/// Servers that speak TLS, with a certificate of their own.
struct TLSStage {
    let run: LiveRun

    init(_ run: LiveRun) throws {
        self.run = run
        let openssl = try Programs.find("openssl", package: "openssl")
        try Child(
            openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                run.path("key.pem"), "-out", run.path("certificate.pem"), "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost",
            ]
        ).succeed()
    }

    /// A server over HTTPS that answers each request with the port of who asks.
    enum WebServer: String, CaseIterable {
        case nginx, apache, haproxy
        /// asyncio, which gets rid of its answers later than it has encrypted them.
        case busyAsyncio = "asyncio under back-pressure"
    }

    func start(_ server: WebServer) throws -> LocalServer {
        switch server {
        case .nginx: try nginx(optedIn: true)
        case .apache: try apache()
        case .haproxy: try haproxy()
        // Of both sides' views less than the ring buffer holds, were nobody to read it meanwhile.
        case .busyAsyncio: try asyncio(optedIn: true, padding: 40_000)
        }
    }

    /// nginx, whose workers are forked.
    func nginx(optedIn: Bool) throws -> LocalServer {
        let port = try Port.free()
        let text = """
            daemon off; worker_processes 2; pid \(run.path("nginx.pid")); error_log stderr;
            events { worker_connections 256; }
            http {
              access_log off; keepalive_requests 10000; client_max_body_size 10m;
              client_body_temp_path \(run.folder.path); proxy_temp_path \(run.folder.path);
              fastcgi_temp_path \(run.folder.path); uwsgi_temp_path \(run.folder.path);
              scgi_temp_path \(run.folder.path);
              server {
                listen 127.0.0.1:\(port) ssl http2; ssl_certificate \(run.path("certificate.pem"));
                ssl_certificate_key \(run.path("key.pem")); ssl_protocols TLSv1.2 TLSv1.3; default_type application/json;
                location / { return 200 '{"port":$remote_port,"path":"$uri"}'; }
              }
            }
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: run.path("nginx.conf")))
        return try .start(
            Programs.find("nginx", package: "nginx"), ["-p", run.folder.path, "-c", run.path("nginx.conf")],
            port: port, environment: run.environment(optedIn: optedIn, ["ADI_PROFILE_NAME": "web"]))
    }

    /// Apache, which encrypts an answer before it sends it, on any of its threads.
    private func apache() throws -> LocalServer {
        let (port, modules) = (try Port.free(), "/usr/lib/apache2/modules")
        let text = """
            ServerName localhost
            PidFile \(run.path("apache.pid"))
            ErrorLog \(run.path("apache.log"))
            Listen 127.0.0.1:\(port)
            LoadModule mpm_event_module \(modules)/mod_mpm_event.so
            LoadModule authz_core_module \(modules)/mod_authz_core.so
            LoadModule socache_shmcb_module \(modules)/mod_socache_shmcb.so
            LoadModule ssl_module \(modules)/mod_ssl.so
            SSLEngine on
            SSLCertificateFile \(run.path("certificate.pem"))
            SSLCertificateKeyFile \(run.path("key.pem"))
            User www-data
            Group www-data
            DocumentRoot /usr/share
            ErrorDocument 404 '{"port":%{REMOTE_PORT},"path":"%{REQUEST_URI}"}'
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: run.path("apache.conf")))
        return try .start(
            Programs.find("apache2", package: "apache2-bin"), ["-D", "FOREGROUND", "-f", run.path("apache.conf")],
            port: port, environment: run.environment(optedIn: true, ["ADI_PROFILE_NAME": "web"]))
    }

    private func haproxy() throws -> LocalServer {
        let port = try Port.free()
        let both = ["certificate.pem", "key.pem"].compactMap { run.folder.text($0) }.joined()
        try Data(both.utf8).write(to: URL(fileURLWithPath: run.path("both.pem")))
        let text = """
            defaults
              mode http
              timeout connect 5s
              timeout client 10s
              timeout server 10s
            frontend web
              bind 127.0.0.1:\(port) ssl crt \(run.path("both.pem"))
              http-request return status 200 content-type application/json lf-string '{"port":%[src_port],"path":"%[path]"}'

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: run.path("haproxy.cfg")))
        return try .start(
            Programs.find("haproxy", package: "haproxy"), ["-db", "-f", run.path("haproxy.cfg")], port: port,
            environment: run.environment(optedIn: true, ["ADI_PROFILE_NAME": "web"]))
    }

    /// Python's asyncio, which gives the library bytes from buffers of its own.
    /// - Parameters:
    ///   - padding: bytes of an answer beside what it says, of which its socket takes 4 kB at a time.
    ///   - environment: beside what opts in.
    func asyncio(optedIn: Bool, padding: Int = 0, environment: [String: String] = [:]) throws -> LocalServer {
        let port = try Port.free()
        let more = environment.merging(["ADI_PROFILE_NAME": "web"]) { $1 }
        return try .start(
            "/usr/bin/python3",
            [
                Programs.runtimes("https.py"), "server", "\(port)", run.path("certificate.pem"), run.path("key.pem"),
                "\(padding)",
            ],
            port: port, environment: run.environment(optedIn: optedIn, more))
    }

    /// A program of Go, which answers what one asks of it over HTTPS.
    func nats(optedIn: Bool) throws -> LocalServer {
        let (port, clients) = (try Port.free(), try Port.free())
        let text = """
            listen: 127.0.0.1:\(clients)
            https: 127.0.0.1:\(port)
            tls { cert_file: "\(run.path("certificate.pem"))", key_file: "\(run.path("key.pem"))" }
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: run.path("nats.conf")))
        return try .start(
            Programs.find("nats-server", package: "nats-server"), ["-c", run.path("nats.conf")], port: port,
            environment: run.environment(optedIn: optedIn, ["ADI_PROFILE_NAME": "go"]))
    }

    /// Secrets of a key log, as bytes, by their labels.
    static func secrets(_ keyLog: String) -> [(label: String, secret: [UInt8])] {
        keyLog.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count == 3 else { return nil }
            let digits = Array(fields[2].utf8)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap { place in
                UInt8(String(decoding: digits[place...(place + 1)], as: UTF8.self), radix: 16)
            }
            return (String(fields[0]), bytes)
        }
    }
}
