import Foundation
import TestSupport
import Testing

@Suite struct `The program` {
    @Test(
        arguments: [
            ([], ["HTTP_PORT": "x"], "HTTP_PORT x"),
            (["--http-port", "65536"], [:], "--http-port 65536"),
            (["--http-host", "no.such.host.invalid", "--http-port", "0"], [:], "HTTP_HOST"),
            (["--http-host", "192.0.2.1", "--http-port", "0"], [:], "192.0.2.1"),
            (["--nats-url", "nats://127.0.0.1:x", "--http-port", "0"], [:], "NATS_URL"),
            (["request-logger", "--redis-port", "0"], [:], "--redis-port 0"),
            (["request-logger"], ["REDIS_PORT": "no"], "REDIS_PORT no"),
            (["request-logger", "--nats-url", "nats://127.0.0.1:x"], [:], "NATS_URL"),
            (["bookinfo"], [:], "<role>"),
            (["bookinfo", "cellar"], [:], "cellar"),
            (["bookinfo", "reviews", "--service-version", "v4"], [:], "v4"),
            (["bookinfo", "reviews"], ["RATINGS_SERVICE_PORT": "0"], "RATINGS_SERVICE_PORT 0"),
            (["--tls-key", "/dev/null", "--http-port", "0"], [:], "TLS_CERTIFICATE and TLS_KEY go together"),
            (["--http-port", "0"], ["TLS_CERTIFICATE": "/no", "TLS_KEY": "/none"], "TLS_CERTIFICATE /no"),
            (["bookinfo", "reviews", "--http-port", "0", "--tls-authority", "/no"], [:], "TLS_AUTHORITY /no"),
            (["--no-such-option"], [:], "--no-such-option"),
        ] as [([String], [String: String], String)])
    func `a setting that can't be used is one line that names it`(
        _ arguments: [String], _ environment: [String: String], _ name: String
    ) throws {
        let end = try Child(Programs.demoServer, arguments, environment: environment).wait()
        #expect(end.status == 2)
        #expect(end.errors.hasPrefix("demo-server: "), "\(end.errors)")
        #expect(end.errors.contains(name), "\(end.errors)")
        #expect(end.errors.split(separator: "\n").count == 1, "\(end.errors)")
        #expect(end.output == "")
    }

    @Test func `a port that is taken is one line with the remedy`() throws {
        let server = try DemoServer()
        let end = try Child(Programs.demoServer, [], environment: ["HTTP_PORT": "\(server.port)"]).wait()
        #expect(end.status == 2)
        #expect(
            end.errors
                == "demo-server: HTTP_PORT \(server.port): can't listen on 127.0.0.1:\(server.port): Address already in "
                + "use; choose another port\n")
    }

    @Test func `an option wins over its variable`() throws {
        let server = try DemoServer(["--http-port", "0"], ["HTTP_PORT": "1"])
        #expect(try server.get("/healthz").status == 200)
    }

    @Test func `health tells a server that serves from one that does not`() throws {
        let server = try DemoServer()
        let port = ["HTTP_PORT": "\(server.port)", "HTTP_HOST": "0.0.0.0"]
        #expect(try Child(Programs.demoServer, ["health"], environment: port).wait().status == 0)
        #expect(try server.stop().status == 0)
        #expect(try Child(Programs.demoServer, ["health"], environment: port).wait().status == 1)
    }

    @Test func `over HTTPS it is asked by who believes its certificate, and by nobody else`() throws {
        let folder = try TemporaryFolder()
        let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
        for name in ["IP:127.0.0.1", "IP:127.0.0.2"] {
            try Child(
                Programs.find("openssl", package: "openssl"),
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", certificate, "-days", "2", "-subj", "/CN=demo", "-addext", "subjectAltName=\(name)",
                ]
            ).succeed()
            let server = try DemoServer(["--tls-certificate", certificate, "--tls-key", key])
            func health(_ environment: [String: String]) throws -> Int32 {
                let port = ["HTTP_PORT": "\(server.port)"].merging(environment) { $1 }
                return try Child(Programs.demoServer, ["health"], environment: port).wait().status
            }
            // The second names another server.
            #expect(try health(["TLS_AUTHORITY": certificate]) == (name == "IP:127.0.0.1" ? 0 : 1))
            #expect(try health([:]) == 1)
            #expect(try health(["TLS_AUTHORITY": "/etc/ssl/certs/ca-certificates.crt"]) != 0)
            #expect(try server.stop().status == 0)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal lets a running request finish`(_ signal: Int32) throws {
        let server = try DemoServer()
        let idle = try HTTPConnection(server.port)
        #expect(try idle.exchange("GET", "/healthz").status == 200)
        let busy = try HTTPConnection(server.port)
        // The first answer shows that the second request of the same write has arrived, too.
        try busy.send("GET / HTTP/1.1\r\nHost: test\r\n\r\nGET /slow?ms=700 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try busy.response().status == 200)
        server.child.signal(signal)
        #expect(idle.isClosed())
        #expect(throws: Failed.self) { try HTTPConnection(server.port) }
        #expect(server.child.isRunning)
        #expect(try busy.response().json?["waited_ms"] as? Int == 700)
        let end = try server.child.wait()
        #expect(end.status == 0)
        #expect(end.signal == 0)
    }
}
