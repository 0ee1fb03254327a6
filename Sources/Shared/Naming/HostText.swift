/// What a Host field or a server name holds.
enum HostText {
    /// Whether the host is an address and no name: only digits and dots, or with a colon.
    static func isAddress(_ host: RawSpan) -> Bool {
        var onlyDigits = true
        for i in 0..<host.byteCount {
            guard let byte = host.u8(at: i) else { return false }
            if byte == 0x3A { return true }
            if !HTTPGrammar.isDigit(byte), byte != 0x2E { onlyDigits = false }
        }
        return onlyDigits
    }
}
