import Console
import Digest
import Glibc
import NIOCore
import Shared
import Stores

/// One of the threads that make traffic: it has connections of its own, opened when they are needed.
final class Worker {
    private let run: TrafficRun
    private let group: any EventLoopGroup
    private(set) var tally = Tally()
    private var http: [HTTPProtocol: HTTPConnection] = [:]
    private var webSocket: WebSocketSession?
    private var postgres: PostgresSession?
    private var redis: RedisSession?

    init(_ run: TrafficRun, _ group: any EventLoopGroup) {
        self.run = run
        self.group = group
    }

    /// Takes steps until there are no more, or the user has enough.
    func work() {
        while !Interruption.isRequested, let number = run.nextStep() {
            let failedBefore = tally.failed
            switch run.choices[number] {
            case .http(let request):
                switch run.settings.protocols[number % run.settings.protocols.count] {
                case .webSocket where !request.body.isEmpty: say(request.body)
                case .http2: perform(request, over: .http2)
                case .http1, .webSocket: perform(request, over: .http1)
                }
            case .postgres(let statement): perform(statement)
            case .redis(let commands): perform(commands)
            }
            run.progress.add(failed: tally.failed - failedBefore)
            pause(run.settings.delay)
        }
        for version in HTTPProtocol.allCases { closeHTTP(version) }
        closeWebSocket(isOrderly: true)
        closePostgres()
        closeRedis()
    }

    /// Ends early where the user has enough.
    private func pause(_ duration: Duration) {
        let end = Clock.elapsed + duration
        while !Interruption.isRequested {
            let left = end - Clock.elapsed
            guard left > .zero else { return }
            usleep(UInt32(min(left, .milliseconds(50)) / .microseconds(1)))
        }
    }

    // MARK: HTTP

    private func perform(_ request: HTTPRequest, over version: HTTPProtocol) {
        var failure: String?
        // A server may close a connection that is kept alive at any time: such a request is sent once more.
        for isRetry in [false, true] {
            let wasUsed = http[version] != nil
            guard let connection = http[version] ?? connectHTTP(version) else { return }
            http[version] = connection
            let began = Clock.wall
            let outcome = connection.send(request)
            if outcome.exchange.request.wireBytes > 0 {
                run.manifest?.http(connection.tuple, outcome.exchange, at: began)
            }
            if !outcome.isReusable { closeHTTP(version) }
            let status = outcome.exchange.response?.status
            failure = outcome.failure ?? (status == 200 ? nil : "status \(status ?? 0)")
            guard status == nil, wasUsed, !isRetry else { break }
        }
        count(request.route, failure)
    }

    private func count(_ route: String, _ failure: String?) {
        if let failure { run.failed("\(route): \(failure)") }
        tally.routes[route, default: Tally.Count()].add(failure == nil)
    }

    private func connectHTTP(_ version: HTTPProtocol) -> HTTPConnection? {
        reach { [settings = run.settings, group] in
            try HTTPConnection(
                host: settings.host, port: settings.port, tls: settings.tls, isHTTP2: version == .http2, group)
        }
    }

    /// Waits until the server is there.
    /// - Returns: `nil` where the user has enough.
    private func reach<Connection>(_ open: () throws -> Connection) -> Connection? {
        while !Interruption.isRequested {
            if run.target.mayTry() {
                do {
                    let connection = try open()
                    run.target.reached()
                    return connection
                } catch {
                    run.target.failed(MeteredConnection.reason(error))
                }
            }
            pause(.milliseconds(50))
        }
        return nil
    }

    private func closeHTTP(_ version: HTTPProtocol) {
        guard let connection = http.removeValue(forKey: version) else { return }
        ended(connection.tuple, version == .http2 ? .http2 : .http, connection.close())
    }

    private func ended(
        _ tuple: Manifest.Tuple, _ talk: Manifest.Talk, _ counts: (sent: UInt64, received: UInt64, end: Manifest.End)
    ) {
        tally.ended(sent: counts.sent, received: counts.received)
        run.manifest?.connection(tuple, talk, sent: counts.sent, received: counts.received, end: counts.end)
    }

    // MARK: WebSocket

