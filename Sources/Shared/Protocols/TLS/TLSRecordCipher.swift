private import CCrypto

/// Opens the records of one direction under one key.
///
/// libcrypto does the work; its context is made once for a key, so that a record costs no more than its bytes and some 300 ns.
final class TLSRecordCipher {
    private let protection: TLSSuite.Protection
    private let version: UInt16
    private let isEncryptThenMAC: Bool
    private let macKey: [UInt8]
    private let key: [UInt8]
    /// AEAD: the fixed part of the nonce; CBC up to TLS 1.0: the last block of the record before.
    private var iv: [UInt8]
    private let context: OpaquePointer?
    /// HMAC with its digest; `nil` for AEAD.
    private let mac: OpaquePointer?
    /// Nonce, additional data and MAC of a record: 16 + 16 + 64 bytes.
    private let scratch = UnsafeMutablePointer<UInt8>.allocate(capacity: 96)

    /// What the keys of one direction are: RFC 5246, section 6.3; RFC 8446, section 7.3.
    struct Keys {
        var mac: [UInt8] = []
        var key: [UInt8]
        var iv: [UInt8]
    }

    /// - Returns: `nil` where libcrypto does not know the cipher.
    init?(_ protection: TLSSuite.Protection, _ keys: Keys, version: UInt16, isEncryptThenMAC: Bool) {
        self.protection = protection
        self.version = version
        self.isEncryptThenMAC = isEncryptThenMAC
        macKey = keys.mac
        key = keys.key
        iv = keys.iv
        mac = Self.mac(protection.mode)
        context = Self.context(protection, keys)
        let needsMAC = protection.macDigest != nil
        if needsMAC && mac == nil || protection.cipher != .none && context == nil { return nil }
    }

    deinit {
        EVP_CIPHER_CTX_free(context)
        EVP_MAC_CTX_free(mac)
        scratch.deallocate()
    }

