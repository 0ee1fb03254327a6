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
            ]
        ).succeed()
    }

    /// nginx, whose workers are forked; it answers with the port of who asks.
    func nginx(optedIn: Bool) throws -> LocalServer {
        let port = try Port.free()
        let text = """
            daemon off; worker_processes 2; pid \(run.path("nginx.pid")); error_log stderr;
            events { worker_connections 256; }
            http {
              access_log off; keepalive_requests 10000;
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

    /// Python's asyncio, which gives the library bytes from buffers of its own.
    func asyncio(optedIn: Bool) throws -> LocalServer {
        let port = try Port.free()
        return try .start(
            "/usr/bin/python3",
            [Programs.runtimes("https.py"), "server", "\(port)", run.path("certificate.pem"), run.path("key.pem")],
            port: port, environment: run.environment(optedIn: optedIn, ["ADI_PROFILE_NAME": "web"]))
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
