import Testing

@testable import Shared

@Suite struct `What is redacted` {
    @Test(arguments: [
        "PASSWORD", "DB_PASSWORD", "PGPASSWORD", "mysql.passwd", "MYSQL_PWD", "DB_PASS", "CLIENT_SECRET", "secrets",
        "GITHUB_TOKEN", "accessToken", "APIKEY", "API_KEY", "apiKey", "myAPIKey", "STRIPE_API_V2_KEY", "PRIVATE-KEY",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS", "BASIC_AUTH", "AUTHORIZATION", "COOKIE",
        "OAUTH2_TOKEN", "PASSWORD2",
    ])
    func `hides the variable`(_ name: String) { #expect(Redaction.hides(variable: name.utf8)) }

    @Test(arguments: [
        "", "PWD", "OLDPWD", "KEYBOARD", "AUTHOR", "GIT_AUTHOR_NAME", "TOKENIZER_PATH", "MONKEY", "KEY", "PATH",
        "COMPASS", "SSH_AUTH_SOCK", "AUTH_SERVICE_URL", "XDG_SESSION_ID", "REVIEWS_SERVICE_URL", "PASSENGERS",
        "MAX_TOKENS",
    ])
    func `shows the variable`(_ name: String) { #expect(!Redaction.hides(variable: name.utf8)) }

    @Test(arguments: [
        "Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token",
        "X-Session-Id", "X-Amz-Security-Token", "Apikey",
    ])
    func `hides the header`(_ name: String) { #expect(Redaction.hides(header: name.utf8)) }

    @Test(arguments: [
        "Host", "Sec-WebSocket-Key", "Access-Control-Allow-Headers", "X-Author", "WWW-Authenticate", "Content-Length",
    ])
    func `shows the header`(_ name: String) { #expect(!Redaction.hides(header: name.utf8)) }

    @Test(arguments: [
        ("postgres://u:p@h/db", "postgres://u:[redacted]@h/db"),
        ("redis://:p@h:6379", "redis://:[redacted]@h:6379"),
        ("a://u:p@h,b://v:q@i c://w:r@j", "a://u:[redacted]@h,b://v:[redacted]@i c://w:[redacted]@j"),
        ("x://u:p@q@h", "x://u:[redacted]@h"),
        ("x://u:p/q@h/d", "x://u:[redacted]@h/d"),
        ("mongodb://u:p@h:1,i:2/d", "mongodb://u:[redacted]@h:1,i:2/d"),
        ("http://h:8080/@scope", "http://h:8080/@scope"),
        ("http://h/a:b@c", "http://h/a:b@c"),
        ("http://user@h", "http://user@h"), ("http://u:@h", "http://u:@h"), ("a:b@c", "a:b@c"), ("://:@", "://:@"),
        ("http://", "http://"), ("@", "@"), ("", ""),
    ])
    func `takes passwords out of URLs`(_ text: String, _ shown: String) {
        #expect(Redaction.withoutPasswords(text) == shown)
    }

    private static let tape = Talk(
        "",
        [
            .c(
                "POST http://u:s1@h/p HTTP/1.1\r\nAuthorization: Basic s2\r\nHost: h\r\nX-Api-Key:\r\n s3\r\n  s4\r\n"
                    + "Referer: http://u:s5@h/\r\nContent-Length: 4\r\n\r\nbody"),
            .s("HTTP/1.1 200 OK\r\nSet-Cookie: a=s6\r\nset-cookie: b=s7\r\nContent-Length: 2\r\n\r\nok"),
        ], []
    ).tape

    private static func run(redact: Bool) -> TapeResult {
        var options = Profiler.Options()
        options.redact = redact
        let profiler = Profiler(options)
        tape.play(into: profiler)
        profiler.finish()
        return TapeResult(profiler)
    }

    @Test func `takes credentials out of the event log, and nothing else`() throws {
        let (open, hidden) = (Self.run(redact: false), Self.run(redact: true))
        let secrets = (1...7).map { "s\($0)" }
        #expect(secrets.allSatisfy { open.text.contains($0) && !hidden.text.contains($0) })
        #expect(hidden.isValidLog && hidden.summary == open.summary && hidden.serviceMap == open.serviceMap)
        let (request, response) = (try hidden.events()[0], try hidden.events()[1])
        #expect(request.string("url") == "http://u:[redacted]@h/p" && response.string("url") == request.string("url"))
        #expect(
            request.string("raw_payload")
                == "POST http://u:[redacted]@h/p HTTP/1.1\r\nAuthorization: [redacted]\r\nHost: h\r\n"
                + "X-Api-Key:\r\n [redacted]\r\nReferer: http://u:[redacted]@h/\r\nContent-Length: 4\r\n\r\nbody")
        #expect(request.string("body") == "body" && request.header("Authorization") as? String == "[redacted]")
        #expect(response.header("Set-Cookie") as? [String] == ["[redacted]", "[redacted]"])
        #expect(try request.number("bytes") == open.events()[0].number("bytes") && request.fields["truncated"] == nil)
    }

    @Test func `leaves a response that broke off the server's, and shows no byte of it`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send("GET / HTTP/1.1\r\n\r\n")
        tape.receive("HTTP/1.1 200 OK\r\nSet-Cookie: s8")
        tape.close()
        var options = Profiler.Options()
        options.redact = true
        let profiler = Profiler(options)
        tape.play(into: profiler)
        profiler.finish()
        let response = try TapeResult(profiler).events()[1]
        #expect(response.string("direction") == "recv" && response.string("source_ip") == "10.0.0.2")
        #expect(response.number("status_code") == 200 && response.string("url") == "/")
        #expect(!response.line.contains("s8"))
    }
}
