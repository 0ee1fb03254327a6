import Console
import FoundationEssentials

/// Calls of a gRPC server on a Unix socket, by the HTTP client that Docker's API needs anyway.
///
/// grpc-swift-2 does it, too, but makes the program 19 MB larger and a release build 790 CPU seconds longer, for four
/// calls. The protocol: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
struct GRPCClient {
    private let http: UnixHTTP
    /// Lines `name: value`.
    private let metadata: [String]

    init(_ http: UnixHTTP, metadata: [String] = []) {
        self.http = http
        self.metadata = metadata
    }

    /// - Parameter method: `package.Service/Method`.
    /// - Returns: the answer's message.
    /// - Throws: `UnixHTTP.Failure` or `GRPCStatus`.
    func call(_ method: String, _ message: Data = Data()) throws -> Data {
        var status: GRPCStatus?
        var answer: Data?
        var frames = GRPCFrames()
        let bytes = try http.answer(to: request(method, message)) { try Self.read($0, &status) }
        try frames.add(bytes) { message in
            answer = message
            return true
        }
        try Self.check(status)
        guard let answer, frames.isEmpty else { throw UnixHTTP.Failure.unanswered("half an answer") }
        return answer
    }

    /// Gives on each message of a stream that the server has no end for.
    /// - Parameters:
    ///   - tick: called about once a second.
    ///   - take: says whether more is wanted.
    func stream(
        _ method: String, _ message: Data = Data(), tick: @escaping () throws -> Void,
        _ take: @escaping (Data) throws -> Bool
    ) throws {
        var status: GRPCStatus?
        var frames = GRPCFrames()
        var hasEnough = false
        var endless = request(method, message)
        endless.timeout = 0
        try http.perform(
            endless,
            UnixHTTP.Receiver(
                header: { try Self.read($0, &status) },
                body: { bytes in
                    hasEnough = try !frames.add(bytes, take)
                    return !hasEnough
                }, tick: tick))
        if !hasEnough { try Self.check(status) }
    }

    private func request(_ method: String, _ message: Data) -> UnixHTTP.Request {
        let headers = ["content-type: application/grpc", "te: trailers"] + metadata
        return UnixHTTP.Request(
            path: "/" + method, headers: headers, body: GRPCFrames.frame(message), isHTTP2: true)
    }

    /// A status's text: `%` and two digits stand for a byte (gRPC over HTTP/2, Percent-Byte-Encoded), all else for itself.
    private static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            guard byte == UInt8(ascii: "%"), digits.count == 2,
                digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The status stands in the trailers, or in the only headers where there is no message.
    private static func read(_ line: String, _ status: inout GRPCStatus?) throws {
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = line[line.index(after: colon)...].withoutOuterBlanks
        switch line[..<colon].lowercased() {
        case "content-type" where !value.hasPrefix("application/grpc"):
            throw UnixHTTP.Failure.unanswered("an answer of the type \(value)")
        case "grpc-status": status = GRPCStatus(code: Int(value) ?? GRPCStatus.unknown, message: status?.message ?? "")
        case "grpc-message":
            status = GRPCStatus(
                code: status?.code ?? GRPCStatus.unknown, message: decoded(value))
        default: break
        }
    }

    private static func check(_ status: GRPCStatus?) throws {
        guard let status else { throw UnixHTTP.Failure.unanswered("it has closed the connection") }
        if status.code != 0 { throw status }
    }
}

/// How a call has ended.
struct GRPCStatus: Error, Equatable, CustomStringConvertible {
    /// 0 is success (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
    var code: Int
    var message: String

    static let unknown = 2
    static let notFound = 5

    var description: String { "gRPC status \(code): \(message)" }
}

/// Messages of a stream: a byte that says whether it is compressed, four of its length, and the message.
struct GRPCFrames {
    private var rest = Data()

    /// A list of 2,000 containers is 20 MB.
    private static let largest = 64 << 20
    private static let header = 5

    static func frame(_ message: Data) -> Data {
        var frame = Data([0])
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: message.count).bigEndian) { frame.append(contentsOf: $0) }
        return frame + message
    }

    /// Whether no message has begun.
    var isEmpty: Bool { rest.isEmpty }

    /// - Parameter take: is given each message that is whole, and says whether more is wanted.
    /// - Returns: whether more is wanted.
    @discardableResult
    mutating func add(_ bytes: Data, _ take: (Data) throws -> Bool) throws -> Bool {
        rest += bytes
        while rest.count >= Self.header {
            let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            // No encoding was offered.
            guard rest.first == 0, length <= Self.largest else {
                throw UnixHTTP.Failure.unanswered("a message of gRPC that can't be read")
            }
            guard rest.count - Self.header >= length else { return true }
            let message = Data(rest.dropFirst(Self.header).prefix(length))
            rest = Data(rest.dropFirst(Self.header + length))
            if try !take(message) { return false }
        }
        return true
    }
}
