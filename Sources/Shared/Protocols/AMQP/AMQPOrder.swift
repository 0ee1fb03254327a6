/// Which synchronous method an answer is of: the first of its channel, while nothing is missing (AMQP 0-9-1, 2.2.2).
///
/// After a loss only an answer that names what was asked is paired: a queue or a consumer. The others are again when `OrderProof` knows
/// that all before are answered, or when one that names what it answers was asked behind the last of what is missing.
struct AMQPOrder {
    private var proof: OrderProof
    /// Methods may be missing, of either side.
    private(set) var isDoubtful: Bool
    /// Answers are, perhaps to those that wait.
    private var answersWereLost = false
    /// Of those that wait, so many were asked before anything was missing: their answers come first.
    private var sure = 0

    init(isKnown: Bool) {
        proof = OrderProof(isFromStart: isKnown)
        isDoubtful = !isKnown
    }

    /// A method is asked behind so many that wait.
    /// - Returns: those that wait have no answer.
    mutating func ask(_ waiting: Int) -> Bool {
        let isKnown = proof.ask(isWaiting: waiting > 0 && !answersWereLost)
        let givesUp = isDoubtful && waiting > 0 && (isKnown || proof.isAlone)
        if isKnown, isDoubtful { restore() }
        isDoubtful = !isKnown
        if givesUp { sure = 0 }
        return givesUp
    }

    /// How many that wait are answered in order.
    func ordered(_ waiting: Int) -> Int { isDoubtful ? Swift.min(sure, waiting) : waiting }

    /// An answer has come.
    /// - Parameters:
    ///   - taken: of those that wait, it and those before it are no more.
    ///   - isFirm: what it answers was asked behind all that is missing, and it says so itself.
    mutating func answer(_ taken: Int, isFirm: Bool, isSurplus: Bool) {
        sure = Swift.max(0, sure &- taken)
        guard isDoubtful else { return taken > 0 ? proof.complete() : proof.hear(isSurplus: isSurplus) }
        proof.answer(isSurplus: isSurplus)
        if isFirm { restore() }
    }

    mutating func lose(_ side: Side, waiting: Int) {
        if side == .server {
            answersWereLost = true
            sure = 0
        } else if !isDoubtful {
            sure = waiting
        }
        isDoubtful = true
        proof.lose(side)
    }

    /// Those that waited are given up, and their answers will come.
    mutating func overflow() {
        sure = 0
        isDoubtful = true
        proof.overflow()
    }

    private mutating func restore() {
        proof.restore()
        isDoubtful = false
        answersWereLost = false
        sure = 0
    }
}
