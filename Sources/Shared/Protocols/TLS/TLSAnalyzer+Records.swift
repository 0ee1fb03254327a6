/// How the records of a connection are opened.
extension TLSAnalyzer {
    /// Reads a record.
    /// - Returns: `false` where it has to wait.
    func read(_ record: RawSpan, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output) -> Bool {
        guard let type = record.u8(at: 0) else { return true }
        if direction.epoch == .clear { return readClear(record, type, direction, now, out) }
        // TLS 1.3 says it for those who know TLS 1.2 only: RFC 8446, section D.4.
        if type == TLSRecord.changeCipherSpec, session.isVersion13 { return true }
        // An alert that is sent before there are keys.
        if type == TLSRecord.alert, session.isVersion13, record.byteCount == TLSRecord.header &+ 2 { return true }
        if direction.epoch == .early {
            guard let accepts = session.acceptsEarlyData else { return false }
            if !accepts {
                direction.enter(.handshake)
                direction.isSkipping = true
            }
        }
        guard makeKey(direction, record, out) else { return direction.closed != nil }
        open(record, type, direction, now, out)
        return true
    }

    private func readClear(
        _ record: RawSpan, _ type: UInt8, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output
    ) -> Bool {
        switch type {
        case TLSRecord.handshake:
            readMessages(record.extracting(TLSRecord.header...), direction, now, out)
        case TLSRecord.changeCipherSpec: changeCipher(direction)
        case TLSRecord.application:
            // Early data: whether it counts the server will say; before another ClientHello it does not.
            return session.isRetried && direction.side == .client
        default: break
        }
        return true
    }

    private func changeCipher(_ direction: TLSDirection) {
        if session.version != nil, !session.isVersion13 { direction.enter(.application) }
    }

    /// - Parameter record: the first under the key.
    /// - Returns: whether the direction's key is there.
    private func makeKey(_ direction: TLSDirection, _ record: RawSpan, _ out: any Output) -> Bool {
        if direction.cipher != nil { return true }
        switch session.key(direction.side, direction.epoch, run.secrets) {
        case .known(let cipher, let secret):
            direction.cipher = cipher
            direction.secret = secret
            return true
        case .missing: return findKey(direction, record, out)
        case .unsupported:
            close(direction, .unsupported, out)
            return false
        }
    }

    /// Tries the secrets of which nobody has said the session.
    private func findKey(_ direction: TLSDirection, _ record: RawSpan, _ out: any Output) -> Bool {
        guard let random = session.random else { return false }
        var plain = UniqueBytes()
        run.buffers.lend(to: &plain)
        defer { run.buffers.take(from: &plain) }
        let isFound = out.findSecret(
            session.label(direction.side, direction.epoch), of: random, tried: &direction.tried
        ) { secret in
            guard case .known(let cipher, _) = session.key(direction.side, from: secret) else { return false }
            return Self.open(record, cipher, 0, &plain)
        }
        guard isFound, case .known(let cipher, let secret) = session.key(direction.side, direction.epoch, run.secrets)
        else { return false }
        direction.cipher = cipher
        direction.secret = secret
        mayGoOn = true
        return true
    }

    /// Whether the direction's records can be opened, from here on.
    func isOpen(_ direction: TLSDirection) -> Bool {
        if direction.cipher != nil { return true }
        guard session.version != nil else { return false }
        // What was lost may have told that the keys are used from there on.
        let epoch = direction.epoch == .clear ? TLSDirection.Epoch.application : direction.epoch
        guard case .known(let cipher, let secret) = session.key(direction.side, epoch, run.secrets) else {
            return false
        }
        direction.enter(epoch)
        direction.cipher = cipher
        direction.secret = secret
        return true
    }

    // MARK: Opening

    private func open(
        _ record: RawSpan, _ type: UInt8, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output
    ) {
        var plain = UniqueBytes()
        run.buffers.lend(to: &plain)
        if let cipher = direction.cipher, Self.open(record, cipher, direction.sequence, &plain) {
            direction.sequence &+= 1
            opened(type, plain.bytes, direction, now, out)
        } else if tryNext(record, direction, &plain) {
            opened(type, plain.bytes, direction, now, out)
        } else {
            failed(record, direction, out)
        }
        run.buffers.take(from: &plain)
    }

    @inline(__always)
    static func open(
        _ record: RawSpan, _ cipher: TLSRecordCipher, _ sequence: UInt64, _ plain: inout UniqueBytes
    ) -> Bool {
        var isRight = false
        plain.removeAll()
        plain.append(upTo: record.byteCount) { buffer in
            guard let count = cipher.open(record, sequence, into: buffer) else { return 0 }
            isRight = true
            return count
        }
        return isRight
    }

    /// TLS 1.3: what told of another key was not seen, or could not be read.
    func tryNext(_ record: RawSpan, _ direction: TLSDirection, _ plain: inout UniqueBytes) -> Bool {
        guard session.isVersion13 else { return false }
        let key: TLSSession.Key
        var epoch = TLSDirection.Epoch.application
        switch direction.epoch {
        case .clear: return false
        case .early:
            epoch = .handshake
            key = session.key(direction.side, epoch, run.secrets)
        case .handshake: key = session.key(direction.side, epoch, run.secrets)
        case .application: key = session.key(from: session.updated(direction.secret))
        }
        guard case .known(let cipher, let secret) = key, Self.open(record, cipher, 0, &plain) else { return false }
        direction.enter(epoch)
        direction.cipher = cipher
        direction.secret = secret
        direction.sequence = 1
        return true
    }

