/// What both sides of a TLS connection have agreed on, and the keys that follow from that and from what was logged.
struct TLSSession {
    /// `nil`: no ClientHello was read.
    var random: SessionSecrets.ClientRandom?
    var serverRandom: [UInt8] = []
    /// `nil`: no ServerHello was read.
    var version: UInt16?
    var suite: TLSSuite?
    var isEncryptThenMAC = false
    var applicationProtocol: String?
    var offersEarlyData = false
    /// `nil`: the server has not said so yet.
    var acceptsEarlyData: Bool?
    /// The server has asked for another ClientHello: whatever else the client said before that is for nobody.
    var isRetried = false

    var isVersion13: Bool { version == 0x0304 }

    /// What opens the records of a direction.
    enum Key {
        case known(TLSRecordCipher, secret: [UInt8])
        /// The secret is not there, or not yet.
        case missing
        case unsupported
    }

    func key(_ side: Side, _ epoch: TLSDirection.Epoch, _ secrets: SessionSecrets) -> Key {
        guard let random, version != nil, suite?.protection != nil else { return .unsupported }
        guard let secret = secrets.secret(label(side, epoch), of: random) else { return .missing }
        return key(side, from: secret)
    }

    /// What the secret is called that a direction's key is made from.
    func label(_ side: Side, _ epoch: TLSDirection.Epoch) -> SessionSecrets.Label {
        guard isVersion13 else { return .master }
        return switch epoch {
        case .early: .clientEarly
        case .clear, .handshake: side == .client ? .clientHandshake : .serverHandshake
        case .application: side == .client ? .clientApplication : .serverApplication
        }
    }

    /// The key that a secret gives, if it is the session's.
    func key(_ side: Side, from secret: [UInt8]) -> Key {
        if isVersion13 { return key(from: secret) }
        guard let random, let version, let suite, let protection = suite.protection else { return .unsupported }
        return cipher(protection, keys(side, secret, random, version, suite, protection), version)
    }

    /// RFC 8446, section 7.3.
    func key(from secret: [UInt8]) -> Key {
        guard let suite, let protection = suite.protection, let version else { return .unsupported }
        let keys = TLSRecordCipher.Keys(
            key: suite.digest.expandLabel(secret, "key", protection.keyBytes),
            iv: suite.digest.expandLabel(secret, "iv", protection.ivBytes(version: version)))
        return cipher(protection, keys, version, secret: secret)
    }

    /// What a KeyUpdate makes of a secret: RFC 8446, section 7.2.
    func updated(_ secret: [UInt8]) -> [UInt8] {
        guard let suite else { return [] }
        return suite.digest.expandLabel(secret, "traffic upd", suite.digest.bytes)
    }

    private func cipher(
        _ protection: TLSSuite.Protection, _ keys: TLSRecordCipher.Keys, _ version: UInt16, secret: [UInt8] = []
    ) -> Key {
        let made = TLSRecordCipher(protection, keys, version: version, isEncryptThenMAC: isEncryptThenMAC)
        guard let made else { return .unsupported }
        return .known(made, secret: secret)
    }

    /// The key block of TLS 1.0 to 1.2, of which each side has its part: RFC 5246, section 6.3.
    private func keys(
        _ side: Side, _ master: [UInt8], _ random: SessionSecrets.ClientRandom, _ version: UInt16, _ suite: TLSSuite,
        _ protection: TLSSuite.Protection
    ) -> TLSRecordCipher.Keys {
        let macBytes = protection.macDigest?.bytes ?? 0
        let ivBytes = protection.ivBytes(version: version)
        let block = TLSDigest.pseudorandom(
            master, "key expansion", serverRandom + random.bytes, 2 &* (macBytes &+ protection.keyBytes &+ ivBytes),
            version >= 0x0303 ? suite.digest : nil)
        var place = 0
        func part(_ count: Int) -> [UInt8] {
            let start = place &+ (side == .client ? 0 : count)
            place &+= 2 &* count
            return Array(block[start..<start &+ count])
        }
        let mac = part(macBytes)
        let key = part(protection.keyBytes)
        return TLSRecordCipher.Keys(mac: mac, key: key, iv: part(ivBytes))
    }
}
