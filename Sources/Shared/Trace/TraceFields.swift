/// The event that the fields of one line of a trace in text form make.
extension JSONFields {
    /// The event without its time; `nil` where its type is none of this version's.
    func kind() throws(Failure) -> CapturedEvent.Kind? {
        switch try string("type") {
        case "open": return .open(try opened())
        case "continued":
            return .continued(
                ConnectionContinued(try opened(), sent: try number("sent"), received: try number("received")))
        case "data": return .data(try position())
        case "gap": return .gap(try gap())
        case "acknowledged": return .acknowledged(try position())
        case "expected": return .expected(try position())
        case "finished": return .finished(try position())
        case "close": return .close(try closed())
        case "process": return .process(try process())
        case "exit": return .exit(try key())
        case "sequence_numbers":
            return .sequenceNumbers(
                SequenceNumbers(
                    ConnectionID(try number("connection")), local: try sequenceNumber("local_sequence"),
                    remote: try sequenceNumber("remote_sequence")))
        case "listening":
            return .listening(
                Listening(
                    process: try key(), endpoint: try anyEndpoint("endpoint"), networkNamespace: try networkNamespace())
            )
        case "unix_socket": return .unixSocket(try unixSocket())
        case "datagram": return .datagram(try datagram())
        case "secret": return .secret(try secret())
        case "tape": return .tape(try origin())
        case "end": return .end
        case "container": return .container(try container())
        case "name":
            guard let name = AddressName(address: try endpoint("endpoint").address, name: try string("name")) else {
                throw Failure("name is empty or too long")
            }
            return .name(name)
        case "lost": return .lost(Loss(try code("reason", as: Loss.Reason.self), count: try number("count")))
        default: return nil
        }
    }

    /// The bytes that a `data` event or a `datagram` carries.
    func payload(of kind: CapturedEvent.Kind) throws(Failure) -> [UInt8] {
        switch kind {
        case .data: return try payload()
        case .datagram:
            let payload = try payload()
            guard payload.count <= TraceLimits.payloadBytes else { throw Failure("no datagram is so long") }
            return payload
        default: return []
        }
    }

    private func payload() throws(Failure) -> [UInt8] {
        if self["text"] != nil { return try bytes("text") }
        guard self["base64"] != nil else { throw Failure("neither text nor base64") }
        return try base64("base64")
    }

    private func opened() throws(Failure) -> ConnectionOpened {
        ConnectionOpened(
            id: ConnectionID(try number("connection")), local: try anyEndpoint("local"),
            remote: try anyEndpoint("remote"), role: try code("role", as: Role.self),
            joinedLate: try optionalBoolean("joined_late") ?? false, process: try optionalKey(),
            localSequenceNumber: try sequenceNumber("local_sequence"),
            remoteSequenceNumber: try sequenceNumber("remote_sequence"))
    }

    /// A number of 32 bits; `nil` where the field is not there.
    private func sequenceNumber(_ name: StaticString) throws(Failure) -> UInt32? {
        guard self[name] != nil else { return nil }
        guard let number = UInt32(exactly: try number(name)) else { throw Failure("\(name) is out of range") }
        return number
    }

    /// An address with a port, or `unix:` and a number.
    private func anyEndpoint(_ name: StaticString) throws(Failure) -> Endpoint {
        let text = try string(name)
        guard text.hasPrefix("unix:") else { return try endpoint(name) }
        let digits = text.utf8.dropFirst(5)
        guard let number = UInt64(text.dropFirst(5)), digits.allSatisfy({ ASCII.isDigit($0) }) else {
            throw Failure("\(name) is not like unix:17")
        }
        return Endpoint(unix: number)
    }

    private func networkNamespace() throws(Failure) -> NetworkNamespace? {
        self["network_namespace"] == nil ? nil : NetworkNamespace(try number("network_namespace"))
    }

