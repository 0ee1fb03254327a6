import Foundation
import Stores
import TestSupport
import Testing

/// What demo-server publishes on NATS, and what the request logger keeps of it in Redis.
@Suite struct `Requests on their way to Redis` {
    @Test func `are kept, the newest first, and counted`() throws {
        let stack = try Stack()
        let server = try stack.server()
        #expect(try server.get("/?a=b").status == 200)
        #expect(try server.get("/healthz").status == 200)
        #expect(try server.get("/healthz").status == 200)
        #expect(try server.post("/echo", "{").status == 400)
        try stack.waitForRequests(4)
        #expect(try stack.counters() == ["GET /": 1, "GET /healthz": 2, "POST /echo": 1])
        let newest = try stack.newest()
        #expect(newest["method"] as? String == "POST")
        #expect(newest["path"] as? String == "/echo")
        #expect(newest["status"] as? Int == 400)
        #expect((newest["time"] as? String)?.hasSuffix("Z") == true)
        for end in [try server.stop(), try stack.stopLogger()] {
            #expect(end.status == 0)
            #expect(!end.errors.contains("warning"), "\(end.errors)")
        }
    }

    @Test func `10,000 at a concurrency of 64 are served without an error, and all are counted`() throws {
        let stack = try Stack()
        let server = try stack.server()
        let (port, threads, each) = (server.port, 64, 157)
        let results = Results()
        let group = DispatchGroup()
        for index in 0..<threads {
            group.enter()
            Thread.detachNewThread {
                defer { group.leave() }
                results.add(Self.load(port, requests: min(each, 10_000 - index * each)))
            }
        }
        #expect(group.wait(timeout: .now() + 120) == .success)
        #expect(results.errors == [])
        #expect(results.served == 10_000)
        try stack.waitForRequests(10_000)
        #expect(try stack.counters() == ["GET /": 2548, "GET /healthz": 2484, "GET /slow": 2484, "POST /echo": 2484])
        #expect(try stack.redis().command(["LLEN", "requests"]) == .integer(1000))
    }

