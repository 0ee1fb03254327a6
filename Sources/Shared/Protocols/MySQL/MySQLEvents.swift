/// A stream of the binary log, as a replica gets it: MySQL Source Code Documentation, "Binlog Network Stream" and "Binary Log
/// Event"; MariaDB Knowledge Base, "Binlog Event Header".
enum MySQLEvents {
    static let reason: StaticString = "MySQL binary log events"

    /// A packet that begins with OK and holds one event, whose own length agrees with the packet's.
    static func event(_ bytes: RawSpan, at offset: Int) -> Fit {
        let status = offset &+ 4
        guard let first = bytes.u8(at: status), let second = bytes.u8(at: status &+ 1) else {
            return bytes.fit(byteAt: status) { $0 == 0 }.and(.open)
        }
        guard first == 0 else { return .no }
        // Semi-synchronous replication puts 0xEF and a flag before the event.
        let isSemiSynchronous = second == 0xEF && (bytes.u8(at: status &+ 2) ?? 0) <= 1
        return agrees(bytes, offset, event: status &+ 1)
            .or(isSemiSynchronous ? agrees(bytes, offset, event: status &+ 3) : .no)
    }

    /// The event: a time, its type, the server's number, its length, where the next one begins, and flags.
    private static func agrees(_ bytes: RawSpan, _ offset: Int, event: Int) -> Fit {
        guard let packet = bytes.little(UInt32.self, at: offset).map({ Int($0 & 0xFF_FFFF) }) else { return .open }
        let head = event &- offset &- 4
        return Fit(packet >= head &+ 19)
            .and(bytes.fit(byteAt: event &+ 4) { 1...41 ~= $0 || 0xA0...0xAB ~= $0 })
            .and(bytes.fit(little: UInt32.self, at: event &+ 5) { $0 > 0 })
            .and(bytes.fit(little: UInt32.self, at: event &+ 9) { Int($0) == packet &- head })
            .and(bytes.fit(byteAt: event &+ 18) { $0 <= 0x80 })
    }
}
