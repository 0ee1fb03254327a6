/// A request, and what is known of its answer.
package struct Exchange {
    /// Unique in the run (`Output.numberExchange`): it joins the request's event with its answer's.
    package var number: UInt64
    /// From the verb to the end of the target, as the head has them, in the text of the exchanges.
    package var line: ByteRange
    package var verb: ByteRange
    package var target: ByteRange
    /// What the state knows verb, target and host by.
    var token: Token
    var requestFirstByte: Timestamp
    var requestLastByte: Timestamp
    var requestShape = ShapeID.empty
    var responseShape = ShapeID.empty
    /// Where the request begins in the client's stream: by it views of one exchange are known (`Views`).
    var position: UInt64
    /// All bytes of the request, and of the answer, were captured.
    var isRequestWhole = false
    var isAnswerWhole = false
    /// The request was read to its end.
    var isRequestComplete = false
    /// The final answer was read to its end.
    package var isAnswered = false

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

    /// Nothing of it is missing.
    var isWhole: Bool { isRequestComplete && isRequestWhole && isAnswered && isAnswerWhole }

    @inline(__always)
    mutating func moveText(by distance: Int) {
        line = line.moved(by: distance)
        verb = verb.moved(by: distance)
        target = target.moved(by: distance)
    }
}
