/// Calls whose messages say by an id which answers which: JSON-RPC 2.0, and GraphQL over WebSocket.
struct WebSocketCalls: ~Copyable {
    struct Call {
        var exchange: Exchange
        var kind: [UInt8]
        /// Parts of the answer that came before its end.
        var parts = 0
    }

    /// What a message is to a call.
    enum Role: Equatable {
        case none, ask
        /// One of several answers, of which the last is still to come.
        case part
        case answer(isError: Bool)
    }

    private struct Key: Hashable {
        var asker: Side
        var id: [UInt8]
        /// The number 1 and the text "1" are two.
        var isText: Bool
    }

    private var open: [Key: Call] = [:]
    private(set) var held = 0

    init() {}

    mutating func reset() {
        open.removeAll()
        held = 0
    }

    /// What a message is, as far as it says so itself.
    func role(of direction: WebSocketDirection, isGraphQL: Bool) -> Role {
        guard direction.opcode == WebSocketFrame.Opcode.text, direction.members.has(.id) else { return .none }
        if isGraphQL { return graphQLRole(of: direction) }
        guard direction.members.withValue(of: .jsonrpc, { $0.equals(Self.version.span.bytes) }), hasID(direction) else {
            return .none
        }
        // JSON-RPC 2.0, sections 4 and 5.
        if direction.members.has(.method) { return .ask }
        if direction.members.has(.error) { return .answer(isError: true) }
        return direction.members.has(.result) ? .answer(isError: false) : .none
    }

    private static let version = Array("2.0".utf8)

    /// The null that stands where an id could not be read names no call.
    private func hasID(_ direction: WebSocketDirection) -> Bool {
        direction.members.withValue(of: .id) { $0.byteCount > 0 }
            && (direction.members.isText(.id) || direction.members.withValue(of: .id) { !$0.has("null", at: 0) })
    }

    /// enisdenjo/graphql-ws: PROTOCOL.md; apollographql/subscriptions-transport-ws: PROTOCOL.md.
    private func graphQLRole(of direction: WebSocketDirection) -> Role {
        guard hasID(direction) else { return .none }
        let isClient = direction.side == .client
        return direction.members.withValue(of: .type) { type in
            let all = 0..<type.byteCount
            if isClient, type.isWord("subscribe", at: all) || type.isWord("start", at: all) { return .ask }
            if isClient {
                let isEnd = type.isWord("complete", at: all) || type.isWord("stop", at: all)
                return isEnd ? .answer(isError: false) : .none
            }
            if type.isWord("next", at: all) || type.isWord("data", at: all) { return .part }
            if type.isWord("error", at: all) { return .answer(isError: true) }
            return type.isWord("complete", at: all) ? .answer(isError: false) : .none
        }
    }

    /// Who asked that, to which this is an answer.
    ///
    /// A client that wants no more of a GraphQL operation ends its own.
    private func key(_ direction: WebSocketDirection, isAsk: Bool) -> Key {
        let id = direction.members.withValue(of: .id) { [UInt8]($0) }
        let isOwn = isAsk || direction.side == .client && !direction.members.has(.jsonrpc)
        return Key(
            asker: isOwn ? direction.side : direction.side.other, id: id, isText: direction.members.isText(.id))
    }

    func call(of direction: WebSocketDirection) -> Call? { open[key(direction, isAsk: false)] }

    /// - Returns: the oldest, which is given up, where there are too many.
    mutating func open(_ direction: WebSocketDirection, _ exchange: Exchange, _ kind: [UInt8], limit: Int) -> Call? {
        let key = key(direction, isAsk: true)
        var refused = open[key]
        if let old = refused { held &-= key.id.count &+ old.kind.count }
        if refused == nil, open.count >= limit,
            let oldest = open.min(by: { $0.value.exchange.number < $1.value.exchange.number })
        {
            refused = oldest.value
            open[oldest.key] = nil
            held &-= oldest.key.id.count &+ oldest.value.kind.count
        }
        open[key] = Call(exchange: exchange, kind: kind)
        held &+= key.id.count &+ kind.count
        return refused
    }

    /// A part of an answer has come.
    /// - Returns: whether it is known to which call.
    mutating func isPart(_ direction: WebSocketDirection) -> Bool {
        let key = key(direction, isAsk: false)
        guard var call = open[key] else { return false }
        Self.answer(&call, with: direction.message)
        call.parts &+= 1
        open[key] = call
        return true
    }

    private static func answer(_ call: inout Call, with message: borrowing Message) {
        if !call.exchange.isAnswered {
            call.exchange.answerFirstByte = message.firstByte
            call.exchange.isAnswerWhole = true
        }
        call.exchange.isAnswered = true
        call.exchange.answerLastByte = message.lastByte
        call.exchange.answerBytes &+= message.wireBytes
        call.exchange.responseShape = message.shape
        call.exchange.isAnswerWhole = call.exchange.isAnswerWhole && message.isWhole
        call.exchange.status = AnswerStatus.succeeded
        call.exchange.isAnswerComplete = message.isFinished
    }

    /// The answer, or its end, has come.
    /// - Returns: the call that it ends, if that is known.
    mutating func close(_ direction: WebSocketDirection, isError: Bool) -> Call? {
        let key = key(direction, isAsk: false)
        guard var call = open.removeValue(forKey: key) else { return nil }
        held &-= key.id.count &+ call.kind.count
        let shape = call.exchange.responseShape
        let isEndOfParts = call.parts > 0 && !isError
        if direction.side != key.asker {
            Self.answer(&call, with: direction.message)
            // What says that there is no more has no content.
            if isEndOfParts { call.exchange.responseShape = shape }
        } else {
            call.exchange.isWaiting = true
        }
        if call.parts > 1 { call.exchange.isWaiting = true }
        if isError { call.exchange.status = AnswerStatus.failed }
        return call
    }

    /// Gives away what waits for its answer, in the order in which it was asked.
    mutating func drain(_ body: (Call) -> Void) {
        for call in open.values.sorted(by: { $0.exchange.number < $1.exchange.number }) {
            var call = call
            if call.parts > 0 { call.exchange.isWaiting = true }
            body(call)
        }
        reset()
    }
}