    private func failed(_ record: RawSpan, _ direction: TLSDirection, _ out: any Output) {
        guard !direction.isSkipping else { return }
        run.summary.tls.failed &+= 1
        direction.sequence &+= 1
        direction.cipher?.pass(record)
        direction.failures &+= 1
        if direction.failures >= Self.failureLimit { close(direction, .wrongSecret, out) }
    }

    /// A record that is not what was sent ends the connection; more of them say that the secret is another's.
    private static let failureLimit = 8

    private func opened(
        _ type: UInt8, _ plain: RawSpan, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output
    ) {
        run.summary.tls.records &+= 1
        direction.failures = 0
        direction.isSkipping = false
        var type = type
        var content = plain
        if session.isVersion13 {
            // The type is the last byte that is not zero: RFC 8446, section 5.2.
            var end = plain.byteCount
            while end > 0, plain.u8(at: end &- 1) == 0 { end &-= 1 }
            guard end > 0, let inner = plain.u8(at: end &- 1) else { return }
            type = inner
            content = plain.extracting(first: end &- 1)
        }
        switch type {
        case TLSRecord.handshake: readMessages(content, direction, now, out)
        case TLSRecord.application: deliver(content, direction.side, now, out)
        case TLSRecord.changeCipherSpec: changeCipher(direction)
        default: break
        }
    }

    // MARK: Handshake messages

    /// Certificates with all that certifies them have some kilobytes.
    private static let messageLimit = 256 << 10

    private func readMessages(_ bytes: RawSpan, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output) {
        var input = UniqueBytes()
        swap(&input, &direction.message)
        input.append(bytes)
        var used = 0
        while let head = input.bytes.big(UInt32.self, at: used) {
            let length = TLSHandshake.header &+ Int(head & 0xFF_FFFF)
            guard length <= Self.messageLimit else {
                close(direction, .handshakeLost, out)
                return
            }
            guard used &+ length <= input.count else { break }
            let message = input.bytes.extracting(used..<used &+ length)
            readMessage(UInt8(truncatingIfNeeded: head &>> 24), message, direction, now, out)
            used &+= length
        }
        guard direction.closed == nil else { return }
        input.removeFirst(used)
        if input.isEmpty { input.removeAll(keepingAtMost: 0) }
        swap(&input, &direction.message)
    }

    private func readMessage(
        _ type: UInt8, _ message: RawSpan, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output
    ) {
        switch (type, direction.side) {
        case (TLSHandshake.clientHello, .client):
            guard let hello = TLSHandshake.ClientHello(message) else { return }
            session.random = hello.random
            session.offersEarlyData = hello.offersEarlyData
        case (TLSHandshake.serverHello, .server):
            if let hello = TLSHandshake.ServerHello(message) { agree(hello, now, out) }
        case (TLSHandshake.encryptedExtensions, .server):
            let extensions = TLSHandshake.EncryptedExtensions(message)
            session.applicationProtocol = extensions.applicationProtocol
            session.acceptsEarlyData = extensions.acceptsEarlyData
            facts.chosenProtocol = extensions.applicationProtocol ?? facts.chosenProtocol
            learn(now, out)
            mayGoOn = true
        case (TLSHandshake.serverKeyExchange, .server), (TLSHandshake.serverHelloDone, .server):
            isPastCertificate = true
        case (TLSHandshake.certificate, .server):
            isPastCertificate = true
            guard let version = session.version else { return }
            TLSHandshake.readCertificate(message, version: version, into: &facts)
            learn(now, out)
        case (TLSHandshake.endOfEarlyData, .client):
            if session.isVersion13 { direction.enter(.handshake) }
        case (TLSHandshake.finished, _):
            if session.isVersion13, direction.epoch == .handshake { direction.enter(.application) }
        case (TLSHandshake.keyUpdate, _):
            guard session.isVersion13, direction.epoch == .application,
                case .known(let cipher, let secret) = session.key(from: session.updated(direction.secret))
            else { return }
            direction.enter(.application)
            direction.cipher = cipher
            direction.secret = secret
        default: break
        }
    }

    private func agree(_ hello: TLSHandshake.ServerHello, _ now: Timestamp, _ out: any Output) {
        mayGoOn = true
        guard !hello.isRetry else {
            session.isRetried = true
            return
        }
        session.isRetried = false
        session.version = hello.version
        session.suite = TLSSuite(hello.suite)
        session.serverRandom = hello.random
        session.isEncryptThenMAC = hello.isEncryptThenMAC
        session.applicationProtocol = hello.applicationProtocol ?? session.applicationProtocol
        let (client, server) = (direction(.client), direction(.server))
        guard session.random != nil else {
            close(client, .handshakeLost, out)
            return close(server, .handshakeLost, out)
        }
        guard 0x0301...0x0304 ~= hello.version, session.suite?.protection != nil, !hello.isCompressed else {
            close(client, .unsupported, out)
            return close(server, .unsupported, out)
        }
        if session.isVersion13 {
            server.enter(.handshake)
            client.enter(session.offersEarlyData ? .early : .handshake)
        }
    }
}