    /// As a message of a WebSocket what else is the body of `POST /echo`.
    private func say(_ text: String) {
        guard let session = webSocket ?? openWebSocket() else { return }
        webSocket = session
        do {
            let answer = try session.say(text)
            tell(session, "text", client: Array(text.utf8), server: answer)
            let isEcho = answer.starts(with: Array("{\"echo\":\(text),".utf8))
            count("WS \(WebSocketSession.path)", isEcho ? nil : "the answer is no echo")
        } catch {
            count("WS \(WebSocketSession.path)", "\(error)")
            closeWebSocket(isOrderly: false)
        }
    }

    private func openWebSocket() -> WebSocketSession? {
        let session = reach { [settings = run.settings, group] in
            try WebSocketSession(host: settings.host, port: settings.port, tls: settings.tls, group)
        }
        if let session { run.manifest?.http(session.tuple, session.handshake) }
        return session
    }

    private func tell(_ session: WebSocketSession, _ opcode: String, client: [UInt8], server: [UInt8]) {
        for (side, body) in [("client", client), ("server", server)] {
            run.manifest?.websocket(session.tuple, from: side, opcode: opcode, BodyDigest(of: body.span.bytes))
        }
    }

    private func closeWebSocket(isOrderly: Bool) {
        guard let session = webSocket.take() else { return }
        // Behind its code a goodbye has nothing.
        if isOrderly, (try? session.sayGoodbye()) != nil { tell(session, "close", client: [], server: []) }
        ended(session.tuple, .http, session.close())
    }

    // MARK: Stores

    private func perform(_ statement: Statement) {
        guard connectPostgres() else {
            tally.skipped += 1
            return
        }
        do throws(StoreError) {
            guard let result = try postgres?.execute(statement, run.manifest) else { return }
            var state: String?
            if case .error(let code, let message) = result {
                state = code
                if code == statement.expectedError {
                    tally.statements.refused += 1
                } else {
                    run.failed("\(statement.text): \(message)")
                }
            }
            tally.statements.add(state == statement.expectedError)
        } catch {
            run.postgres.failed(error.reason)
            tally.statements.add(false)
            closePostgres()
        }
    }

    /// - Returns: whether there is a connection; not where the store is away, or it is too early to try again.
    private func connectPostgres() -> Bool {
        if let isOpen = postgres?.isOpen {
            if isOpen { return true }
            closePostgres()
        }
        guard let address = run.settings.postgres, run.postgres.mayTry() else { return false }
        do throws(StoreError) {
            postgres = try PostgresSession(address, run.manifest)
            try run.makeTable { table throws(StoreError) in
                let result = try postgres?.execute(table, run.manifest)
                if case .error(_, let message) = result { run.failed("the table can't be made: \(message)") }
            }
            run.postgres.reached()
            return true
        } catch {
            run.postgres.failed(error.reason)
            closePostgres()
            return false
        }
    }

    private func closePostgres() {
        guard let session = postgres.take(), let counts = session.end(run.manifest) else { return }
        tally.ended(sent: counts.sent, received: counts.received)
    }

    private func perform(_ commands: [Command]) {
        guard connectRedis() else {
            tally.skipped += 1
            return
        }
        do throws(StoreError) {
            for (command, reply) in zip(commands, try redis?.send(commands, run.manifest) ?? []) {
                if case .error(let message) = reply, reply.errorCode != command.expectedError {
                    run.failed("\(command.words): \(message)")
                }
                if reply.errorCode != nil, reply.errorCode == command.expectedError { tally.commands.refused += 1 }
                tally.commands.add(reply.errorCode == command.expectedError)
            }
        } catch {
            run.redis.failed(error.reason)
            for _ in commands { tally.commands.add(false) }
            closeRedis()
        }
    }

    private func connectRedis() -> Bool {
        if let isOpen = redis?.isOpen {
            if isOpen { return true }
            closeRedis()
        }
        guard let address = run.settings.redis, run.redis.mayTry() else { return false }
        do throws(StoreError) {
            redis = try RedisSession(host: address.host, port: address.port)
            run.redis.reached()
            return true
        } catch {
            run.redis.failed(error.reason)
            return false
        }
    }

    private func closeRedis() {
        guard let session = redis.take(), let counts = session.end(run.manifest) else { return }
        tally.ended(sent: counts.sent, received: counts.received)
    }
}
