/// A request or an answer as a member of a HAR entry.
struct HARMessage {
    let withBodies: Bool
    let protocolName: String

    /// - Parameter server: whom it was sent to, for one that names no host.
    mutating func request(_ message: borrowing Message, _ server: Endpoint, isDecrypted: Bool) -> [UInt8] {
        let wire = message.wire.bytes
        let target = wire.extracting(message.head.target)
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.key("method")
        json.headerText(wire.extracting(message.head.verb))
        json.key("url")
        let base = Self.base(message, server, isDecrypted)
        let bytes = [UInt8](target)
        let url =
            bytes.first == 0x2F
            ? base + bytes : bytes.firstRange(of: Array("://".utf8)) != nil ? bytes : base + [0x2F] + bytes
        json.headerText(url.span.bytes)
        version(&json)
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
        version(&json)
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

    // MARK: Members

    private func version(_ json: inout JSONWriter) {
        json.key("httpVersion")
        json.string(protocolName == "http/1.1" ? "HTTP/1.1" as StaticString : "HTTP/2")
    }

    private func headers(_ message: borrowing Message, _ json: inout JSONWriter) {
        let wire = message.wire.bytes
        json.key("headers")
        json.beginArray()
        for field in message.head.fields {
            json.element()
            json.beginObject()
            json.key("name")
            json.headerText(wire.extracting(field.name))
            json.key("value")
            json.headerText(wire.extracting(field.value))
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

    private static func base(_ message: borrowing Message, _ server: Endpoint, _ isDecrypted: Bool) -> [UInt8] {
        let wire = message.wire.bytes
        var host: [UInt8] = []
        for field in message.head.fields where HTTPGrammar.equal(wire, field.name.range, "host") {
            host = [UInt8](wire.extracting(field.value))
            break
        }
        if host.isEmpty { host = Array(server.description.utf8) }
        return Array((isDecrypted ? "https://" : "http://").utf8) + host
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
        let whole = message.bodyIsDecoded ? message.decodedBytes : message.contentBytes
        return UInt64(body.byteCount) < whole || message.hasGap ? "the body was cut, or not captured whole" : nil
    }
}
