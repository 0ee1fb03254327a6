/// Gathers what the messages of message buses look like (`ServiceOperation.payloads`), for those operations that the map counts.
final class PayloadWitness: CountedSink {
    let needs: Needs = .payloads

    private(set) var operations = EntryTable<OperationKey, PayloadShapes>()
    /// Shapes of all operations together, of which each is kept once an operation.
    private var shapes = 0
    private static let mostShapes = 1 << 16

    func counted(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, as key: OperationKey?, of connection: Connection
    ) {
        guard let key, !operation.payloads.isEmpty else { return }
        if let known = operations.find(key) {
            let before = operations.entries[known].value.count
            let hasRoom = shapes < Self.mostShapes
            let payloads = operation.payloads
            operations.update(known) { $0.add(payloads, hasRoom: hasRoom) }
            shapes += operations.entries[known].value.count - before
        } else {
            var own = PayloadShapes()
            own.add(operation.payloads, hasRoom: shapes < Self.mostShapes)
            shapes += own.count
            operations.append(key, own)
        }
    }

    func counted(
        _ exchange: Exchange, as endpoint: ServiceMap.EndpointKey?, of connection: Connection, _ origin: Origin
    ) {}
}

/// The shapes of an operation's messages, with how often each came.
struct PayloadShapes: Equatable, Sendable {
    private(set) var messages: [ShapeID: UInt64] = [:]
    /// Of lists of messages.
    private(set) var lists: [ShapeID: UInt64] = [:]
    private(set) var answers: [ShapeID: UInt64] = [:]
    /// There were others: no JSON, or not known.
    private(set) var hasOthers = false
    private(set) var hasOtherAnswers = false

    var count: Int { messages.count + lists.count + answers.count }

    /// - Parameter hasRoom: for shapes that are new.
    mutating func add(_ payloads: Payloads, hasRoom: Bool) {
        if payloads.isList {
            Self.add(payloads.message, to: &lists, &hasOthers, hasRoom)
        } else {
            Self.add(payloads.message, to: &messages, &hasOthers, hasRoom)
        }
        if payloads.hasOthers { hasOthers = true }
        Self.add(payloads.answer, to: &answers, &hasOtherAnswers, hasRoom)
    }

    private static func add(
        _ shape: ShapeID, to shapes: inout [ShapeID: UInt64], _ hasOthers: inout Bool, _ hasRoom: Bool
    ) {
        guard shape != .empty else { return }
        guard shape.isWholeJSON, hasRoom || shapes[shape] != nil else {
            hasOthers = true
            return
        }
        shapes[shape, default: 0] &+= 1
    }

    mutating func merge(_ other: PayloadShapes) {
        messages.merge(other.messages) { $0 &+ $1 }
        lists.merge(other.lists) { $0 &+ $1 }
        answers.merge(other.answers) { $0 &+ $1 }
        hasOthers = hasOthers || other.hasOthers
        hasOtherAnswers = hasOtherAnswers || other.hasOtherAnswers
    }

    /// What they have in common.
    func contents(_ table: borrowing ShapeTable) -> MessageContents {
        var contents = MessageContents()
        for (shape, times) in messages { contents.message.add(shape, times: times, table) }
        for (list, times) in lists {
            guard case .array(let parts) = table.contents(UInt32(list.index)) else { continue }
            for part in parts { contents.message.add(ShapeID(raw: part.shape), times: times, table) }
        }
        for (shape, times) in answers { contents.answer.add(shape, times: times, table) }
        contents.message.fit()
        contents.answer.fit()
        contents.hasOthers = hasOthers
        contents.hasOtherAnswers = hasOtherAnswers
        return contents
    }
}

/// What the messages of an operation have in common, those that are JSON and whole.
struct MessageContents: Equatable, Sendable {
    var message = GeneralSchema()
    /// Of messages that answer it.
    var answer = GeneralSchema()
    /// There were others, of which nothing is told.
    var hasOthers = false
    var hasOtherAnswers = false

    mutating func merge(_ other: MessageContents) {
        message.merge(other.message)
        answer.merge(other.answer)
        hasOthers = hasOthers || other.hasOthers
        hasOtherAnswers = hasOtherAnswers || other.hasOtherAnswers
    }
}