    private static func load(_ port: Int, requests: Int) -> (served: Int, error: String?) {
        var served = 0
        do {
            let connection = try HTTPConnection(port)
            for index in 0..<requests {
                let response =
                    switch index % 4 {
                    case 0: try connection.exchange("GET", "/")
                    case 1: try connection.exchange("GET", "/healthz")
                    case 2: try connection.exchange("POST", "/echo", body: #"{"index":\#(index)}"#)
                    default: try connection.exchange("GET", "/slow?ms=1")
                    }
                guard response.status == 200 else { throw Failed("status \(response.status): \(response.body)") }
                served += 1
            }
            return (served, nil)
        } catch {
            return (served, "\(error)")
        }
    }

    @Test func `wait for a NATS server that is not there at the start, and say so once`() throws {
        let stack = try Stack(hasNATS: false)
        let server = try stack.server()
        for _ in 0..<5 { #expect(try server.get("/healthz").status == 200) }
        try stack.startNATS(before: server)
        try stack.waitForRequests(5)
        #expect(server.child.errors.line { $0.contains("connected again") } != nil)
        #expect(server.lines("warning") == 1, "\(server.child.errors.text)")
        #expect(server.lines("connected again") == 1, "\(server.child.errors.text)")
    }

    @Test func `tell of requests that became a WebSocket, too`() throws {
        let stack = try Stack()
        let server = try stack.server()
        let talk = try WebSocketTalk(port: server.port)
        try stack.waitForRequests(1)
        #expect(try stack.counters() == ["GET /ws": 1])
        #expect(try stack.newest()["status"] as? Int == 101)
        #expect(try talk.say(["close", 1000, ""]).code == 1000)
    }

    @Test func `survive that NATS goes and comes back`() throws {
        let stack = try Stack()
        let server = try stack.server()
        #expect(try server.get("/").status == 200)
        try stack.waitForRequests(1)
        try stack.nats.stop()
        #expect(server.child.errors.line { $0.contains("warning: nats") } != nil)
        for _ in 0..<10 { #expect(try server.get("/healthz").status == 200) }
        try stack.startNATS(before: server)
        try stack.waitForRequests(11)
        #expect(server.child.errors.line { $0.contains("connected again") } != nil)
        #expect(server.lines("warning") == 1, "\(server.child.errors.text)")
        #expect(server.lines("connected again") == 1, "\(server.child.errors.text)")
    }

    @Test func `wait for a Redis server that goes and comes back`() throws {
        let stack = try Stack()
        let server = try stack.server()
        #expect(try server.get("/").status == 200)
        try stack.waitForRequests(1)
        try stack.redisServer.stop()
        for _ in 0..<20 { #expect(try server.get("/healthz").status == 200) }
        #expect(stack.logger.errors.line { $0.contains("warning: redis") } != nil)
        try stack.redisServer.start()
        #expect(stack.logger.errors.line { $0.contains("connected again") } != nil)
        try stack.waitForRequests(20)
        #expect(try stack.counters() == ["GET /healthz": 20])
        let end = try stack.stopLogger()
        #expect(end.status == 0)
        #expect(end.errors.split(separator: "\n").count { $0.contains("warning") } == 1, "\(end.errors)")
    }

    @Test func `wait for a Redis server that is not there at the start`() throws {
        let stack = try Stack(hasRedis: false)
        #expect(stack.logger.errors.line { $0.contains("warning: redis") } != nil)
        try stack.redisServer.start()
        #expect(stack.logger.errors.line { $0.contains("logging requests") } != nil)
        let server = try stack.server()
        #expect(try server.get("/").status == 200)
        try stack.waitForRequests(1)
        #expect(try server.stop().status == 0)
    }

    @Test func `are told from other messages`() throws {
        let stack = try Stack()
        let connection = try NATSConnection(url: stack.nats.url, name: "test") { _ in }
        for text in ["", "hello", "{}", #"{"method":1,"path":"/","status":200,"time":""}"#, "\u{0}"] {
            try connection.publish(Array(text.utf8), to: "requests")
        }
        try connection.flush(timeout: .seconds(5))
        let server = try stack.server()
        #expect(try server.get("/").status == 200)
        #expect(try server.stop().status == 0)
        try stack.waitForRequests(1)
        #expect(try stack.counters() == ["GET /": 1])
        #expect(try stack.stopLogger().errors.contains("warning: 5 messages were no requests"))
    }
}

/// NATS, Redis and the request logger between them.
private final class Stack {
    let nats: Store
    let redisServer: Store
    let logger: Child

    init(hasNATS: Bool = true, hasRedis: Bool = true) throws {
        nats = try Store(.nats, isUp: hasNATS)
        redisServer = try Store(.redis, isUp: hasRedis)
        logger = try Child(
            Programs.demoServer, ["request-logger"],
            environment: ["NATS_URL": nats.url, "REDIS_PORT": "\(redisServer.port)"])
        guard !hasRedis || logger.errors.line(where: { $0.contains("logging requests") }) != nil else {
            throw Failed("the request logger does not start: \(logger.errors.text)")
        }
    }

    func server() throws -> DemoServer { try DemoServer([], ["NATS_URL": nats.url]) }

    /// Who publishes is connected only after who listens, else its messages would go to nobody.
    func startNATS(before server: DemoServer) throws {
        server.child.signal(SIGSTOP)
        defer { server.child.signal(SIGCONT) }
        try nats.start()
        guard logger.errors.line(where: { $0.contains("connected again") }) != nil else {
            throw Failed("the request logger does not find NATS: \(logger.errors.text)")
        }
    }

    func redis() throws -> RedisConnection {
        try RedisConnection(host: "127.0.0.1", port: UInt16(redisServer.port))
    }

    func counters() throws -> [String: Int] { try Self.counters(try redis()) }

    private static func counters(_ redis: borrowing RedisConnection) throws -> [String: Int] {
        guard case .array(let words) = try redis.command(["HGETALL", "requests:count"]) else { return [:] }
        let texts = words.map { $0.text ?? "" }
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: texts.count, by: 2).map { index in
                (texts[index], Int(texts[index + 1]) ?? -1)
            })
    }

    func newest() throws -> NSDictionary {
        guard let text = try redis().command(["LINDEX", "requests", "0"]).text,
            let record = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary
        else { throw Failed("no request in Redis") }
        return record
    }

    func waitForRequests(_ count: Int) throws {
        let redis = try redis()
        _ = try eventually("\(count) requests in Redis") {
            try Self.counters(redis).values.reduce(0, +) >= count ? true : nil
        }
    }

    func stopLogger() throws -> Child.Outcome {
        logger.signal(SIGTERM)
        return try logger.wait()
    }
}

/// What the threads of a load found.
private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private(set) var served = 0
    private(set) var errors: [String] = []

    func add(_ result: (served: Int, error: String?)) {
        lock.withLock {
            served += result.served
            if let error = result.error { errors.append(error) }
        }
    }
}