    private func unixSocket() throws(Failure) -> UnixSocket {
        let number = try number("number")
        let process = try optionalKey()
        let path = try optionalBytes("path", base64: "path_base64")
        let abstract = try optionalBytes("abstract", base64: "abstract_base64")
        if path != nil, abstract != nil { throw Failure("both a path and an abstract name") }
        let name = path.map { UnixSocket.Name.path($0) } ?? abstract.map { .abstract($0) } ?? .unnamed
        guard let socket = UnixSocket(number: number, name: name, process: process) else {
            throw Failure("no Unix socket has such a name")
        }
        return socket
    }

    /// A string's bytes, or those that another field has in base64; `nil` where neither is there.
    private func optionalBytes(_ name: StaticString, base64 other: StaticString) throws(Failure) -> [UInt8]? {
        if self[name] != nil { return try bytes(name) }
        return self[other] == nil ? nil : try base64(other)
    }

    private func datagram() throws(Failure) -> CapturedDatagram {
        var cut: CapturedDatagram.Cut?
        if self["missing"] != nil {
            guard let length = UInt32(exactly: try number("missing")) else { throw Failure("missing is out of range") }
            cut = CapturedDatagram.Cut(length, try code("reason", as: GapReason.self))
        }
        return CapturedDatagram(
            local: try anyEndpoint("local"), remote: try anyEndpoint("remote"),
            direction: try code("direction", as: Direction.self), process: try optionalKey(), cut: cut)
    }

    private func secret() throws(Failure) -> TLSSecret {
        let connection = self["connection"] == nil ? nil : try number("connection")
        let process = try optionalKey()
        let label = try string("label")
        let random = self["client_random"] == nil ? nil : try hexadecimal("client_random")
        let bytes = try hexadecimal("secret")
        let secret = TLSSecret(
            label: label, clientRandom: random, secret: bytes, connection: connection.map { ConnectionID($0) },
            process: process)
        guard let secret else { throw Failure("no line of a key log has such a label, random or secret") }
        return secret
    }

    private func origin() throws(Failure) -> TapeOrigin {
        let id = try hexadecimal("id")
        guard id.count == 16, let high = id.span.bytes.big(UInt64.self, at: 0),
            let low = id.span.bytes.big(UInt64.self, at: 8)
        else { throw Failure("id has not 32 digits") }
        let promisesEnd = try optionalBoolean("promises_end") ?? false
        let writer = try string("writer")
        let version = try string("version")
        return TapeOrigin(
            id: TapeID(high: high, low: low), writer: writer, version: version, promisesEnd: promisesEnd,
            bringsSecrets: try optionalBoolean("brings_secrets") ?? false)
    }

    private func optionalKey() throws(Failure) -> ProcessKey? { self["pid"] == nil ? nil : try key() }

    private func optionalBoolean(_ name: StaticString) throws(Failure) -> Bool? {
        switch self[name] {
        case nil: return nil
        case .boolean(let value): return value
        default: throw Failure("\(name) is neither true nor false")
        }
    }

    /// The bytes that pairs of hexadecimal digits stand for.
    private func hexadecimal(_ name: StaticString) throws(Failure) -> [UInt8] {
        let digits = try bytes(name)
        guard let bytes = Hexadecimal.decode(digits.span.bytes) else { throw Failure("\(name) is no hexadecimal") }
        return bytes
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
            environment: try environment(), networkNamespace: try networkNamespace())
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
            subject: self["pid"] != nil ? .process(try key()) : .endpoint(try anyEndpoint("endpoint")),
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

/// Pairs of hexadecimal digits, as key logs have bytes (RFC 9850).
enum Hexadecimal {
    /// Appends each byte as two digits in lower case.
    static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x61 &+ value &- 10 }
        for byte in bytes {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 0xF))
        }
    }

    /// The bytes, or `nil` where the text has something else than pairs of digits, of either case.
    static func decode(_ text: RawSpan) -> [UInt8]? {
        guard text.byteCount % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.byteCount / 2)
        for at in stride(from: 0, to: text.byteCount, by: 2) {
            guard let high = digit(text.u8(at: at) ?? 0), let low = digit(text.u8(at: at &+ 1) ?? 0) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46, 0x61...0x66: (byte | 0x20) &- 0x61 &+ 10
        default: nil
        }
    }
}
