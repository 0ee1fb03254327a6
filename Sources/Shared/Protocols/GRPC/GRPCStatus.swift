/// How a call ended (grpc/grpc: statuscodes.md).
enum GRPCStatus {
    private static let names: [StaticString] = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// A code that nobody has given a name is to be taken for UNKNOWN.
    static func name(_ code: RawSpan) -> StaticString {
        guard let number = HTTPGrammar.decimal(code, 0..<code.byteCount), number < UInt64(names.count) else {
            return "UNKNOWN"
        }
        return names[Int(number)]
    }

    /// What an answer without a status of its own means (grpc/grpc: http-grpc-status-mapping.md).
    static func name(ofHTTP status: UInt16) -> StaticString {
        switch status {
        case 400: "INTERNAL"
        case 401: "UNAUTHENTICATED"
        case 403: "PERMISSION_DENIED"
        case 404: "UNIMPLEMENTED"
        case 429, 502, 503, 504: "UNAVAILABLE"
        default: "UNKNOWN"
        }
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
