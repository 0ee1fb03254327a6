import Foundation
import TestSupport

/// An HTTP/2 server on a Unix socket that says the same to every call (RFC 9113).
final class FakeGRPC: Sendable {
    struct Answer {
        var status = 200
        /// The first headers; with no body they end the answer.
        var headers: [(String, String)] = [("content-type", "application/grpc")]
        /// Pieces as they are sent.
        var body: [Data] = []
        /// `nil`: the connection is closed in place of them.
        var trailers: [(String, String)]? = [("grpc-status", "0")]
    }

    let socket: String
    private let listener: Int32

    init(at path: String, _ answer: Answer) throws {
        socket = path
        unlink(path)
        listener = try FakeRuntime.listen(path)
        let listener = listener
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else {
                    // Not before: its number would be another test's.
                    close(listener)
                    return
                }
                Self.serve(FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), answer)
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ connection: FileHandle, _ answer: Answer) {
        // The preface: `PRI * HTTP/2.0`.
        guard let preface = try? connection.read(upToCount: 24), preface.starts(with: Data("PRI *".utf8)) else {
            return
        }
        try? connection.write(contentsOf: frame(.settings, Data()))
        while let header = try? connection.read(upToCount: 9), header.count == 9 {
            let length = header.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            if length > 0 { _ = try? connection.read(upToCount: length) }
            // The request's body has come whole.
            guard header[3] == Kind.data.rawValue, header[4] & 1 == 1 else { continue }
            let isOnlyHeaders = answer.body.isEmpty && answer.trailers?.isEmpty == true
            var reply = frame(.headers, block([(":status", "\(answer.status)")] + answer.headers), ends: isOnlyHeaders)
            for piece in answer.body { reply += frame(.data, piece) }
            if let trailers = answer.trailers, !trailers.isEmpty {
                reply += frame(.headers, block(trailers), ends: true)
            }
            try? connection.write(contentsOf: reply)
            if answer.trailers == nil { return }
        }
    }

    private enum Kind: UInt8 {
        case data, headers
        case settings = 4
    }

    /// Of the first stream, but for the settings.
    private static func frame(_ kind: Kind, _ payload: Data, ends: Bool = false) -> Data {
        let flags: UInt8 = (kind == .headers ? 4 : 0) | (ends ? 1 : 0)
        let length = payload.count
        return Data([
            UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), kind.rawValue, flags, 0, 0, 0,
            kind == .settings ? 0 : 1,
        ]) + payload
    }

    /// Literal fields without an index (RFC 7541, section 6.2.2).
    private static func block(_ fields: [(String, String)]) -> Data {
        fields.reduce(into: Data()) { block, field in
            block += [0, UInt8(field.0.utf8.count)] + Array(field.0.utf8)
            block += [UInt8(field.1.utf8.count)] + Array(field.1.utf8)
        }
    }
}
