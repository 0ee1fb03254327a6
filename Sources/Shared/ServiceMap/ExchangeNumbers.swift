/// What one exchange adds to the numbers of its endpoint.
struct ExchangeMeasures: Equatable, Sendable {
    /// `nil`: no answer came.
    var status: UInt16?
    var requestBytes: UInt64 = 0
    var responseBytes: UInt64 = 0
    /// Nanoseconds from the request's first byte to the answer's last; `nil` where one of them was not seen.
    var total: Int64?
    /// Nanoseconds from the request's last byte to the answer's first: what the server took.
    var server: Int64?
    /// How long it took says how long somebody listened.
    var isWaiting = false
    /// No answer was asked for.
    var isOneWay = false
    var isPastDeadline = false
}

extension ExchangeMeasures {
    init(_ exchange: Exchange) {
        requestBytes = exchange.requestBytes
        isOneWay = exchange.isOneWay
        isPastDeadline = exchange.isPastDeadline
        if isOneWay { responseBytes = exchange.answerBytes }
        guard exchange.isAnswered else { return }
        status = exchange.status
        responseBytes = exchange.answerBytes
        isWaiting = exchange.isWaiting
        if exchange.isAnswerComplete { total = exchange.answerLastByte.since(exchange.requestFirstByte) }
        if exchange.isRequestComplete { server = exchange.answerFirstByte.since(exchange.requestLastByte) }
    }
}

/// The numbers of an endpoint: what became of its exchanges, how large and how slow they were.
///
/// Any two can be added, in any order, and no value of any message is in them.
struct ExchangeNumbers: Equatable, Sendable {
    /// Answers by their status code.
    private(set) var status = SparseCounts()
    private(set) var requestBytes: UInt64 = 0
    private(set) var responseBytes: UInt64 = 0
    /// Of those that do not wait.
    private(set) var total = LatencyHistogram()
    private(set) var server = LatencyHistogram()
    /// One or none: in an array it is changed in place, and takes a word of those that have none.
    private var seldom: [Seldom] = []

    /// What few endpoints have.
    private struct Seldom: Equatable, Sendable {
        var waiting = LatencyHistogram()
        var oneWay: UInt64 = 0
        var pastDeadline: UInt64 = 0
    }

    init() {}

    /// How long it took where somebody listened.
    var waiting: LatencyHistogram { seldom.first?.waiting ?? LatencyHistogram() }
    /// Messages that asked for no answer.
    var oneWay: UInt64 { seldom.first?.oneWay ?? 0 }
    /// Answers that came later than the client wanted to wait.
    var pastDeadline: UInt64 { seldom.first?.pastDeadline ?? 0 }

    private mutating func updateSeldom(_ change: (inout Seldom) -> Void) {
        if seldom.isEmpty { seldom.append(Seldom()) }
        change(&seldom[0])
    }

    @inline(__always)
    mutating func record(_ measures: ExchangeMeasures) {
        requestBytes &+= measures.requestBytes
        responseBytes &+= measures.responseBytes
        if measures.isOneWay { updateSeldom { $0.oneWay &+= 1 } }
        if measures.isPastDeadline { updateSeldom { $0.pastDeadline &+= 1 } }
        guard let status = measures.status else { return }
        self.status.count(status)
        if let server = measures.server { self.server.record(server) }
        guard let total = measures.total else { return }
        if measures.isWaiting { updateSeldom { $0.waiting.record(total) } } else { self.total.record(total) }
    }

    mutating func merge(_ other: ExchangeNumbers) {
        status.merge(other.status)
        requestBytes &+= other.requestBytes
        responseBytes &+= other.responseBytes
        total.merge(other.total)
        server.merge(other.server)
        guard let others = other.seldom.first else { return }
        updateSeldom {
            $0.waiting.merge(others.waiting)
            $0.oneWay &+= others.oneWay
            $0.pastDeadline &+= others.pastDeadline
        }
    }

    /// One of them was answered with success (RFC 9110, section 15.3).
    var succeeded: Bool { status.reduce(false) { known, number, _ in known || AnswerStatus.isSuccess(number) } }

    /// How many were answered.
    var answered: UInt64 { status.total }

    /// How many were not, and should have been.
    func unanswered(of count: UInt64) -> UInt64 { count &- Swift.min(count, answered &+ oneWay) }

    /// Answers that are an error to the client who asked: its own, and the server's.
    var errors: UInt64 { status.reduce(0) { AnswerStatus.isError($1) ? $0 + $2 : $0 } }
}

extension ExchangeNumbers {
    func write(_ state: inout StateWriter) {
        status.write(&state)
        state.number(requestBytes)
        state.number(responseBytes)
        total.write(&state)
        server.write(&state)
        waiting.write(&state)
        state.number(oneWay)
        state.number(pastDeadline)
    }

    init(_ state: inout StateReader) throws(StateFault) {
        status = try SparseCounts(&state)
        requestBytes = try state.number()
        responseBytes = try state.number()
        total = try LatencyHistogram(&state)
        server = try LatencyHistogram(&state)
        let seldom = Seldom(
            waiting: try LatencyHistogram(&state), oneWay: try state.number(), pastDeadline: try state.number())
        if seldom != Seldom() { self.seldom = [seldom] }
    }
}
