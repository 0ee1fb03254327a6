/// What became of an exchange, as a number that the map counts: HTTP's status code, or what a protocol that HTTP carries has in
/// its place, which HTTP's say nothing of.
enum AnswerStatus {
    /// The answer came, and its status could not be read: it refers to what was not captured.
    static let unknown: UInt16 = 0
    /// HTTP's have three digits (RFC 9110, section 15).
    static let highestOfHTTP: UInt16 = 999
    /// Of a remote call that has no numbers of its own (JSON-RPC 2.0, section 5).
    static let succeeded: UInt16 = 2000
    static let failed: UInt16 = 2001

    /// Of an operation whose answer has errors, and HTTP's status for success: without data, and with some.
    static let operationFailed: UInt16 = 2002
    static let operationPartial: UInt16 = 2003

    private static let firstCode: UInt16 = 1000
    /// grpc/grpc: statuscodes.md.
    private static let codes: [StaticString] = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// Of a call's canonical code; one that nobody has given a name is to be taken for UNKNOWN.
    static func number(ofCode code: UInt64) -> UInt16 {
        code < UInt64(codes.count) ? firstCode &+ UInt16(code) : firstCode &+ 2
    }

    /// Of a call's canonical code by its name.
    static func number(ofCode name: RawSpan) -> UInt16? {
        codes.indices.first { name.isWordIgnoringCase(codes[$0], at: 0..<name.byteCount) }.map {
            firstCode &+ UInt16($0)
        }
    }

    /// The name of a call's code; `nil` for what is none.
    static func codeName(_ number: UInt16) -> StaticString? {
        let place = Int(number) &- Int(firstCode)
        return codes.indices.contains(place) ? codes[place] : nil
    }

    static func name(_ number: UInt16) -> String {
        switch number {
        case unknown: "unknown"
        case succeeded: "ok"
        case failed: "error"
        case operationFailed: "graphql_error"
        case operationPartial: "graphql_partial"
        default: codeName(number).map { "\($0)" } ?? "\(number)"
        }
    }

    /// RFC 9110, section 15.3.
    static func isSuccess(_ number: UInt16) -> Bool {
        200...299 ~= number || number == firstCode || number == succeeded || number == operationPartial
    }

    /// To the client who asked: RFC 9110, sections 15.5 and 15.6; every code of a call but OK.
    static func isError(_ number: UInt16) -> Bool {
        400...599 ~= number || number == failed || number == operationFailed
            || number > firstCode && codeName(number) != nil
    }
}
