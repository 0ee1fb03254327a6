/// The event that the fields of one line of a trace in text form make.
extension JSONFields {
    /// The event without its time; `nil` where its type is none of this version's.
    func kind() throws(Failure) -> CapturedEvent.Kind? {
        switch try string("type") {
        case "open": return .open(try opened())
        case "data": return .data(try position())
        case "gap": return .gap(try gap())
        case "acknowledged": return .acknowledged(try position())
        case "finished": return .finished(try position())
        case "close": return .close(try closed())
        case "process": return .process(try process())
        case "exit": return .exit(try key())
        case "listening": return .listening(Listening(process: try key(), endpoint: try endpoint("endpoint")))
        case "container": return .container(try container())
        case "lost": return .lost(Loss(try code("reason", as: Loss.Reason.self), count: try number("count")))
        default: return nil
        }
    }

    /// The bytes that a `data` event carries.
    func payload(of kind: CapturedEvent.Kind) throws(Failure) -> [UInt8] {
        guard case .data = kind else { return [] }
        if self["text"] != nil { return try bytes("text") }
        guard self["base64"] != nil else { throw Failure("neither text nor base64") }
        return try base64("base64")
    }

    private func opened() throws(Failure) -> ConnectionOpened {
        var joinedLate = false
        switch self["joined_late"] {
        case nil: break
        case .boolean(let value): joinedLate = value
        default: throw Failure("joined_late is neither true nor false")
        }
        return ConnectionOpened(
            id: ConnectionID(try number("connection")), local: try endpoint("local"), remote: try endpoint("remote"),
            role: try code("role", as: Role.self), joinedLate: joinedLate, process: self["pid"] == nil ? nil : try key()
        )
    }

    private func gap() throws(Failure) -> StreamGap {
        StreamGap(at: try position(), length: try number("length"), reason: try code("reason", as: GapReason.self))
    }

    private func closed() throws(Failure) -> ConnectionClosed {
        ConnectionClosed(
            id: ConnectionID(try number("connection")), how: try code("how", as: ConnectionClosed.How.self),
            error: self["error"] == nil ? 0 : try signed("error"))
    }

    private func position() throws(Failure) -> StreamPosition {
        StreamPosition(
            ConnectionID(try number("connection")), try code("direction", as: Direction.self), try number("position"),
            layer: self["layer"] == nil ? .wire : try code("layer", as: StreamLayer.self))
    }

    private func key() throws(Failure) -> ProcessKey {
        ProcessKey(
            pid: try signed("pid"), startTime: self["start_time"] == nil ? 0 : try number("start_time"))
    }

    private func process() throws(Failure) -> ProcessIdentity {
        ProcessIdentity(
            key: try key(), comm: try string("comm"), commandLine: try string("command_line"),
            profile: try optionalString("profile"), profileName: try optionalString("profile_name"),
            environment: try environment())
    }

    private func environment() throws(Failure) -> ProcessEnvironment {
        if self["environment_base64"] != nil { return .block(try base64("environment_base64")) }
        switch self["environment"] {
        case nil: return .unavailable(try optionalString("environment_error") ?? "")
        case .array(let entries):
            var block: [UInt8] = []
            for entry in entries {
                switch entry {
                case .string(let bytes): block += bytes
                case .object: block += try JSONFields(entry).base64("base64")
                default: throw Failure("environment has an element that is neither text nor base64")
                }
                block.append(0)
            }
            return .block(block)
        default: throw Failure("environment is no array")
        }
    }

    private func container() throws(Failure) -> ContainerFact {
        let identity = ContainerIdentity(
            service: try string("service"), image: try string("image"), id: try string("id"), name: try string("name"))
        return ContainerFact(
            subject: self["pid"] != nil ? .process(try key()) : .endpoint(try endpoint("endpoint")),
            container: identity.id.isEmpty ? nil : identity)
    }

    private func code<T: TraceCoded>(_ name: StaticString, as type: T.Type) throws(Failure) -> T {
        guard let value = T(traceName: try bytes(name)) else {
            let known = T.traceCases.map { "\($0.traceName)" }.joined(separator: ", ")
            throw Failure("\(name) is none of \(known)")
        }
        return value
    }
}

/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
    /// The bytes, or `nil` where the text is not exactly what encoding them gives.
    static func decode(_ text: RawSpan) -> [UInt8]? {
        guard text.byteCount % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.byteCount / 4 &* 3)
        var at = 0
        while at < text.byteCount {
            let isLast = at &+ 4 == text.byteCount
            var padding = 0
            if isLast, text.u8(at: at &+ 3) == 0x3D { padding = text.u8(at: at &+ 2) == 0x3D ? 2 : 1 }
            var group: UInt32 = 0
            for place in 0..<4 {
                if place >= 4 &- padding {
                    group <<= 6
                    continue
                }
                guard let digit = digit(text.u8(at: at &+ place) ?? 0) else { return nil }
                group = group << 6 | digit
            }
            guard padding == 0 || group & (padding == 1 ? 0xFF : 0xFFFF) == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: group)) }
            at &+= 4
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte &- 0x41)
        case 0x61...0x7A: UInt32(byte &- 0x61 &+ 26)
        case 0x30...0x39: UInt32(byte &- 0x30 &+ 52)
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
