import Console
import FoundationEssentials
import Shared

/// An HTTP Archive as a trace: of each entry a connection, with its request and answer at their times.
///
/// A body that the archive leaves out is a gap of its length. Bodies are decoded in an archive, so that their fields no longer say how
/// they were coded.
struct HARTape {
    /// Bytes of an archive; in memory it is some times as large.
    static let mostBytes = 256 << 20

    private var events: [(event: CapturedEvent, payload: [UInt8])] = []
    private var unread: UInt64 = 0
    private var names: [IPAddress: String] = [:]

    /// Whether a file begins as one does: an object whose first member is `log`.
    static func isArchive(_ head: [UInt8]) -> Bool {
        var rest = head[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        for word in ["{", "\"log\"", ":"] {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
            guard rest.starts(with: word.utf8) else { return false }
            rest = rest.dropFirst(word.utf8.count)
        }
        return true
    }

    /// The trace that an archive is.
    static func trace(of input: Input) throws(Failure) -> [UInt8] {
        var bytes = try input.whole(atMost: mostBytes, "an HTTP Archive of more than \(mostBytes >> 20) MB; split it")
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        let document: HARDocument
        do {
            document = try JSONDecoder().decode(HARDocument.self, from: Data(bytes))
        } catch {
            throw Failure("\(input.name): is no HTTP Archive that can be read: \(reason(error))")
        }
        bytes = []
        var tape = HARTape()
        let program = document.log.browser?.name ?? document.log.creator?.name
        for (number, entry) in document.log.entries.enumerated() {
            guard let entry = entry.value, tape.add(entry, UInt64(number) + 1, program) else {
                tape.unread += 1
                continue
            }
        }
        return tape.written()
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "there is no \(key.stringValue)"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is something else than it should be"
        default: "it is no JSON"
        }
    }

    /// In the order of time; what happens at one moment stays as it was.
    private func written() -> [UInt8] {
        let order = events.indices.sorted { (events[$0].event.timestamp, $0) < (events[$1].event.timestamp, $1) }
        var trace: [UInt8] = []
        var writer = TraceWriter()
        let start = order.first.map { events[$0].event.timestamp } ?? Timestamp(nanoseconds: 0)
        for (address, name) in names.sorted(by: { $0.key < $1.key }) {
            guard let fact = AddressName(address: address, name: name) else { continue }
            writer.write(CapturedEvent(start, .name(fact)), payload: RawSpan())
        }
        for place in order {
            let (event, payload) = events[place]
            writer.write(event, payload: payload.span.bytes)
            writer.drain { trace.append($0) }
        }
        if unread > 0 {
            let end = order.last.map { events[$0].event.timestamp } ?? start
            writer.write(CapturedEvent(end, .lost(Loss(.damagedRecord, count: unread))), payload: RawSpan())
        }
        writer.drain { trace.append($0) }
        return trace
    }

    // MARK: Entries