    private static func mac(_ mode: TLSSuite.Mode) -> OpaquePointer? {
        let digest: TLSDigest
        switch mode {
        case .cbc(let mac), .mac(let mac): digest = mac
        case .gcm, .ccm, .poly1305: return nil
        }
        guard let method = EVP_MAC_fetch(nil, "HMAC", nil) else { return nil }
        defer { EVP_MAC_free(method) }
        guard let context = EVP_MAC_CTX_new(method) else { return nil }
        var name = "\(digest.name)".utf8CString
        let isSet = name.withUnsafeMutableBufferPointer { name in
            let parameters = [
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.baseAddress, 0),
                OSSL_PARAM_construct_end(),
            ]
            return EVP_MAC_CTX_set_params(context, parameters) > 0
        }
        guard isSet else {
            EVP_MAC_CTX_free(context)
            return nil
        }
        return context
    }

    private static func context(_ protection: TLSSuite.Protection, _ keys: Keys) -> OpaquePointer? {
        guard let method = method(protection), let context = EVP_CIPHER_CTX_new() else { return nil }
        guard EVP_DecryptInit_ex(context, method, nil, nil, nil) > 0 else {
            EVP_CIPHER_CTX_free(context)
            return nil
        }
        switch protection.mode {
        case .gcm, .poly1305: EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 12, nil)
        case .ccm(let tag):
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 12, nil)
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag), nil)
        case .cbc: EVP_CIPHER_CTX_set_padding(context, 0)
        case .mac: break
        }
        guard keys.key.count == Int(EVP_CIPHER_CTX_get_key_length(context)),
            EVP_DecryptInit_ex(context, nil, nil, keys.key, nil) > 0
        else {
            EVP_CIPHER_CTX_free(context)
            return nil
        }
        return context
    }

    private static func method(_ protection: TLSSuite.Protection) -> OpaquePointer? {
        let isLong = protection.keyBytes == 32
        return switch (protection.cipher, protection.mode) {
        case (.aes, .gcm): isLong ? EVP_aes_256_gcm() : EVP_aes_128_gcm()
        case (.aes, .ccm): isLong ? EVP_aes_256_ccm() : EVP_aes_128_ccm()
        case (.aes, .cbc): isLong ? EVP_aes_256_cbc() : EVP_aes_128_cbc()
        case (.aria, .gcm): isLong ? EVP_aria_256_gcm() : EVP_aria_128_gcm()
        case (.camellia, .cbc): isLong ? EVP_camellia_256_cbc() : EVP_camellia_128_cbc()
        case (.chaCha20, .poly1305): EVP_chacha20_poly1305()
        case (.tripleDES, .cbc): EVP_des_ede3_cbc()
        default: nil
        }
    }

    // MARK: Records

    /// Opens a record.
    /// - Parameters:
    ///   - record: with its header; all of it.
    ///   - sequence: its number under this key.
    ///   - plain: gets what is in it, for which it has room: as many bytes as the record has.
    /// - Returns: how many bytes are in it; `nil` where they are not what this key, and this number, has protected.
    func open(_ record: RawSpan, _ sequence: UInt64, into plain: UnsafeMutableRawBufferPointer) -> Int? {
        record.withUnsafeBytes { record in
            guard let base = record.bindMemory(to: UInt8.self).baseAddress, record.count > TLSRecord.header,
                let plain = plain.bindMemory(to: UInt8.self).baseAddress
            else { return nil }
            let payload = base + TLSRecord.header
            let count = record.count &- TLSRecord.header
            return switch protection.mode {
            case .gcm, .ccm, .poly1305: openAEAD(base, payload, count, sequence, plain)
            case .cbc(let digest): openCBC(base, payload, count, sequence, digest, plain)
            case .mac(let digest): openPlain(base, payload, count, sequence, digest, plain)
            }
        }
    }

    private typealias Bytes = UnsafePointer<UInt8>

    /// Up to TLS 1.2 the nonce's last eight bytes stand before the ciphertext (RFC 5288, section 3; RFC 6655, section 3),
    /// but with ChaCha20 (RFC 7905, section 2) and in TLS 1.3 (RFC 8446, section 5.3).
    var explicitNonce: Int {
        guard protection.macDigest == nil else { return 0 }
        return version >= 0x0304 || protection.mode == .poly1305 ? 0 : 8
    }

    private func openAEAD(
        _ header: Bytes, _ payload: Bytes, _ count: Int, _ sequence: UInt64, _ plain: UnsafeMutablePointer<UInt8>
    ) -> Int? {
        let tag = protection.tagBytes
        let length = count &- explicitNonce &- tag
        guard length >= 0, let context else { return nil }
        let nonce = scratch
        let data = scratch + 16
        setNonce(nonce, payload, sequence)
        let dataBytes = additionalData(data, header, sequence, length)
        let ciphertext = payload + explicitNonce
        let tagPlace = UnsafeMutableRawPointer(mutating: ciphertext + length)
        var written: Int32 = 0
        var last: Int32 = 0
        if case .ccm = protection.mode {
            // CCM wants the tag and the length first, and says at once whether they agree.
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag), tagPlace) > 0,
                EVP_DecryptInit_ex(context, nil, nil, nil, nonce) > 0,
                EVP_DecryptUpdate(context, nil, &written, nil, Int32(length)) > 0,
                EVP_DecryptUpdate(context, nil, &written, data, dataBytes) > 0,
                EVP_DecryptUpdate(context, plain, &written, ciphertext, Int32(length)) > 0
            else { return nil }
            return length
        }
        guard EVP_DecryptInit_ex(context, nil, nil, nil, nonce) > 0,
            EVP_DecryptUpdate(context, nil, &written, data, dataBytes) > 0,
            EVP_DecryptUpdate(context, plain, &written, ciphertext, Int32(length)) > 0,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag), tagPlace) > 0,
            EVP_DecryptFinal_ex(context, plain + length, &last) > 0
        else { return nil }
        return length
    }

    /// - Parameter payload: where the record's own part of it stands, if it has one.
    private func setNonce(_ nonce: UnsafeMutablePointer<UInt8>, _ payload: Bytes?, _ sequence: UInt64) {
        for place in 0..<12 { nonce[place] = place < iv.count ? iv[place] : 0 }
        if explicitNonce > 0, let payload {
            for place in 0..<8 { nonce[4 &+ place] = payload[place] }
        } else {
            for place in 0..<8 {
                nonce[4 &+ place] ^= UInt8(truncatingIfNeeded: sequence &>> UInt64(56 &- 8 &* place))
            }
        }
    }

    /// TLS 1.3: the record's header (RFC 8446, section 5.2); before that its number, type, version and length without
    /// what protection adds (RFC 5246, section 6.2.3.3).
    private func additionalData(
        _ data: UnsafeMutablePointer<UInt8>, _ header: Bytes, _ sequence: UInt64, _ length: Int
    ) -> Int32 {
        if version >= 0x0304 {
            for place in 0..<TLSRecord.header { data[place] = header[place] }
            return Int32(TLSRecord.header)
        }
        for place in 0..<8 { data[place] = UInt8(truncatingIfNeeded: sequence &>> UInt64(56 &- 8 &* place)) }
        for place in 0..<3 { data[8 &+ place] = header[place] }
        data[11] = UInt8(truncatingIfNeeded: length &>> 8)
        data[12] = UInt8(truncatingIfNeeded: length)
        return 13
    }

    // MARK: CBC

    /// MAC, then padding, then encryption (RFC 5246, section 6.2.3.2), or padding, encryption, MAC (RFC 7366, section 3).
    private func openCBC(
        _ header: Bytes, _ payload: Bytes, _ count: Int, _ sequence: UInt64, _ digest: TLSDigest,
        _ plain: UnsafeMutablePointer<UInt8>
    ) -> Int? {
        let block = protection.blockBytes
        let explicit = version >= 0x0302 ? block : 0
        var end = count
        if isEncryptThenMAC { end &-= digest.bytes }
        let length = end &- explicit
        guard length > 0, length % block == 0, let context else { return nil }
        if isEncryptThenMAC,
            !isAuthentic(header, sequence, length: end, payload, end, payload + end, digest)
        {
            return nil
        }
        var written: Int32 = 0
        let isDecrypted: Bool
        if explicit > 0 {
            isDecrypted = EVP_DecryptInit_ex(context, nil, nil, nil, payload) > 0
        } else {
            isDecrypted = EVP_DecryptInit_ex(context, nil, nil, nil, iv) > 0
        }
        guard isDecrypted,
            EVP_DecryptUpdate(context, plain, &written, payload + explicit, Int32(length)) > 0
        else { return nil }
        let padding = Int(plain[length &- 1])
        guard padding < length else { return nil }
        for place in length &- 1 &- padding..<length where Int(plain[place]) != padding { return nil }
        let content = length &- 1 &- padding &- (isEncryptThenMAC ? 0 : digest.bytes)
        guard content >= 0 else { return nil }
        if !isEncryptThenMAC,
            !isAuthentic(header, sequence, length: content, plain, content, plain + content, digest)
        {
            return nil
        }
        if explicit == 0 { remember(payload, end) }
        return content
    }

    /// Up to TLS 1.0 a record's last block begins the next (RFC 2246, section 6.2.3.2).
    private func remember(_ payload: Bytes, _ end: Int) {
        let block = protection.blockBytes
        for place in 0..<block where place < iv.count && end >= block { iv[place] = payload[end &- block &+ place] }
    }

    /// A record that could not be opened, since what came before it is missing, tells how the next begins.
    func pass(_ record: RawSpan) {
        guard case .cbc(let digest) = protection.mode, version < 0x0302 else { return }
        record.withUnsafeBytes { record in
            guard let base = record.bindMemory(to: UInt8.self).baseAddress, record.count > TLSRecord.header else {
                return
            }
            remember(
                base + TLSRecord.header, record.count &- TLSRecord.header &- (isEncryptThenMAC ? digest.bytes : 0))
        }
    }

    private func openPlain(
        _ header: Bytes, _ payload: Bytes, _ count: Int, _ sequence: UInt64, _ digest: TLSDigest,
        _ plain: UnsafeMutablePointer<UInt8>
    ) -> Int? {
        let length = count &- digest.bytes
        guard length >= 0, isAuthentic(header, sequence, length: length, payload, length, payload + length, digest)
        else { return nil }
        plain.update(from: payload, count: length)
        return length
    }

    private func isAuthentic(
        _ header: Bytes, _ sequence: UInt64, length: Int, _ bytes: Bytes, _ count: Int, _ expected: Bytes,
        _ digest: TLSDigest
    ) -> Bool {
        let data = scratch + 16
        let found = scratch + 32
        let dataBytes = additionalData(data, header, sequence, length)
        var written = 0
        guard EVP_MAC_init(mac, macKey, macKey.count, nil) > 0, EVP_MAC_update(mac, data, Int(dataBytes)) > 0,
            EVP_MAC_update(mac, bytes, count) > 0, EVP_MAC_final(mac, found, &written, 64) > 0,
            written == digest.bytes
        else { return false }
        for place in 0..<written where found[place] != expected[place] { return false }
        return true
    }

    // MARK: Records that are cut

    /// How many bytes protection adds to those that are in a record, with its header; `nil` where that differs from one to the
    /// next, since there is padding.
    var overhead: Int? {
        switch protection.mode {
        case .gcm, .ccm, .poly1305:
            TLSRecord.header &+ explicitNonce &+ protection.tagBytes &+ (version >= 0x0304 ? 1 : 0)
        case .mac(let digest): TLSRecord.header &+ digest.bytes
        case .cbc: nil
        }
    }

    /// Decrypts a part of what a record carries, of which other parts are missing: nothing proves that it is what was sent.
    ///
    /// GCM, CCM and ChaCha20 combine bytes with a stream that is made of key, nonce and place: counting begins with 2 in GCM
    /// (NIST SP 800-38D, section 7.1), with 1 in CCM, in the three bytes behind a nonce of twelve (RFC 3610, section 2.3), and with
    /// 1 in ChaCha20-Poly1305 (RFC 8439, section 2.8).
    /// - Parameters:
    ///   - nonce: what of it stands in the record.
    ///   - offset: where in what it carries the part begins.
    /// - Returns: how many bytes that gave: all, or none.
    func openUnverified(
        _ part: RawSpan, nonce: [UInt8], _ sequence: UInt64, from offset: Int,
        into plain: UnsafeMutableRawBufferPointer
    ) -> Int {
        part.withUnsafeBytes { part in
            guard let bytes = part.bindMemory(to: UInt8.self).baseAddress,
                let plain = plain.bindMemory(to: UInt8.self).baseAddress
            else { return 0 }
            if case .mac = protection.mode {
                plain.update(from: bytes, count: part.count)
                return part.count
            }
            guard nonce.count >= explicitNonce, let (method, block) = streamMethod, let stream = EVP_CIPHER_CTX_new()
            else { return 0 }
            defer { EVP_CIPHER_CTX_free(stream) }
            let counter = offset / block
            nonce.withUnsafeBufferPointer { nonce in
                switch protection.mode {
                case .gcm:
                    setNonce(scratch, nonce.baseAddress, sequence)
                    setCounter(scratch, 12..<16, counter &+ 2)
                case .ccm:
                    setNonce(scratch + 1, nonce.baseAddress, sequence)
                    scratch[0] = 2
                    setCounter(scratch, 13..<16, counter &+ 1)
                default:
                    setNonce(scratch + 4, nonce.baseAddress, sequence)
                    for place in 0..<4 {
                        scratch[place] = UInt8(truncatingIfNeeded: (counter &+ 1) &>> (8 &* place))
                    }
                }
            }
            var written: Int32 = 0
            let passed = offset % block
            guard EVP_DecryptInit_ex(stream, method, nil, key, scratch) > 0,
                EVP_DecryptUpdate(stream, scratch + 16, &written, scratch + 16, Int32(passed)) > 0,
                EVP_DecryptUpdate(stream, plain, &written, bytes, Int32(part.count)) > 0
            else { return 0 }
            return Int(written)
        }
    }

    private func setCounter(_ block: UnsafeMutablePointer<UInt8>, _ places: Range<Int>, _ counter: Int) {
        for place in places {
            block[place] = UInt8(truncatingIfNeeded: counter &>> (8 &* (places.upperBound &- 1 &- place)))
        }
    }

    /// The cipher without the tag, and the bytes that it counts by.
    private var streamMethod: (method: OpaquePointer?, block: Int)? {
        let isLong = protection.keyBytes == 32
        return switch protection.cipher {
        case .aes: (isLong ? EVP_aes_256_ctr() : EVP_aes_128_ctr(), 16)
        case .aria: (isLong ? EVP_aria_256_ctr() : EVP_aria_128_ctr(), 16)
        case .chaCha20: (EVP_chacha20(), 64)
        case .camellia, .tripleDES, .none: nil
        }
    }
}

extension TLSSuite.Protection {
    /// Of AEAD.
    var tagBytes: Int {
        if case .ccm(let tag) = mode { tag } else { 16 }
    }

    /// Of CBC.
    var blockBytes: Int { cipher == .tripleDES ? 8 : 16 }

    var macDigest: TLSDigest? {
        switch mode {
        case .cbc(let digest), .mac(let digest): digest
        case .gcm, .ccm, .poly1305: nil
        }
    }

    /// Of the part of the key block that makes nonces or first blocks: RFC 5246, section 6.3; RFC 5288, section 3; RFC 7905,
    /// section 2.
    func ivBytes(version: UInt16) -> Int {
        switch mode {
        case .gcm, .ccm: version >= 0x0304 ? 12 : 4
        case .poly1305: 12
        case .cbc: version >= 0x0302 ? 0 : blockBytes
        case .mac: 0
        }
    }
}
