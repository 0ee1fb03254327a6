/// CopyData: PostgreSQL documentation, "COPY Operations" and "Streaming Replication Protocol"; such streams have no commands
/// and live for weeks.
enum PostgresCopy {
    static let reason: StaticString = "Postgres CopyData"

    /// Standby's messages, or rows of a COPY FROM.
    static func client(_ bytes: RawSpan) -> Fit {
        message(bytes, at: 0, status).or(message(bytes, at: 0, feedback)).or(rows(bytes))
    }

    /// Write-ahead log, a keepalive, or rows of a COPY TO.
    static func server(_ bytes: RawSpan) -> Fit {
        message(bytes, at: 0, log).or(message(bytes, at: 0, keepalive)).or(rows(bytes))
    }

    // MARK: Replication

    private static func message(_ bytes: RawSpan, at offset: Int, _ form: Form) -> Fit {
        bytes.fit(byteAt: offset) { $0 == UInt8(ascii: "d") }
            .and(bytes.fit(big: UInt32.self, at: offset &+ 1) { form.lengths ~= Int($0) })
            .and(bytes.fit(byteAt: offset &+ 5) { $0 == form.type })
            .and(isTime(bytes, at: offset &+ form.time))
    }

    private struct Form {
        var type: UInt8
        /// Of the message, with its length's four bytes.
        var lengths: ClosedRange<Int>
        /// Where the sender's clock stands.
        var time: Int
    }

    private static let log = Form(type: UInt8(ascii: "w"), lengths: 29...1 << 30, time: 22)
    private static let keepalive = Form(type: UInt8(ascii: "k"), lengths: 22...22, time: 14)
    private static let status = Form(type: UInt8(ascii: "r"), lengths: 38...38, time: 30)
    private static let feedback = Form(type: UInt8(ascii: "h"), lengths: 21...29, time: 6)

    /// Microseconds since 2000: of the years 2008 to 2071; a log's may be missing.
    private static func isTime(_ bytes: RawSpan, at offset: Int) -> Fit {
        bytes.fit(big: UInt64.self, at: offset) { $0 == 0 || 0x0001_0000_0000_0000..<0x0008_0000_0000_0000 ~= $0 }
    }

    // MARK: Rows

    /// Rows one behind the other, or one and the end of them.
    private static func rows(_ bytes: RawSpan) -> Fit {
        var offset = 0
        for index in 0..<rowsAskedFor {
            if index > 0, bytes.u8(at: offset) == UInt8(ascii: "c") {
                return bytes.fit(4 as UInt32, at: offset &+ 1)
            }
            let fit = bytes.fit(byteAt: offset) { $0 == UInt8(ascii: "d") }
                .and(bytes.fit(big: UInt32.self, at: offset &+ 1) { 5...65_536 ~= $0 })
            guard fit == .yes, let length = bytes.big(UInt32.self, at: offset &+ 1) else { return fit }
            offset &+= 1 &+ Int(length)
        }
        return .yes
    }

    /// Each has 24 bits that have to fit.
    private static let rowsAskedFor = 4
}
