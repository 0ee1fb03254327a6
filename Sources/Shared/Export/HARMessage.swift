/// A request or an answer as a member of a HAR entry.
struct HARMessage {
    let withBodies: Bool
    /// What is missing of its body, and why.
    let missing: Missing?

    /// Why a body is not all there.
    enum Missing {
        /// It goes on behind what is kept of a body.
        case beyondLimit
        /// A part of it was not captured.
        case notCaptured

        /// For the entry.
        var comment: StaticString {
            switch self {
            case .beyondLimit: "the body was cut: it is longer than what is kept of one"
            case .notCaptured: "the body was not captured whole"
            }
        }

        /// Of a message as it came: what hides credentials makes bodies longer or shorter.
        static func of(_ message: borrowing Message) -> Missing? {
            if message.hasGap { return .notCaptured }
            let kept =
                message.bodyIsDecoded
                ? message.decoded.count : message.wire.count - min(message.head.length, message.wire.count)
            return UInt64(kept) < (message.bodyIsDecoded ? message.decodedBytes : message.contentBytes)
                ? .beyondLimit : nil
        }
    }

    /// - Parameter server: whom it was sent to, for one that names no host.
    mutating func request(_ message: borrowing Message, _ server: Endpoint, isDecrypted: Bool) -> [UInt8] {
        let wire = message.wire.bytes
        let target = wire.extracting(message.head.target)
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.key("method")
        json.headerText(wire.extracting(message.head.verb))
        json.key("url")
        let bytes = [UInt8](target)
        let url =
            Self.isURL(bytes)
            ? bytes : base(message, server, isDecrypted) + (bytes.first == 0x2F ? [] : [0x2F]) + bytes
        json.headerText(url.span.bytes)
        version(message, &json)
        json.raw(",\"cookies\":[]")
        headers(message, &json)
        query(bytes, &json)
        sizes(message, &json)
        if message.contentBytes > 0 {
            json.key("postData")
            json.beginObject()
            json.key("mimeType")
            json.headerText(mediaType(message).span.bytes)
            json.key("text")
            let comment = text(message, &json, base64: "_encoding")
            if let comment {
                json.key("comment")
                json.string(comment)
            }
            json.endObject()
        }
        json.endObject()
        return [UInt8](json.bytes)
    }

    mutating func response(_ message: borrowing Message) -> [UInt8] {
        let wire = message.wire.bytes
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.key("status")
        json.number(UInt64(message.head.status))
        json.key("statusText")
        json.headerText(wire.extracting(message.head.reason))
        version(message, &json)
        json.raw(",\"cookies\":[]")
        headers(message, &json)
        json.key("content")
        json.beginObject()
        json.key("size")
        json.number(message.bodyIsDecoded ? message.decodedBytes : message.contentBytes)
        json.key("mimeType")
        json.headerText(mediaType(message).span.bytes)
        if message.contentBytes > 0 {
            if withBodies { json.key("text") }
            let comment = withBodies ? text(message, &json, base64: "encoding") : Self.leftOut
            if let comment {
                json.key("comment")
                json.string(comment)
            }
        }
        json.endObject()
        json.key("redirectURL")
        json.headerText(value(of: "location", message).span.bytes)
        sizes(message, &json)
        json.endObject()
        return [UInt8](json.bytes)
    }

    /// In place of an answer that never came.
    static func noResponse(_ json: inout JSONWriter) {
        json.raw(
            "{\"status\":0,\"statusText\":\"\",\"httpVersion\":\"\",\"cookies\":[],\"headers\":[],\"content\":{\"size\":0,\"mimeType\":\"\"},\"redirectURL\":\"\",\"headersSize\":-1,\"bodySize\":-1}"
        )
    }

    private static let leftOut: StaticString = "the body was left out; --bodies keeps it"
    private static let hidden: StaticString = "the body can't be read, so that nobody knows what to hide in it"

    // MARK: Members

    /// Of HTTP/1 as the first line says it (RFC 9112, section 2.3); a request without one is of 0.9.
    private func version(_ message: borrowing Message, _ json: inout JSONWriter) {
        json.key("httpVersion")
        guard !message.isMadeOfFields else { return json.string("HTTP/2" as StaticString) }
        let wire = message.wire.bytes
        let start = message.head.side == .server ? 0 : message.head.target.range.upperBound
        let end = wire.firstIndex(of: ASCII.lineFeed, from: start) ?? wire.byteCount
        let line = HTTPGrammar.trimmed(wire, start..<Swift.max(start, end))
        for known in ["HTTP/1.0", "HTTP/1.1"] as [StaticString] where wire.has(known, at: line.lowerBound) {
            return json.string(known)
        }
        json.string(line.isEmpty && message.head.side == .client ? "HTTP/0.9" as StaticString : "HTTP/1.1")
    }

