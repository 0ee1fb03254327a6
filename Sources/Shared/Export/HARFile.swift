/// HTTP exchanges as an HTTP Archive, version 1.2, as browsers and proxies write it: each exchange once, by when it began.
///
/// An entry is kept as its text until all are there, since the format has them in the order of time. Bodies are left out
/// unless they are asked for; what looks like a credential is hidden where the run hides it.
package final class HARFile: CountedSink {
    package let needs: Needs = .messages
    private let naming: Naming
    private let registry: Registry
    private let redactor: Redactor?
    private let content: Content
    /// Of exchanges that do not count yet, by their numbers.
    private var pending: [UInt64: Pending] = [:]
    private var pendingBytes = 0
    /// Those that WebSocket's messages may still follow, by their connections.
    private var opened: [UInt64: [UInt64]] = [:]
    private var entries: [(start: Timestamp, number: UInt64, text: [UInt8])] = []
    private var bytes = 0
    private let mostBytes: Int
    /// Exchanges that count, and have no entry: there was no room.
    package private(set) var refused: UInt64 = 0
    /// Messages of WebSocket whose handshake is not known: in an archive they are a part of its entry.
    package private(set) var unplaced: UInt64 = 0

    /// Bodies that are there in part: they go on behind what is kept of one.
    package private(set) var cutBodies: UInt64 = 0
    /// Bodies that are there in part: the rest was not captured.
    package private(set) var tornBodies: UInt64 = 0

    /// What it holds.
    package struct Content: Sendable {
        package init() {}
        package var withBodies = false
        /// Whose exchanges are wanted.
        package var selection = Selection()
    }

    /// What is kept until an exchange counts, or is known not to.
    private static let mostPending = 64 << 20

    private struct Pending {
        var start = Timestamp(nanoseconds: 0)
        var requestEnd = Timestamp(nanoseconds: 0)
        var answerStart: Timestamp?
        var answerEnd = Timestamp(nanoseconds: 0)
        /// The members `request` and `response`.
        var request: [UInt8] = []
        var response: [UInt8] = []
        /// Elements of `_webSocketMessages`.
        var messages: [UInt8] = []
        /// Members that follow.
        var about: [UInt8] = []
        var isIncomplete = false
        /// Bodies, and messages, of which a part is missing.
        var cutBodies: UInt64 = 0
        var tornBodies: UInt64 = 0
        /// A tunnel is asked for: WebSocket's, over HTTP/2 (RFC 8441).
        var isConnect = false
        var isSwitched = false
        var counts = false
        var isWanted = true

        var bytes: Int { request.count + response.count + messages.count + about.count }

        mutating func count(_ missing: HARMessage.Missing?) {
            if missing == .beyondLimit { cutBodies &+= 1 }
            if missing == .notCaptured { tornBodies &+= 1 }
        }
    }

    /// - Parameter mostBytes: of all entries together.
    init(_ content: Content, _ naming: Naming, _ registry: Registry, _ redactor: Redactor?, mostBytes: Int) {
        self.naming = naming
        self.registry = registry
        self.redactor = redactor
        self.content = content
        self.mostBytes = mostBytes
    }

    // MARK: Messages

    package func message(
        _ message: borrowing Message, _ exchange: Exchange?, _ text: RawSpan, of connection: Connection,
        _ origin: Origin
    ) {
        if let details = message.details, details.kind != .exchange {
            if details.kind == .websocket { add(message, details, connection) }
            return
        }
        guard let exchange, !exchange.isHousekeeping else { return }
        // Another answer follows (RFC 9110, section 15.2).
        if message.head.side == .server, message.head.status < 200, message.head.status != 101 { return }
        let missing = content.withBodies ? HARMessage.Missing.of(message) : nil
        if let redactor {
            add(message.redacted(redactor), missing, exchange, connection, origin)
        } else {
            add(message, missing, exchange, connection, origin)
        }
    }

    private func add(
        _ message: borrowing Message, _ missing: HARMessage.Missing?, _ exchange: Exchange, _ connection: Connection,
        _ origin: Origin
    ) {
        var entry = pending[exchange.number] ?? Pending()
        pendingBytes -= entry.bytes
        if !message.isWhole || message.details?[.headersIncomplete] != nil { entry.isIncomplete = true }
        entry.count(missing)
        var writer = HARMessage(withBodies: content.withBodies, missing: missing)
        if message.head.side == .client {
            entry.start = message.firstByte
            entry.requestEnd = message.lastByte
            let server = connection.localIsClient ? connection.opened.remote : connection.opened.local
            entry.request = writer.request(message, server, isDecrypted: origin.isDecrypted)
            let client = connection.localIsClient ? connection.opened.local : connection.opened.remote
            entry.about = about(exchange, connection, client, server)
            entry.isWanted = isWanted(message, exchange, connection, origin)
            entry.isConnect = message.wire.bytes.isWord("CONNECT", at: message.head.verb.range)
        } else {
            entry.answerStart = message.firstByte
            entry.answerEnd = message.lastByte
            entry.isSwitched = message.head.status == 101 || entry.isConnect && message.head.status / 100 == 2
            entry.response = writer.response(message)
        }
        pendingBytes += entry.bytes
        pending[exchange.number] = entry
        if pendingBytes > Self.mostPending { trim(before: exchange.number) }
    }

    /// Views that the map does not count leave entries behind; of those that are old nothing is expected any more.
    private func trim(before number: UInt64) {
        let waiting = Set(opened.values.joined())
        let old = pending.keys.filter { !waiting.contains($0) }.sorted()
        for key in old.prefix(old.count / 2) { pendingBytes -= pending.removeValue(forKey: key)?.bytes ?? 0 }
    }

    private func isWanted(
        _ message: borrowing Message, _ exchange: Exchange, _ connection: Connection, _ origin: Origin
    ) -> Bool {
        content.selection.contains(
            service: naming.name(of: naming.source(of: connection.named)).text,
            destination: naming.name(of: exchange.token.destination).text, protocol: "\(registry[origin.row].wireName)")
            && content.selection.contains(
                path: String(decoding: [UInt8](message.wire.bytes.extracting(message.head.target)), as: UTF8.self))
    }

    private func about(_ exchange: Exchange, _ connection: Connection, _ client: Endpoint, _ server: Endpoint)
        -> [UInt8]
    {
        var json = JSONWriter(capacity: 256)
        if server.kind == .internet {
            json.key("serverIPAddress")
            json.string(server.address.description)
        }
        json.key("connection")
        json.string("\(connection.number)")
        if client.kind == .internet {
            json.key("_clientIPAddress")
            json.string(client.address.description)
        }
        if server.kind == .internet {
            json.key("_serverPort")
            json.number(UInt64(server.port))
        }
        json.key("_service")
        json.string(naming.name(of: naming.source(of: connection.named)).text)
        json.key("_peer")
        json.string(naming.name(of: exchange.token.destination).text)
        return [UInt8](json.bytes)
    }

    private func add(_ message: borrowing Message, _ details: MessageDetails, _ connection: Connection) {
        guard let opcode = ["text": 1, "binary": 2][message.opcode] as UInt64? else { return }
        guard case .number(let number)? = details[.opener], pending[number] != nil else {
            unplaced &+= 1
            return
        }
        var json = JSONWriter(capacity: 128)
        json.beginObject()
        json.key("type")
        json.string(message.head.side == .client ? "send" as StaticString : "receive")
        json.key("time")
        json.seconds(message.lastByte)
        json.key("opcode")
        json.number(opcode)
        json.key("data")
        let start = min(message.head.length, message.wire.count)
        let bytes = message.bodyIsDecoded ? message.decoded.bytes : message.wire.bytes.extracting(start...)
        if !content.withBodies {
            json.string("" as StaticString)
        } else {
            // As browsers have it: what is not text is base64, whatever its bytes are.
            let shown = redactor?.shown([UInt8](bytes)) ?? [UInt8](bytes)
            if opcode != 1 || !json.string(shown.span.bytes) { json.base64(shown.span.bytes) }
        }
        if content.withBodies, let missing = HARMessage.Missing.of(message) {
            json.key("comment")
            json.string(missing.comment)
            pending[number]?.count(missing)
        }
        json.endObject()
        if pending[number]?.messages.isEmpty == false { pending[number]?.messages.append(0x2C) }
        pending[number]?.messages.append(json.bytes)
        pendingBytes += json.count
    }

    // MARK: Exchanges

    func counted(
        _ exchange: Exchange, as endpoint: ServiceMap.EndpointKey?, of connection: Connection, _ origin: Origin
    ) {
        // What is said within an answer is no exchange here.
        guard !exchange.isOneWay, "\(registry[origin.row].wireName)" != "websocket" else { return }
        guard let entry = pending[exchange.number], !entry.counts else {
            if pending[exchange.number] == nil { refused &+= 1 }
            return
        }
        if entry.isSwitched {
            pending[exchange.number]?.counts = true
            opened[connection.number, default: []].append(exchange.number)
        } else {
            finish(exchange.number)
        }
    }

    package func ended(_ connection: Connection, _ end: ConnectionEnd) {
        for number in opened.removeValue(forKey: connection.number) ?? [] { finish(number) }
    }

    private func finish(_ number: UInt64) {
        guard let entry = pending.removeValue(forKey: number) else { return }
        pendingBytes -= entry.bytes
        guard entry.isWanted else { return }
        let text = Self.text(entry)
        guard bytes &+ text.count <= mostBytes else {
            refused &+= 1
            return
        }
        bytes += text.count
        cutBodies &+= entry.cutBodies
        tornBodies &+= entry.tornBodies
        entries.append((entry.start, number, text))
    }

    private static func text(_ entry: Pending) -> [UInt8] {
        let requestEnd = max(entry.requestEnd, entry.start)
        // An answer may begin before the request has ended.
        let answerStart = max(entry.answerStart ?? requestEnd, requestEnd)
        let answerEnd = max(entry.answerStart == nil ? answerStart : entry.answerEnd, answerStart)
        var json = JSONWriter(capacity: entry.bytes + 512)
        json.beginObject()
        json.key("startedDateTime")
        json.string(entry.start.description)
        json.key("time")
        json.milliseconds(nanoseconds: answerEnd.since(entry.start))
        json.key("request")
        json.raw(entry.request.span.bytes)
        json.key("response")
        if entry.response.isEmpty { HARMessage.noResponse(&json) } else { json.raw(entry.response.span.bytes) }
        json.key("cache")
        json.beginObject()
        json.endObject()
        json.key("timings")
        json.beginObject()
        json.key("send")
        json.milliseconds(nanoseconds: requestEnd.since(entry.start))
        json.key("wait")
        json.milliseconds(nanoseconds: answerStart.since(requestEnd))
        json.key("receive")
        json.milliseconds(nanoseconds: answerEnd.since(answerStart))
        json.endObject()
        json.raw(",")
        json.raw(entry.about.span.bytes)
        json.key("_completeness")
        json.string(
            entry.response.isEmpty ? "unanswered" as StaticString : entry.isIncomplete ? "incomplete" : "whole")
        if entry.isSwitched, !entry.messages.isEmpty {
            json.key("_resourceType")
            json.string("websocket" as StaticString)
            json.key("_webSocketMessages")
            json.raw("[")
            json.raw(entry.messages.span.bytes)
            json.raw("]")
        }
        json.endObject()
        return [UInt8](json.bytes)
    }

    // MARK: The file

    /// The archive; all that is open is over.
    /// - Parameter from: what it was made from, for people.
    package func text(from: String, version: String) -> [UInt8] {
        for connection in opened.keys.sorted() { for number in opened[connection] ?? [] { finish(number) } }
        opened = [:]
        entries.sort { ($0.start, $0.number) < ($1.start, $1.number) }
        var json = JSONWriter(capacity: bytes + 1024)
        json.raw("{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"Tapedeck\",\"version\":")
        json.string(version)
        json.raw("},\"comment\":")
        json.string(from)
        json.raw(",\"entries\":[")
        for (place, entry) in entries.enumerated() {
            json.raw(place == 0 ? "\n" : ",\n")
            json.raw(entry.text.span.bytes)
        }
        json.raw("\n]}}\n")
        return [UInt8](json.bytes)
    }

    package var count: Int { entries.count }
}

extension JSONWriter {
    /// Seconds since 1970, exact.
    fileprivate mutating func seconds(_ time: Timestamp) {
        let (whole, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        number(whole)
        raw(".")
        let digits = String(rest.magnitude)
        for _ in digits.utf8.count..<9 { raw("0") }
        raw(digits.utf8.span.bytes)
    }
}
