/// A request, and what is known of its answer.
package struct Exchange: Sendable {
    /// Unique in the run (`Output.numberExchange`): it joins the request's event with its answer's.
    package var number: UInt64
    /// From the verb to the end of the target, as the head has them, in the text of the exchanges.
    package var line: ByteRange
    package var verb: ByteRange
    package var target: ByteRange
    /// What the content calls itself, where it does: of many things that are said under one target each has its own.
    var kind = ByteRange.empty
    /// What the state knows verb, target and host by.
    var token: Token
    var requestFirstByte: Timestamp
    var requestLastByte: Timestamp
    /// Of the request on the wire, with what is missing of it.
    var requestBytes: UInt64 = 0
    /// Of the final answer; 0 where it has none.
    var status: UInt16 = 0
    var answerFirstByte = Timestamp(nanoseconds: 0)
    var answerLastByte = Timestamp(nanoseconds: 0)
    var answerBytes: UInt64 = 0
    /// The answer lasts as long as somebody listens, or the connection serves something else from there on: how long that
    /// was is no latency.
    var isWaiting = false
    /// The answer's end was seen.
    var isAnswerComplete = false
    var requestShape = ShapeID.empty
    var responseShape = ShapeID.empty
    /// Where the request begins in the client's stream: by it views of one exchange are known (`Views`).
    var position: UInt64
    /// What is talked, where that is more than the connection's protocol.
    var row = ProtocolID.none
    /// All bytes of the request, and of the answer, were captured.
    var isRequestWhole = false
    var isAnswerWhole = false
    /// The request was read to its end.
    var isRequestComplete = false
    /// The final answer was read to its end.
    package var isAnswered = false
    /// Its answer came later than the client wanted to wait.
    var isPastDeadline = false
    /// It only asks whether a service is there, or what it can: counted, and not told of unless asked for.
    var isHousekeeping = false
    /// It is one message, which asks for no answer.
    var isOneWay = false

    package init(
        number: UInt64, line: ByteRange, verb: ByteRange, target: ByteRange, token: Token,
        requestFirstByte: Timestamp, requestLastByte: Timestamp, position: UInt64 = 0
    ) {
        self.number = number
        self.line = line
        self.verb = verb
        self.target = target
        self.token = token
        self.requestFirstByte = requestFirstByte
        self.requestLastByte = requestLastByte
        self.position = position
    }

    /// What the request acts on is not known.
    var isTargetUnknown: Bool { target.isEmpty && line.count == verb.count }

    /// Nothing of it is missing.
    var isWhole: Bool { isRequestComplete && isRequestWhole && isAnswered && isAnswerWhole }

    /// The final answer was read.
    @inline(__always)
    mutating func answer(with message: borrowing Message) {
        responseShape = message.shape
        isAnswerWhole = message.isWhole
        isAnswerComplete = message.isFinished
        status = message.head.status
        answerFirstByte = message.firstByte
        answerLastByte = message.lastByte
        answerBytes = message.wireBytes
        isWaiting = message.isWaiting
    }

    @inline(__always)
    mutating func moveText(by distance: Int) {
        line = line.moved(by: distance)
        verb = verb.moved(by: distance)
        target = target.moved(by: distance)
        kind = kind.moved(by: distance)
    }
}
