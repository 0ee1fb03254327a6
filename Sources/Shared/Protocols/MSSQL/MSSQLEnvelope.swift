/// TLS within TDS: its handshake travels in packets of type PRELOGIN; behind it records of TLS stand in the packets' place, around
/// all that is said, or around the login alone ([MS-TDS] 2.2.6.5, 3.2.5.1, 3.2.5.2).
struct MSSQLEnvelope {
    /// What is encrypted.
    enum Scope {
        /// All, as far as anybody knows.
        case all
        /// The login, of which nothing is read that its answer does not say: the layer would be taken for the connection's.
        case login
    }

    private(set) var scope = Scope.all
    /// The handshake has begun: what packets of its type hold is TLS's from then on.
    var hasBegun = false
    /// The layer of what is encrypted; `nil` where it is not read.
    var tls: InnerID?
    /// A side has sent records without packets around them: the handshake is over.
    var hasRecords = false
    /// Messages of the handshake, by side.
    var flights: InlineArray<2, Int> = [0, 0]
    /// Whatever the side says is TLS's: its records lie one behind the other, and where one begins is lost.
    var isAll: InlineArray<2, Bool> = [false, false]

    /// What a side says next needs no packets: it has said as much as it does in a handshake.
    func isOver(_ place: Int) -> Bool { hasRecords || flights[place] > 1 }

    /// - Parameter prelogin: the server's, which decides (2.2.6.5): ENCRYPT_OFF leaves the login to be encrypted, if anything is.
    mutating func agree(_ prelogin: RawSpan) {
        if Self.encryption(prelogin) == 0 { scope = .login }
    }

    /// The option ENCRYPTION: options are a token, an offset and a length each, and 0xFF ends them.
    private static func encryption(_ prelogin: RawSpan) -> UInt8? {
        var at = 0
        while let token = prelogin.u8(at: at), token != 0xFF {
            guard let offset = prelogin.big(UInt16.self, at: at &+ 1),
                let length = prelogin.big(UInt16.self, at: at &+ 3)
            else { return nil }
            if token == 1 { return length == 1 ? prelogin.u8(at: Int(offset)) : nil }
            at &+= 5
        }
        return nil
    }
}

extension MSSQLAnalyzer {
    /// How many of the next bytes of the side are TLS's; 0: the next are a packet's.
    func encloses(_ half: Half, _ bytes: RawSpan, _ side: Side, _ out: any Output) -> Int {
        if half.record > 0 { return half.record }
        guard half.type == 0x12, let left = half.left, left > 0 else { return 0 }
        if half.isEnvelope { return left }
        // A record of TLS with a handshake (RFC 8446, section 5.1); PRELOGIN begins with its first option, VERSION, which is 0.
        guard envelope.hasBegun || half.head.isEmpty && bytes.u8(at: 0) == 0x16 else { return 0 }
        half.isEnvelope = true
        if !envelope.hasBegun {
            envelope.hasBegun = true
            if envelope.scope == .all, let row = run.registry.id(named: "tls") { envelope.tls = out.open(.row(row)) }
        }
        return left
    }

    func deliver(_ bytes: RawSpan, _ side: Side, _ out: any Output) {
        if let tls = envelope.tls { out.deliver(bytes, side, lastMoment, to: tls) }
    }

    func begin(record size: Int, _ half: Half, _ side: Side, _ first: Timestamp) {
        envelope.hasRecords = true
        half.record = size
        half.size = UInt64(size)
        half.first = first
    }

    /// So many bytes of a record, or of a packet around some, are done with.
    func passed(_ count: Int, _ half: Half, _ side: Side, _ at: Arrival, _ out: any Output) {
        guard half.record > 0 else {
            half.left = (half.left ?? count) &- count
            guard half.left == 0 else { return }
            if half.isLastPacket { envelope.flights[Self.place(side)] &+= 1 }
            endPacket(half, side, at, out)
            return
        }
        half.record &-= count
        guard half.record == 0, side == .client, envelope.scope == .login, !goOnLogin(half.size, at.last) else {
            return
        }
        var operation = ServiceOperation()
        operation.system = "microsoft.sql_server"
        operation.requestBytes = half.size
        operation.requestFirst = half.first
        operation.requestLast = at.last
        operation.name = queue.store("connect")
        operation.isHousekeeping = true
        if isLost[1] { answerBegins = searched }
        var ask = Ask(session: half.session)
        ask.isLogin = true
        queue.append(operation, ask)
    }

    /// A login that has begun in TLS goes on, in its next record or in the clear.
    /// - Returns: whether there is one.
    func goOnLogin(_ size: UInt64, _ at: Timestamp) -> Bool {
        guard envelope.hasBegun, envelope.scope == .login,
            let place = queue.firstIndex(where: { $0.detail.isLogin })
        else { return false }
        queue.update(place) {
            $0.operation.requestBytes &+= size
            $0.operation.requestLast = at
        }
        return true
    }

    /// Bytes are missing of what TLS encloses.
    /// - Returns: `nil` where they are others.
    func gapInEnvelope(
        _ length: UInt64, _ half: Half, _ tail: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output
    ) -> Step? {
        let place = Self.place(side)
        if isLost[place] { return nil }
        let open = half.record > 0 ? half.record : half.isEnvelope ? half.left ?? 0 : 0
        if tail.isEmpty, open > 0, length <= UInt64(open), !envelope.isAll[place] {
            miss(length, side, out)
            passed(Int(length), half, side, at, out)
            return .took(0)
        }
        guard envelope.scope == .all, envelope.hasBegun, envelope.isOver(place) else { return nil }
        envelope.isAll[place] = true
        deliver(tail, side, out)
        miss(length, side, out)
        return .took(tail.byteCount)
    }

    private func miss(_ length: UInt64, _ side: Side, _ out: any Output) {
        if let tls = envelope.tls { out.gap(length, .packetLost, side, lastMoment, in: tls) }
    }
}
