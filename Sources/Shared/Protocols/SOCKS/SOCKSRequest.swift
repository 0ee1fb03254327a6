/// What a SOCKS client asks for.
struct SOCKSRequest: Equatable {
    enum Command: UInt8 {
        case connect = 1
        case bind = 2
        case associate = 3
    }

    enum Reading: Equatable {
        case no
        case needMore
        /// A request of so many bytes.
        case request(Int, SOCKSRequest)

        var fit: Fit {
            switch self {
            case .no: .no
            case .needMore: .open
            case .request: .yes
            }
        }
    }

    var command: Command
    var destination: NamedDestination

    // MARK: Version 5

    /// Version, command, a reserved 0, and an address (RFC 1928, section 4).
    static func version5(_ bytes: RawSpan, at offset: Int) -> Reading {
        let fit = bytes.fit(5 as UInt8, at: offset)
            .and(bytes.fit(byteAt: offset &+ 1) { Command(rawValue: $0) != nil })
            .and(bytes.fit(0 as UInt8, at: offset &+ 2))
            .and(bytes.fit(byteAt: offset &+ 3) { $0 == 1 || $0 == 3 || $0 == 4 })
        if fit == .no { return .no }
        guard fit == .yes, let command = bytes.u8(at: offset &+ 1).flatMap(Command.init(rawValue:)),
            let length = addressLength(bytes, at: offset &+ 3), bytes.byteCount >= offset &+ 5 &+ length
        else { return .needMore }
        guard let destination = address(bytes, at: offset &+ 3) else { return .no }
        return .request(5 &+ length, SOCKSRequest(command: command, destination: destination))
    }

    /// Of a type and an address with its port the bytes behind the first of these; `nil` while that is not known.
    static func addressLength(_ bytes: RawSpan, at offset: Int) -> Int? {
        switch bytes.u8(at: offset) {
        case 1: 4 &+ 1
        case 4: 16 &+ 1
        default: bytes.u8(at: offset &+ 1).map { Int($0) &+ 2 }
        }
    }

    private static func address(_ bytes: RawSpan, at offset: Int) -> NamedDestination? {
        switch bytes.u8(at: offset) {
        case 1:
            guard let address = bytes.big(UInt32.self, at: offset &+ 1),
                let port = bytes.big(UInt16.self, at: offset &+ 5)
            else { return nil }
            return NamedDestination(Endpoint(IPAddress(v4: address), port))
        case 4:
            guard let high = bytes.big(UInt64.self, at: offset &+ 1), let low = bytes.big(UInt64.self, at: offset &+ 9),
                let port = bytes.big(UInt16.self, at: offset &+ 17)
            else { return nil }
            return NamedDestination(Endpoint(IPAddress(high: high, low: low), port))
        default:
            guard let length = bytes.u8(at: offset &+ 1),
                let port = bytes.big(UInt16.self, at: offset &+ 2 &+ Int(length))
            else { return nil }
            return NamedDestination(bytes, offset &+ 2..<offset &+ 2 &+ Int(length), port: port)
        }
    }

    // MARK: Version 4

    /// Version, command, port, address, and who asks, up to a NUL; of 4a, whose address is 0.0.0.x, a host up to another.
    static func version4(_ bytes: RawSpan) -> Reading {
        let fit = bytes.fit(4 as UInt8, at: 0)
            .and(bytes.fit(byteAt: 1) { $0 == 1 || $0 == 2 })
            .and(bytes.fit(big: UInt16.self, at: 2) { $0 > 0 })
            .and(bytes.fit(big: UInt32.self, at: 4) { $0 > 0 })
            .and(bytes.fit(cString: 8, limit: 255, ASCII.isText))
        if fit == .no { return .no }
        guard fit == .yes, let command = bytes.u8(at: 1).flatMap(Command.init(rawValue:)),
            let port = bytes.big(UInt16.self, at: 2), let address = bytes.big(UInt32.self, at: 4),
            let user = bytes.firstIndex(of: 0, from: 8)
        else { return .needMore }
        guard address < 0x100 else {
            let destination = NamedDestination(Endpoint(IPAddress(v4: address), port))
            return .request(user &+ 1, SOCKSRequest(command: command, destination: destination))
        }
        switch bytes.fit(cString: user &+ 1, limit: 255, ASCII.isVisible) {
        case .no: return .no
        case .open: return .needMore
        case .yes:
            guard let end = bytes.firstIndex(of: 0, from: user &+ 1),
                let destination = NamedDestination(bytes, user &+ 1..<end, port: port)
            else { return .no }
            return .request(end &+ 1, SOCKSRequest(command: command, destination: destination))
        }
    }
}