    private func headers(_ message: borrowing Message, _ json: inout JSONWriter) {
        let wire = message.wire.bytes
        json.key("headers")
        Self.fields(message.head.fields, wire, &json)
        guard let details = message.details, !details.trailers.isEmpty else { return }
        // An archive has no place for them, and a call of gRPC says there how it ended.
        json.key("_trailers")
        details.text.withBytes { Self.fields(details.trailers, $0, &json) }
    }

    private static func fields(_ fields: [MessageHead.FieldLine], _ text: RawSpan, _ json: inout JSONWriter) {
        json.beginArray()
        for field in fields {
            json.element()
            json.beginObject()
            json.key("name")
            json.headerText(text.extracting(field.name))
            json.key("value")
            json.headerText(text.extracting(field.value))
            json.endObject()
        }
        json.endArray()
    }

    private func query(_ target: [UInt8], _ json: inout JSONWriter) {
        json.key("queryString")
        json.beginArray()
        let start = target.firstIndex(of: 0x3F).map { $0 + 1 } ?? target.endIndex
        for pair in target[start...].prefix(while: { $0 != 0x23 }).split(separator: 0x26) {
            let equals = pair.firstIndex(of: 0x3D) ?? pair.endIndex
            json.element()
            json.beginObject()
            json.key("name")
            json.headerText(Array(pair[..<equals]).span.bytes)
            json.key("value")
            json.headerText(Array(pair[equals...].dropFirst()).span.bytes)
            json.endObject()
        }
        json.endArray()
    }

    /// On the wire: of what is made of fields it is not known.
    private func sizes(_ message: borrowing Message, _ json: inout JSONWriter) {
        json.key("headersSize")
        if message.isMadeOfFields { json.raw("-1") } else { json.number(UInt64(message.head.length)) }
        json.key("bodySize")
        let body = message.isMadeOfFields ? message.contentBytes : message.wireBytes &- UInt64(message.head.length)
        json.number(body <= message.wireBytes ? body : message.contentBytes)
    }

    private func mediaType(_ message: borrowing Message) -> [UInt8] { value(of: "content-type", message) }

    private func value(of name: StaticString, _ message: borrowing Message) -> [UInt8] {
        let wire = message.wire.bytes
        for field in message.head.fields where HTTPGrammar.equal(wire, field.name.range, name) {
            return [UInt8](wire.extracting(field.value))
        }
        return []
    }

    /// What a URL begins with, up to its path.
    private func base(_ message: borrowing Message, _ server: Endpoint, _ isDecrypted: Bool) -> [UInt8] {
        let authority = Self.authority(value(of: "host", message)) ?? Array(server.description.utf8)
        return Array((isDecrypted ? "https://" : "http://").utf8) + authority
    }

    /// The host that a Host field names, and its port, as a URL has them (RFC 3986, section 3.2); `nil` for what is no host: the
    /// request was sent to an address all the same, which a URL can have in its place.
    private static func authority(_ field: [UInt8]) -> [UInt8]? {
        guard let host = HostText(field.span.bytes) else { return nil }
        guard host.name.isEmpty else { return field }
        let text = String(decoding: field, as: UTF8.self)
        // Only there an address of IPv6 may lack its brackets.
        if let address = IPAddress(text) { return address.v4 == nil ? Array("[\(text)]".utf8) : field }
        guard let address = IPAddress.ofHost(text), field.first != 0x5B || address.v4 == nil else { return nil }
        return field
    }

    /// Whether a target is a URL by itself, as a proxy is asked (RFC 9112, section 3.2.2).
    private static func isURL(_ target: [UInt8]) -> Bool {
        guard let colon = target.firstRange(of: Array("://".utf8)), ASCII.isLetter(target[0]),
            target[..<colon.lowerBound].allSatisfy({
                ASCII.isLetter($0) || ASCII.isDigit($0) || [0x2B, 0x2D, 0x2E].contains($0)
            })
        else { return false }
        let rest = target[colon.upperBound...].prefix { $0 != 0x2F && $0 != 0x3F && $0 != 0x23 }
        let host = rest.lastIndex(of: 0x40).map { rest[($0 + 1)...] } ?? rest
        return authority(Array(host)) == Array(host)
    }

    /// The body as far as it is kept.
    /// - Parameter base64: the member that says that it is written so.
    /// - Returns: what is to be said of it.
    private func text(_ message: borrowing Message, _ json: inout JSONWriter, base64: StaticString) -> StaticString? {
        guard withBodies else {
            json.string("" as StaticString)
            return Self.leftOut
        }
        let start = Swift.min(message.head.length, message.wire.count)
        let body = message.bodyIsDecoded ? message.decoded.bytes : message.wire.bytes.extracting(start...)
        if !json.string(body) {
            json.base64(body)
            json.key(base64)
            json.string("base64" as StaticString)
        }
        if let missing { return missing.comment }
        return body.byteCount == 0 && message.contentBytes > 0 ? Self.hidden : nil
    }
}
