import Foundation
import Testing

@testable import Shared

@Suite struct `What is redacted` {
    @Test(arguments: [
        "PASSWORD", "DB_PASSWORD", "PGPASSWORD", "mysql.passwd", "MYSQL_PWD", "DB_PASS", "CLIENT_SECRET", "secrets",
        "GITHUB_TOKEN", "accessToken", "APIKEY", "API_KEY", "apiKey", "myAPIKey", "STRIPE_API_V2_KEY", "PRIVATE-KEY",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS", "BASIC_AUTH", "AUTHORIZATION", "COOKIE",
        "OAUTH2_TOKEN", "PASSWORD2", "SENTRY_DSN", "DB_CONNECTION_STRING", "connectionString", "WEBHOOK_SIGNATURE",
    ])
    func `hides the variable`(_ name: String) { #expect(CredentialNames.credential(ofVariable: name.utf8) != nil) }

    @Test(arguments: [
        "", "PWD", "OLDPWD", "KEYBOARD", "AUTHOR", "GIT_AUTHOR_NAME", "TOKENIZER_PATH", "MONKEY", "KEY", "PATH",
        "COMPASS", "SSH_AUTH_SOCK", "AUTH_SERVICE_URL", "XDG_SESSION_ID", "REVIEWS_SERVICE_URL", "PASSENGERS",
        "MAX_TOKENS",
    ])
    func `shows the variable`(_ name: String) { #expect(CredentialNames.credential(ofVariable: name.utf8) == nil) }

    @Test(arguments: [
        "Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token",
        "X-Session-Id", "X-Amz-Security-Token", "Apikey",
    ])
    func `hides the header`(_ name: String) { #expect(CredentialNames.credential(ofField: name.utf8) != nil) }

    @Test(arguments: [
        "Host", "Sec-WebSocket-Key", "Access-Control-Allow-Headers", "X-Author", "WWW-Authenticate", "Content-Length",
    ])
    func `shows the header`(_ name: String) { #expect(CredentialNames.credential(ofField: name.utf8) == nil) }

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
        ("http://", "http://"), ("http://u:p", "http://u:[redacted]"),
        ("http://h:80", "http://h:80"), ("http://[::1]:80", "http://[::1]:80"), ("a://h:1,i:2", "a://h:1,i:2"),
        ("@", "@"), ("", ""),
    ])
    func `takes passwords out of URLs`(_ text: String, _ shown: String) {
        #expect(Redactor().shown(text) == shown)
    }

    @Test(arguments: [
        ("/cb?next=https%3A%2F%2Fuser%3Apw%40host%2F&n=1", "/cb?next=https%3A%2F%2Fuser%3A[redacted]%40host%2F&n=1"),
        ("/cb?next=https%3a%2f%2fuser%3ap%2540w%40host", "/cb?next=https%3a%2f%2fuser%3a[redacted]%40host"),
        // Within a URL that is within a URL.
        (
            "/a?u=http%3A%2F%2Fh%2F%3Fv%3Dhttp%253A%252F%252Fu%253Apw%2540i%252F",
            "/a?u=http%3A%2F%2Fh%2F%3Fv%3Dhttp%253A%252F%252Fu%253A[redacted]%2540i%252F"
        ),
        ("/a?u=http%3A%2F%2Fh%2Fb%3Ftoken%3Dabc%26n%3D1", "/a?u=http%3A%2F%2Fh%2Fb%3Ftoken%3D[redacted]%26n%3D1"),
        ("password=a%26b", "password=[redacted]"), ("http://u:p%40q@h", "http://u:[redacted]@h"),
        ("/a?u=http%3A%2F%2Fh%3A80%2F&v=50%25%", "/a?u=http%3A%2F%2Fh%3A80%2F&v=50%25%"), ("%", "%"), ("%4", "%4"),
    ])
    func `takes them out of what is percent-encoded`(_ text: String, _ shown: String) {
        #expect(Redactor().shown(text) == shown)
    }

    @Test(arguments: [
        // JSON: strings, numbers, objects, text in text, and what was cut.
        (#"{"password":"x","a":"b"}"#, #"{"password":"[redacted]","a":"b"}"#),
        (#"{"pass\u0077ord" : "x"}"#, #"{"pass\u0077ord" : "[redacted]"}"#),
        (#"{"apiKey":"a\"b","n":1}"#, #"{"apiKey":"[redacted]","n":1}"#),
        (#"{"token":12.5e3,"n":1}"#, #"{"token":"[redacted]","n":1}"#),
        (#"{"token":null,"secret":true,"password":""}"#, #"{"token":null,"secret":true,"password":""}"#),
        (
            #"{"credentials":{"user":"u","more":["a",{"k":-1}]},"n":"v"}"#,
            #"{"credentials":{"user":"[redacted]","more":["[redacted]",{"k":"[redacted]"}]},"n":"v"}"#
        ),
        (#"{"m":"{\"password\":\"x\",\"a\":\"b\"}"}"#, #"{"m":"{\"password\":\"[redacted]\",\"a\":\"b\"}"}"#),
        (#"{"a":1,"password":"hunt"#, #"{"a":1,"password":"[redacted]"#),
        (#"{"keyboard":"x","author":"y","max_tokens":5}"#, #"{"keyboard":"x","author":"y","max_tokens":5}"#),
        // What begins in a string of JSON ends with it.
        (#"{"a":"token=","b":1}"#, #"{"a":"token=","b":1}"#),
        (#"{"a":"Password:","b":"x","password":"y"}"#, #"{"a":"Password:","b":"x","password":"[redacted]"}"#),
        (#"{"a":"run --password hunter2","b":"x"}"#, #"{"a":"run --password [redacted]","b":"x"}"#),
        (#"["<password>hunter2","x"]"#, #"["<password>[redacted]","x"]"#),
        (#"{"a":"set password 'x","b":"c'd"}"#, #"{"a":"set password '[redacted]","b":"c'd"}"#),
        (#"{"a":"-----BEGIN KEY-----","b":"-----END KEY-----"}"#, #"{"a":"[redacted]","b":"-----END KEY-----"}"#),
        (
            #"{"m":"{\"a\":\"token=\",\"b\":\"password: x\"}"}"#,
            #"{"m":"{\"a\":\"token=\",\"b\":\"password: [redacted]\"}"}"#
        ),
        (#"{"m":"{\"token\":5,\"secret\":[1]}"}"#, #"{"m":"{\"token\":\"[redacted]\",\"secret\":[\"[redacted]\"]}"}"#),
        (#"{"m":"{\"secrets\":[","b":"c"}"#, #"{"m":"{\"secrets\":[","b":"c"}"#),
        (#"{"u":"/x?token=ab\/cd\/&n=1","v":2}"#, #"{"u":"/x?token=[redacted]&n=1","v":2}"#),
        // What is none goes on behind its quotes.
        (
            #"Digest realm="x,", token="abc", password=",x""#,
            #"Digest realm="x,", token="[redacted]", password="[redacted]""#
        ),
        // Forms and queries.
        ("/login?access_token=x&page=1", "/login?access_token=[redacted]&page=1"),
        ("access%5Ftoken=x;a=b", "access%5Ftoken=[redacted];a=b"),
        ("user=u&password=p%26q&x=y", "user=u&password=[redacted]&x=y"),
        ("/a;jsessionid=77?b=c", "/a;jsessionid=[redacted]?b=c"), ("?password=&a=b", "?password=&a=b"),
        ("?key=a&author=b", "?key=a&author=b"),
        // Segments of paths: of a target, of a URL, in a text; with what is done to it in between.
        ("/reset/token/x1", "/reset/token/[redacted]"), ("/v1/tokens/x1/info", "/v1/tokens/[redacted]/info"),
        ("/password/reset/x1?page=2", "/password/reset/[redacted]?page=2"),
        ("/api-keys/x1;a=b", "/api-keys/[redacted];a=b"),
        ("GET http://h/session/x1 HTTP/1.1", "GET http://h/session/[redacted] HTTP/1.1"),
        (#"{"next":"/a/secret/x1","b":"c/d"}"#, #"{"next":"/a/secret/[redacted]","b":"c/d"}"#),
        ("/login/token/refresh", "/login/token/refresh"), ("/a.b.TokenService/Get", "/a.b.TokenService/Get"),
        ("/TokenService/Get", "/TokenService/Get"), ("/auth/users/1", "/auth/users/1"),
        ("/key/1/monkey/2", "/key/1/monkey/2"),
        ("/password/", "/password/"), ("/token", "/token"), ("/token//x", "/token//x"), ("and/token/x", "and/token/x"),
        ("AAA/Token/BBB", "AAA/Token/BBB"), ("https://token/x", "https://token/x"),
        ("/compass/1/passenger/2/pass/3", "/compass/1/passenger/2/pass/[redacted]"),
        // Command lines and connection strings.
        ("app --password hunter2 --user u", "app --password [redacted] --user u"),
        ("app --api-key=k -v", "app --api-key=[redacted] -v"), ("app --token --user u", "app --token --user u"),
        ("Server=s;Password=x y;Database=d", "Server=s;Password=[redacted] y;Database=d"),
        ("host=h password='a b' dbname=d", "host=h password='[redacted]' dbname=d"),
        // Heads, YAML, XML, a part of a form.
        ("curl -H \"Authorization: Bearer abc\" h", "curl -H \"Authorization: [redacted]\" h"),
        ("a: b\npassword: x y\nc: d", "a: b\npassword: [redacted]\nc: d"), ("token:8080", "token:8080"),
        (
            "<a><wsse:Password Type=\"t\">x</wsse:Password><b>c</b></a>",
            "<a><wsse:Password Type=\"t\">[redacted]</wsse:Password><b>c</b></a>"
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nx y\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--b--",
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n[redacted]\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--b--"
        ),
        // By form, whatever the name.
        ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln y", "x [redacted] y"), ("eyJ eyJob", "eyJ eyJob"),
        ("/k/AKIAIOSFODNN7EXAMPLE/x", "/k/[redacted]/x"), ("AKIA", "AKIA"),
        ("task-list-of-long-words-here", "task-list-of-long-words-here"),
        ("a=ghp_0123456789abcdefghij", "a=[redacted]"),
        ("[\"-----BEGIN KEY-----\\nMII=\\n-----END KEY-----\\n\",1]", "[\"[redacted]\\n\",1]"),
        ("-----BEGIN KEY-----\nMII", "[redacted]"),
        ("card 4111 1111 1111 1111.", "card [redacted]."), (#"{"n":4111111111111111}"#, #"{"n":"[redacted]"}"#),
        ("5500-0000-0000-0004", "[redacted]"), ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("1764380000000", "1764380000000"), ("0.4111111111111111", "0.4111111111111111"),
        ("a4111111111111111", "a4111111111111111"), ("41111111111111111111", "41111111111111111111"),
    ])
    func `hides in any text`(_ text: String, _ shown: String) { #expect(Redactor().shown(text) == shown) }

    /// Whatever stands in its strings, and in theirs.
    @Test func `JSON stays JSON`() throws {
        var random = SeededRandom(seed: 31)
        let pieces = [
            "token=", "password: ", "Password:", "--password ", "<password>", "PASSWORD '", "secret='", "-----BEGIN X",
            "-----END X-----", "http://u:p@h/", "/token/", "4111 1111 1111 1111", "eyJhbGciOiJIUzI1NiJ9.e30.x", "x",
            " ",
            "\"", "\\", ",", ":", "{", "]", "\n", "{\"secret\":5}", "[\"token=\"]", "form-data; name=\"token\"",
        ]
        func text() -> String {
            (0..<random.below(6)).map { _ in pieces[Int(random.below(pieces.count))] }.joined()
        }
        for _ in 0..<3000 {
            var value: Any =
                ["a": text(), "token": 5, "b": [text(), "kept", true], "password": text()] as [String: Any]
            for _ in 0..<random.below(3) {
                let inner = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
                value = ["m": String(decoding: inner, as: UTF8.self), "z": text()]
            }
            let whole = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
            let shown = Redactor().shown([UInt8](whole))
            #expect(
                throws: Never.self,
                "\(String(decoding: whole, as: UTF8.self)): \(String(decoding: shown, as: UTF8.self))"
            ) {
                try JSONSerialization.jsonObject(with: Data(shown))
            }
        }
    }

    /// A secret in each syntax, between random other text, the whole cut anywhere behind the secret's beginning.
    @Test func `no secret is found again, wherever the text ends`() {
        var random = SeededRandom(seed: 9)
        let frames: [(String, String)] = [
            (#"{"a":[1,2],"password":""#, #"","b":{}}"#), ("user=a&client_secret=", "&b=c"), ("--token ", " -v"),
            ("https://user:", "@host/path"), ("<Password>", "</Password>"), ("Cookie: a=", "\r\nHost: h\r\n"),
            (#"{"m":"{\"apiKey\":\""#, #"\"}"}"#), (#"{"credentials":[[""#, #""],{"x":2}]}"#),
            ("DB_PASSWORD=", " PATH=/bin"), ("Signature='", "' a=b"),
        ]
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789+/_.~")
        let other = Array("ab01 :={}[]\",'&;<>-\\\n%")
        for _ in 0..<3000 {
            let secret = "zq" + String((0..<12).map { _ in letters[Int(random.below(letters.count))] })
            let frame = frames[Int(random.below(frames.count))]
            let noise = String((0..<Int(random.below(20))).map { _ in other[Int(random.below(other.count))] })
            // A quote that is open swallows a name, as it would for any reader.
            let before = noise.filter { !"\"'\\<".contains($0) } + " "
            let text = before + frame.0 + secret + frame.1 + noise
            let cut = text.prefix(before.count + frame.0.count + 4 + Int(random.below(40)))
            let shown = Redactor().shown(String(cut))
            #expect(!shown.contains(secret.prefix(4)), "\(cut) is shown as \(shown)")
        }
    }

    @Test func `takes steps in proportion to the text`() {
        // Each repetition begins something that never ends.
        for piece in [
            "\"token\":{", "\"token\":", "token=", "-----BEGIN ", "form-data; name=", "://a:b", "<token", "--token ",
            "\\\"", ",\"", ",\\\"", "{\"a\":\"", "4111 ", "/token/", "/token", "://a/", "//",
            "%3A%2F%2Fa%3Ab", "%25",
        ] {
            func time(_ count: Int) -> Int {
                let text = Array(String(repeating: piece, count: count).utf8)
                return CredentialScanner(text).hits.count
            }
            #expect(time(20_000) <= 20_000)
        }
    }

    @Test func `counts by kind`() {
        let redactor = Redactor()
        _ = redactor.shown("password=a&token=b&token=c")
        _ = redactor.shown(Array("x".utf8), ofVariable: Array("COOKIE".utf8))
        _ = redactor.shown("password=a", counts: false)
        #expect(redactor.hidden.nonZero.map { "\($0.key) \($0.count)" } == ["password 1", "token 2", "cookie 1"])
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

    private static func uncounted(_ summary: Summary) -> Summary {
        var summary = summary
        summary.hidden = Tally()
        return summary
    }

    @Test func `takes credentials out of the event log, and nothing else`() throws {
        let (open, hidden) = (Self.run(redact: false), Self.run(redact: true))
        let secrets = (1...7).map { "s\($0)" }
        #expect(secrets.allSatisfy { open.text.contains($0) && !hidden.text.contains($0) })
        #expect(
            hidden.isValidLog && Self.uncounted(hidden.summary) == open.summary && hidden.serviceMap == open.serviceMap)
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

    @Test func `takes credentials out of bodies, queries and paths, also where they are framed or coded`() throws {
        var tape = TapeBuilder()
        tape.open()
        tape.send(
            "POST /AKIAIOSFODNN7EXAMPLE/login?access_token=s1&page=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 22\r\n\r\n"
                + #"{"password":"s2","a":1}"#.prefix(22))
        tape.receive(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"token\":\"s3 and\r\n9\r\n s4\",\"n\":\r\n2\r\n1}\r\n0\r\n\r\n"
        )
        tape.close()
        var options = Profiler.Options()
        options.redact = true
        let profiler = Profiler(options)
        tape.play(into: profiler)
        profiler.finish()
        let result = TapeResult(profiler)
        let (request, response) = (try result.events()[0], try result.events()[1])
        #expect(["s1", "s2", "s3", "s4", "EXAMPLE"].allSatisfy { !result.text.contains($0) })
        #expect(request.string("url") == "/[redacted]/login?access_token=[redacted]&page=1")
        #expect(request.string("body") == #"{"password":"[redacted]","a":1"#)
        #expect(response.string("body") == #"{"token":"[redacted]","n":1}"#)
        #expect(
            response.string("raw_payload") == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                && response.fields["truncated"] != nil)
        let map = ServiceMapFile.yaml(result.serviceMap)
        #expect(map.contains("/[redacted]/login") && !map.contains("EXAMPLE"))
        #expect(
            result.summary.hidden.nonZero.map { "\($0.key) \($0.count)" }
                == ["password 1", "token 2", "serviceKey 1"])
    }
}