    /// - Returns: `false` where it says too little.
    private mutating func add(_ entry: HARDocument.Entry, _ number: UInt64, _ program: String?) -> Bool {
        guard let began = MomentText.moment(entry.startedDateTime),
            let url = Address(entry.request.url, isConnect: entry.request.method == "CONNECT")
        else {
            unread += UInt64(entry.messages?.count ?? 0)
            return false
        }
        let version = entry.request.httpVersion?.lowercased() ?? ""
        let isHTTP2 = version == "h2" || version.hasPrefix("http/2")
        let tunnel = isHTTP2 ? Self.tunnel(entry, url) : nil
        guard let request = Self.head(entry.request, url, tunnel), let times = Times(began, entry) else {
            unread += UInt64(entry.messages?.count ?? 0)
            return false
        }
        let server = entry.serverIPAddress.flatMap { IPAddress($0.trimmed("[", "]")) } ?? Self.unknownServer
        let client = entry.clientIPAddress.flatMap { IPAddress($0) } ?? Self.unknownClient
        if entry.clientIPAddress == nil, let program { names[client] = program }
        let id = ConnectionID(number)
        let opened = ConnectionOpened(
            id: id, local: Endpoint(client, UInt16(truncatingIfNeeded: 1024 + number % 60_000)),
            remote: Endpoint(server, entry.serverPort ?? url.port), role: .client)
        events.append((CapturedEvent(began, .open(opened)), []))
        var talk = HARTalk(id: id, layer: url.isSecure ? .plaintext : .wire, isHTTP2: isHTTP2)
        let post = Self.body(entry.request.postData, size: entry.request.bodySize ?? 0)
        talk.say(
            .send, request.framed(post, keepsLength: false), post, Self.fields(entry.request.trailers),
            from: times.requestStart, to: times.requestEnd, goesOn: tunnel != nil)
        var end = times.requestEnd
        if var response = entry.response, (100...999).contains(response.status) {
            let opens = response.status == 101 ? !isHTTP2 || tunnel != nil : tunnel != nil && response.status / 100 == 2
            // HTTP/2 has no 101 (RFC 9113, section 8.6).
            if opens, isHTTP2, response.status == 101 { response.status = 200 }
            let isEmpty =
                opens || entry.request.method == "HEAD" || [204, 304].contains(response.status) || response.status < 200
            let body = isEmpty ? HARTalk.Body() : Self.body(response.content, size: response.content?.size ?? 0)
            var answer = Self.head(response).framed(body, keepsLength: isEmpty)
            if opens, !isHTTP2, entry.messages != nil { answer.agrees(on: "websocket") }
            talk.say(
                .receive, answer, body, Self.fields(response.trailers), from: times.answerStart, to: times.answerEnd,
                goesOn: opens)
            end = times.answerEnd
            for message in entry.messages ?? [] {
                guard opens, let message = message.value,
                    let moment = message.time.nanoseconds(.seconds).map(Timestamp.init(nanoseconds:))
                else {
                    unread += 1
                    continue
                }
                end = max(end, moment)
                talk.say(message, at: max(moment, times.answerEnd))
            }
            if opens { talk.close(at: end) }
        }
        events += talk.events
        events.append((CapturedEvent(end, .close(ConnectionClosed(id: id, how: .orderly))), []))
        return true
    }

    /// What a request of HTTP/2 asks for with an extended CONNECT (RFC 8441, section 4), by whatever method the archive has it: browsers
    /// write a handshake of WebSocket as HTTP/1.1 has it.
    private static func tunnel(_ entry: HARDocument.Entry, _ url: Address) -> String? {
        guard entry.request.method != "CONNECT" else {
            guard url.target.first == "/" else { return nil }
            let fields = (entry.request.headers ?? []).compactMap(\.value)
            return fields.first { $0.name.lowercased() == ":protocol" }?.value ?? "websocket"
        }
        return url.isWebSocket || entry.messages != nil && entry.response?.status == 101 ? "websocket" : nil
    }

    /// Of documentation (RFC 5737): nobody's.
    private static let unknownServer = IPAddress(v4: 0xC000_0201)
    private static let unknownClient = IPAddress(v4: 0xC000_0202)

    // MARK: Messages

    private static func body(_ content: HARDocument.Content?, size: Double) -> HARTalk.Body {
        var body = HARTalk.Body()
        let text = Array((content?.text ?? "").utf8)
        body.bytes = content?.encoding == "base64" ? Base64.decode(text.span.bytes) ?? [] : text
        let whole = size.isFinite && size > 0 ? UInt64(min(size, 1e12)) : 0
        // A request's size is that of the wire: with a text it says nothing of what is missing.
        let isKnown = content?.size != nil || body.bytes.isEmpty
        if isKnown, whole > UInt64(body.bytes.count) { body.missing = whole - UInt64(body.bytes.count) }
        return body
    }

    private static func head(
        _ request: HARDocument.Request, _ url: Address, _ tunnel: String?
    ) -> HARTalk.Head? {
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var fields = fields(request.headers)
        if !fields.contains(where: { $0.name.lowercased() == "host" }) { fields.insert(("Host", url.host), at: 0) }
        return HARTalk.Head(
            start: .request(method: request.method, target: url.target, isSecure: url.isSecure, tunnel: tunnel),
            fields: fields, isOld: isOld(request.httpVersion))
    }

