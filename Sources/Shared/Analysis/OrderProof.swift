/// What shows that an answer in order is a request's own, where some of the conversation is missing.
///
/// A client that was seen to wait for each answer is taken to wait always: what it asks once it has heard something is asked when
/// all before it was answered. But where nothing was heard since its bytes were missing, these may have been requests that were
/// sent with the next one, and whose answers come first. So the answer to a request that stands alone is held until the client
/// asks again: then there was one request, and one answer. A client that sends several at once and waits for all their answers has to
/// show a whole turn: as many answers as requests. Of one that keeps several under way nothing is known again.
struct OrderProof {
    /// How the client has asked until now.
    private(set) var habit = Habit.waits
    /// Nothing is missing of which an answer might still come.
    private(set) var isFirm = true
    /// The last request is the only one that is open, as far as anybody knows, and may not be the only one.
    private(set) var isAlone = false
    private var missing = Missing.nothing
    /// The server has answered since the last request, or has said what was lost.
    private var hasHeard = false
    /// It has answered what nobody saw, since the last request and before any news of a loss.
    private var hasSurplus = false
    /// The server's bytes were lost since the last request: what is heard may be the rest of an answer to one that was seen.
    private var isTorn = false
    /// A loss was taken to be over with a request since which nothing has shown that the client waits for each answer.
    private var isForgiven = false
    private var turn = Turn()

    enum Habit {
        /// It has never sent a request before the one before it was answered.
        case waits
        /// It has sent several at once, and the next ones when all of these were answered.
        case bursts
        /// It has asked again between two answers.
        case overlaps
    }

    /// Requests that nobody saw.
    private enum Missing {
        case nothing
        /// Nothing was answered since.
        case unanswered
        case answered
    }

    /// What was said since the client asked behind answers.
    private struct Turn {
        var asked: UInt64 = 0
        var answered: UInt64 = 0
        /// Something of it is missing.
        var isBroken = false
    }

    /// - Parameter isFromStart: nothing was asked before.
    init(isFromStart: Bool = true) {
        guard !isFromStart else { return }
        isFirm = false
        missing = .unanswered
        turn.isBroken = true
    }

    /// Messages of a side are missing, and nobody knows how many.
    mutating func lose(_ side: Side) {
        if isFirm { turn = Turn() }
        isFirm = false
        turn.isBroken = true
        guard side == .client else {
            // Which loss was first nobody knows: requests that are missing may be younger than answers that are.
            hasHeard = true
            isTorn = true
            return
        }
        isAlone = false
        missing = hasSurplus ? .answered : .unanswered
        hasSurplus = false
    }

    /// The server has answered what nobody saw being asked, since the last request.
    var hasAnsweredUnseen: Bool { hasSurplus }

    /// The server has said something of an answer.
    /// - Parameter isSurplus: nothing that was seen waits for it.
    mutating func hear(isSurplus: Bool) {
        hasHeard = true
        isAlone = false
        guard !isTorn else { return }
        if missing == .unanswered {
            missing = .answered
        } else if isSurplus, missing == .nothing {
            hasSurplus = true
        }
    }

    /// The server begins an answer that is not known as a request's own, or has ended one.
    /// - Parameters:
    ///   - isFinal: no other follows for the same request.
    ///   - isNews: it began behind what is missing of the client's, else it shows nothing of that.
    mutating func answer(isFinal: Bool = true, isSurplus: Bool, isNews: Bool = true) {
        if isFinal { turn.answered &+= 1 }
        if isNews { hear(isSurplus: isSurplus) } else { isAlone = false }
    }

    /// A request that was seen has its answer.
    @inline(__always)
    mutating func complete() { hasHeard = true }

    /// A request begins.
    /// - Parameters:
    ///   - isWaiting: one that was seen is not answered, and no answer was lost that may be its.
    ///   - isAnswering: an answer is being read.
    /// - Returns: whether all that was asked before it is answered, or known to be answered first.
    @inline(__always)
    mutating func ask(isWaiting: Bool, isAnswering: Bool = false) -> Bool {
        guard isFirm, !isWaiting, !isForgiven else { return look(isWaiting, isAnswering) }
        hasHeard = false
        hasSurplus = false
        return true
    }

    @inline(never)
    private mutating func look(_ isWaiting: Bool, _ isAnswering: Bool) -> Bool {
        defer {
            hasHeard = false
            hasSurplus = false
            isTorn = false
        }
        guard !isFirm else { return lookAgain(isWaiting) }
        // What was asked in the same turn may be given up on, and waits nonetheless.
        let isFirst = hasHeard || turn.asked == 0 && !isWaiting
        if !isFirst { burst() }
        if hasHeard, !isAnswering, endTurn() {
            isFirm = true
            isAlone = false
            missing = .nothing
            return true
        }
        turn.asked &+= 1
        isAlone = isFirst && !isWaiting && !isAnswering && habit != .overlaps
        return false
    }

    /// Whether what is firm is so still.
    private mutating func lookAgain(_ isWaiting: Bool) -> Bool {
        defer { isForgiven = false }
        guard isWaiting else { return true }
        if hasHeard { habit = .overlaps } else { burst() }
        guard isForgiven else { return true }
        // It may have sent others before, that were lost.
        isFirm = false
        isAlone = false
        missing = .unanswered
        turn = Turn(asked: 2, isBroken: true)
        return false
    }

    private mutating func burst() { if habit == .waits { habit = .bursts } }

    /// The client asks behind answers.
    /// - Returns: whether all that it asked before is answered.
    private mutating func endTurn() -> Bool {
        switch habit {
        case .waits:
            isForgiven = missing != .unanswered
            return isForgiven
        case .overlaps: return false
        case .bursts: break
        }
        guard turn.isBroken || turn.answered >= turn.asked else { return false }
        let isExact = !turn.isBroken && turn.answered == turn.asked
        turn = Turn()
        return isExact
    }

    /// An answer was known as that of the one request that was open, and no request is missing: so is all that follows.
    mutating func restore() {
        isFirm = true
        isAlone = false
        isTorn = false
        missing = .nothing
    }

    /// More wait than are kept: nobody can know any more.
    mutating func overflow() {
        isFirm = false
        isAlone = false
        habit = .overlaps
    }
}
