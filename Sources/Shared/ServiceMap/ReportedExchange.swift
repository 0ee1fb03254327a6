/// One exchange or operation, as a report shows it.
struct ReportedExchange<Subject: Sendable, Target: Sendable>: Sendable {
    var subject: Subject
    var moment: Timestamp
    /// Nanoseconds from the first byte of what was asked to the last of the answer.
    var total: Int64?
    /// As people call it.
    var status: String
    var isError: Bool
    var requestBytes: UInt64
    var responseBytes: UInt64
    var target: Target
    /// The connection's number in the event log.
    var connection: UInt64

    /// The same, of what is called so.
    func of<Named, Text>(_ subject: Named, target: Text) -> ReportedExchange<Named, Text> {
        ReportedExchange<Named, Text>(
            subject: subject, moment: moment, total: total, status: status, isError: isError,
            requestBytes: requestBytes, responseBytes: responseBytes, target: target, connection: connection)
    }
}

extension ReportedExchange: Equatable where Subject: Equatable, Target: Equatable {}