    private static func head(_ response: HARDocument.Response) -> HARTalk.Head {
        let reason = String((response.statusText ?? "").unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })
        return HARTalk.Head(
            start: .answer(status: response.status, reason: reason), fields: fields(response.headers),
            isOld: isOld(response.httpVersion))
    }

    private static func isOld(_ version: String?) -> Bool { version?.lowercased() == "http/1.0" }

    private static func fields(_ pairs: [HARDocument.Lenient<HARDocument.Pair>]?) -> [HARTalk.Field] {
        (pairs ?? []).compactMap(\.value).compactMap { pair in
            // Pseudo-header fields of HTTP/2 are told by the rest; what would end the line is no name and no value.
            let name = pair.name.lowercased() == ":authority" ? "Host" : pair.name
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }) else {
                return nil
            }
            let value = String(pair.value.map { $0.isNewline || $0 == "\0" ? " " : $0 })
            return (name, value)
        }
    }
}

/// The times of an entry.
private struct Times {
    var requestStart: Timestamp
    var requestEnd: Timestamp
    var answerStart: Timestamp
    var answerEnd: Timestamp

    /// - Returns: `nil` where one is more than a year.
    init?(_ began: Timestamp, _ entry: HARDocument.Entry) {
        let timings = entry.timings
        let isTold = timings?.wait != nil || timings?.receive != nil
        guard let requestStart = began.later([timings?.blocked, timings?.dns, timings?.connect]),
            let requestEnd = requestStart.later([timings?.send]),
            let answerStart = isTold ? requestEnd.later([timings?.wait]) : began.later([entry.time]),
            let answerEnd = answerStart.later([timings?.receive])
        else { return nil }
        (self.requestStart, self.requestEnd) = (requestStart, requestEnd)
        (self.answerStart, self.answerEnd) = (answerStart, answerEnd)
    }
}

extension Timestamp {
    /// - Parameter milliseconds: less than 0 where they are not known.
    /// - Returns: `nil` where there are more than a year has: no exchange takes so long.
    fileprivate func later(_ milliseconds: [ExactNumber?]) -> Timestamp? {
        let year: Int64 = 366 * 86_400 * 1_000_000_000
        var sum: Int64 = 0
        for time in milliseconds.compactMap(\.self) {
            guard let nanoseconds = time.nanoseconds(.milliseconds), nanoseconds <= year else { return nil }
            sum += max(nanoseconds, 0)
        }
        let (moment, isOver) = nanoseconds.addingReportingOverflow(sum)
        return isOver ? nil : Timestamp(nanoseconds: moment)
    }
}

/// An absolute URL, taken apart as far as a request needs it (RFC 3986, section 3).
private struct Address {
    var isSecure: Bool
    var isWebSocket: Bool
    /// With its port, as a Host field has it.
    var host: String
    var port: UInt16
    /// The path with its query; of CONNECT the host and the port that a tunnel is wanted to, if the URL has any: archives have them as
    /// the URL's path, or as its host.
    var target: String

    init?(_ url: String, isConnect: Bool) {
        guard let colon = url.firstRange(of: "://") else { return nil }
        let scheme = url[..<colon.lowerBound].lowercased()
        guard ["http", "https", "ws", "wss"].contains(scheme) else { return nil }
        isSecure = scheme == "https" || scheme == "wss"
        isWebSocket = scheme == "ws" || scheme == "wss"
        let rest = url[colon.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        host = String(authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority)
        let digits = host.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        let isPort = host.contains(":") && !digits.contains("]")
        port = (isPort ? UInt16(digits) : nil) ?? (isSecure ? 443 : 80)
        let path = rest[end...].prefix { $0 != "#" }
        target = path.hasPrefix("/") ? String(path) : "/\(path)"
        if isConnect {
            let asked = Array((target.dropFirst().split(separator: "@").last ?? "").utf8)
            if target == "/" {
                target = isPort ? host : "\(host):\(port)"
            } else if HostText(asked.span.bytes)?.port != nil {
                target = String(target.dropFirst())
            }
        }
        guard !host.isEmpty, !target.isEmpty, target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
            host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return nil }
    }
}

extension String {
    fileprivate func trimmed(_ open: Character, _ close: Character) -> Substring {
        first == open && last == close ? dropFirst().dropLast() : self[...]
    }
}

/// Bytes that are there already.
final class WrittenBytes: ByteSource {
    private let bytes: [UInt8]
    private var taken = 0
    let failure: String?
    let filePosition: UInt64

    init(_ bytes: [UInt8], failure: String?, filePosition: UInt64) {
        self.bytes = bytes
        self.failure = failure
        self.filePosition = filePosition
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - taken)
        buffer.copyBytes(from: bytes[taken..<(taken + count)])
        taken += count
        return count
    }
}
