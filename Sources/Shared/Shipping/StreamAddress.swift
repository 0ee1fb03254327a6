package import Console

/// A JetStream stream of a NATS server: `nats://HOST:PORT/STREAM`.
package struct StreamAddress: Equatable, Sendable, CustomStringConvertible {
    /// For NATS' library, with credentials where some were given.
    let server: String
    /// What people read: without credentials.
    package let description: String
    /// The stream's name, with which its subjects begin, too.
    package let stream: String
    /// Which subjects of it are wanted; `nil`: all.
    package let subject: String?
    let isEncrypted: Bool
    /// Without port and brackets; what a certificate has to be of.
    let host: String

    private static let schemes = ["nats://", "tls://"]
    private static let usualStream = "tapedeck"
    /// NATS' own (IANA).
    private static let usualPort = "4222"

    /// Whether a text is meant as one: it may still be wrong.
    package static func isMeant(_ text: String) -> Bool { schemes.contains { text.hasPrefix($0) } }

    /// - Parameters:
    ///   - text: `nats://[USER:PASSWORD@]HOST[:PORT][/STREAM][?subject=SUBJECT]`, or with `tls://`.
    ///   - option: the setting that has it, for messages; empty for an input.
    package init(_ text: String, option: String) throws(Failure) {
        let shown = (option.isEmpty ? "" : option + " ") + text.withoutCredentials
        guard let scheme = Self.schemes.first(where: { text.hasPrefix($0) }),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw Failure("\(shown): is no address of a stream; write nats://HOST:4222/STREAM") }
        isEncrypted = scheme == "tls://"
        let (rest, query) = Self.split(text.dropFirst(scheme.count), at: "?")
        let (authority, path) = Self.split(rest, at: "/")
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        guard let host = Self.host(of: place) else {
            throw Failure("\(shown): names no host with a port; write nats://HOST:4222/STREAM")
        }
        self.host = host
        let hasPort =
            place.last != "]" && place.dropFirst(host.contains(":") ? host.count + 2 : host.count).hasPrefix(":")
        let port = hasPort ? "" : ":\(Self.usualPort)"
        server = "\(scheme)\(authority)\(port)"
        stream = path.map(String.init).flatMap { $0.isEmpty ? nil : $0 } ?? Self.usualStream
        // The server's rules (a name is a folder there), and ours: subjects begin with it.
        guard stream.utf8.count <= 255, stream.utf8.allSatisfy(Self.isOfName) else {
            throw Failure("\(shown): a stream's name has letters, digits, - and _; write nats://HOST:4222/STREAM")
        }
        switch query {
        case nil: subject = nil
        case let query? where query.hasPrefix("subject=") && query.count > 8: subject = String(query.dropFirst(8))
        default: throw Failure("\(shown): behind ? there can be subject=SUBJECT, as in ?subject=\(stream).HOST.>")
        }
        description = "\(scheme)\(place)\(port)/\(stream)"
    }

    /// The stream's subjects, all of them.
    var subjects: String { "\(stream).>" }

    private static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let at = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<at], text[text.index(after: at)...])
    }

    /// The host of `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`; `nil` where it is none of these.
    private static func host(of place: Substring) -> String? {
        let (host, port): (Substring, Substring)
        if place.first == "[" {
            guard let end = place.firstIndex(of: "]") else { return nil }
            (host, port) = (place[..<end].dropFirst(), place[end...].dropFirst())
        } else {
            let end = place.firstIndex(of: ":") ?? place.endIndex
            (host, port) = (place[..<end], place[end...])
        }
        let isPort = port.isEmpty || port.first == ":" && UInt16(port.dropFirst()).map { $0 > 0 } == true
        return host.isEmpty || !isPort ? nil : String(host)
    }

    static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
