/// How a call ended (grpc/grpc: statuscodes.md).
enum GRPCStatus {
    /// A code that nobody has given a name is to be taken for UNKNOWN.
    static func number(_ code: RawSpan) -> UInt16 {
        AnswerStatus.number(ofCode: HTTPGrammar.decimal(code, 0..<code.byteCount) ?? 2)
    }

    /// What an answer without a status of its own means (grpc/grpc: http-grpc-status-mapping.md).
    static func number(ofHTTP status: UInt16) -> UInt16 {
        let code: UInt64 =
            switch status {
            case 400: 13
            case 401: 16
            case 403: 7
            case 404: 12
            case 429, 502, 503, 504: 14
            default: 2
            }
        return AnswerStatus.number(ofCode: code)
    }
}

/// How long a client waits at the most (PROTOCOL-HTTP2.md: Timeout): up to eight digits and a unit.
enum GRPCTimeout {
    static func nanoseconds(_ text: RawSpan) -> Int64? {
        guard 2...9 ~= text.byteCount, let unit = text.u8(at: text.byteCount &- 1),
            let number = HTTPGrammar.decimal(text, 0..<text.byteCount &- 1)
        else { return nil }
        let scale: Int64
        switch unit {
        case UInt8(ascii: "H"): scale = 3_600_000_000_000
        case UInt8(ascii: "M"): scale = 60_000_000_000
        case UInt8(ascii: "S"): scale = 1_000_000_000
        case UInt8(ascii: "m"): scale = 1_000_000
        case UInt8(ascii: "u"): scale = 1000
        case UInt8(ascii: "n"): scale = 1
        default: return nil
        }
        let product = Int64(clamping: number).multipliedReportingOverflow(by: scale)
        return product.overflow ? nil : product.partialValue
    }
}
