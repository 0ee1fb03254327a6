/// MySQL's compressed protocol: MySQL Source Code Documentation, "Compressed Packet".
///
/// A header of 7 bytes, a length, a sequence number and the length before compression, which is 0 where it was not worth
/// it; then plain packets, or zlib's or zstd's bytes.
enum MySQLCompressed {
    static let reason: StaticString = "MySQL compressed packets"

    /// A command that was too short to be compressed, and a packet of the response; or both compressed.
    static func exchange(_ client: RawSpan, _ server: RawSpan) -> Fit {
        plain(client, sequence: 0).and(plain(server, sequence: 1).or(compressed(server, sequence: 1)))
            .or(compressed(client, sequence: 0).and(plain(server, sequence: 1).or(compressed(server, sequence: 1))))
    }

    static let header = 7

    /// What a client sends, anywhere in its stream.
    static func client(_ bytes: RawSpan, at offset: Int) -> Fit {
        let rest = bytes.extracting(Swift.min(offset, bytes.byteCount)...)
        return plain(rest, sequence: 0).or(compressed(rest, sequence: 0))
    }

    /// How a server's answer begins.
    static func server(_ bytes: RawSpan) -> Fit { plain(bytes, sequence: 1).or(compressed(bytes, sequence: 1)) }

    private static func head(_ bytes: RawSpan, sequence: UInt8, length: ClosedRange<UInt32>) -> Fit {
        bytes.fit(little: UInt32.self, at: 0) { $0 >> 24 == UInt32(sequence) && length ~= $0 & 0xFF_FFFF }
    }

    /// Both lengths agree, of the first packet inside and of all; a client says one command at once.
    private static func plain(_ bytes: RawSpan, sequence: UInt8) -> Fit {
        let fit = head(bytes, sequence: sequence, length: 5...65_536)
            .and(bytes.fit(allOf: 3, at: 4) { $0 == 0 })
        guard fit == .yes, let outer = bytes.little(UInt32.self, at: 0).map({ $0 & 0xFF_FFFF }) else { return fit }
        let inner = bytes.fit(little: UInt32.self, at: header) {
            let length = $0 & 0xFF_FFFF
            return $0 >> 24 == UInt32(sequence) && length >= 1
                && (sequence == 0 ? length &+ 4 == outer : length &+ 4 <= outer)
        }
        guard sequence == 0 else { return inner }
        return inner.and(bytes.fit(byteAt: header &+ 4) { isCommand($0) })
    }

    /// COM_QUIT to COM_RESET_CONNECTION.
    private static func isCommand(_ byte: UInt8) -> Bool { 1...0x1F ~= byte }

    private static func compressed(_ bytes: RawSpan, sequence: UInt8) -> Fit {
        head(bytes, sequence: sequence, length: 8...0xFF_FFFF)
            .and(isLonger(bytes))
            .and(zlib(bytes).or(bytes.fit(0x28B5_2FFD as UInt32, at: header)))
    }

    private static func isLonger(_ bytes: RawSpan) -> Fit {
        guard let length = bytes.little(UInt32.self, at: 0).map({ $0 & 0xFF_FFFF }),
            let before = bytes.little(UInt32.self, at: 3).map({ $0 >> 8 })
        else { return .open }
        return Fit(before > length && before >= 50)
    }

    /// CMF and FLG (RFC 1950, section 2.2).
    private static func zlib(_ bytes: RawSpan) -> Fit {
        bytes.fit(0x78 as UInt8, at: header)
            .and(bytes.fit(big: UInt16.self, at: header) { $0 % 31 == 0 && $0 & 0x20 == 0 })
    }
}
