@testable import Shared

/// A protocol that nobody talks, small enough to be seen whole: it proves that a row, a detector and an analyzer are all
/// that a protocol takes, and uses what the contract offers and HTTP/1 does not: answers by number, bytes that are
/// skipped, a layer within.
///
/// A client's frame: `TOY `, a number, ` GET `, a key, LF. A server's frame: `TOY `, the number, ` VALUE `, a length, LF, so
/// many bytes, LF. `TOY `, a number, ` INSIDE `, a length, LF and so many bytes, of either side, carry another protocol.
extension ProtocolRow {
    static let toy = ProtocolRow(
        name: "toy", category: .database, ports: [7007], role: .exchanges,
        document: "Tests/SharedTests/Analysis/Toy.swift",
        detectors: [ToyDetector.self], make: ToyAnalyzer.init)
}

extension Registry {
    /// The standard list with the toy's line.
    static let withToy = Registry(Registry.standard.rows + [.toy])
}

enum ToyDetector: Detector {
    static var strictness: Strictness { .signature }

    static func examine(client: RawSpan, server: RawSpan, _ context: DetectionContext) -> Finding {
        client.fit("TOY ", at: 0).finding("TOY frame")
    }
}

final class ToyAnalyzer: Analyzer {
    private var pairing = Pairing<UInt32, Nothing>()
    private var message = Message()
    private var inner: InnerID?
    /// Bytes for the layer within that are still to come, of each side.
    private var inside: [Side: UInt64] = [:]

    struct Nothing: BitwiseCopyable {}

    init(_ run: Run) {}

    func begin(_ start: Start) {
        pairing.reset(isFromStart: true)
        inner = nil
        inside = [:]
    }

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        if let left = inside[side], left > 0 {
            let part = bytes.extracting(first: Int(min(left, UInt64(bytes.byteCount))))
            inside[side] = left - UInt64(part.byteCount)
            if let inner { out.deliver(part, side, at.last, to: inner) }
            return .took(part.byteCount, next: 0)
        }
        guard case .line(let line) = bytes.line(from: 0, limit: 200) else {
            return bytes.byteCount > 200 || !bytes.mayBecome("TOY ") ? lost(bytes, out) : .took(0)
        }
        var rest = line.text
        var words: [Range<Int>] = []
        while let word = bytes.word(of: &rest) { words.append(word) }
        guard words.count == 4, bytes.isWord("TOY", at: words[0]), let number = bytes.decimal(words[1]),
            let key = UInt32(exactly: number)
        else { return lost(bytes, out) }
        if side == .client, bytes.isWord("GET", at: words[2]) {
            ask(key, words, bytes.extracting(first: line.next), at, out)
            return .took(line.next, next: 0)
        }
        guard let length = bytes.decimal(words[3]) else { return lost(bytes, out) }
        if side == .server, bytes.isWord("VALUE", at: words[2]) {
            answer(key, line.next, UInt64(length), at, out)
            return .skip(took: line.next, UInt64(length) + 1)
        }
        guard bytes.isWord("INSIDE", at: words[2]) else { return lost(bytes, out) }
        if inner == nil { inner = out.open(.detect(Announcement())) }
        inside[side] = UInt64(length)
        return .took(line.next, next: 0)
    }

    /// What is no frame is passed over.
    private func lost(_ bytes: RawSpan, _ out: any Output) -> Step {
        out.unparsed(1, .betweenMessages)
        return .lost(took: 1, .betweenMessages)
    }

    private func ask(_ key: UInt32, _ words: [Range<Int>], _ frame: RawSpan, _ at: Arrival, _ out: any Output) {
        let verb = ByteRange(words[2].lowerBound, words[2].upperBound)
        let target = ByteRange(words[3].lowerBound, words[3].upperBound)
        let token = out.began(Ask(verb: verb, target: target, host: .empty), frame)
        let start = pairing.store(frame).start
        var exchange = Exchange(
            number: out.numberExchange(), line: verb.moved(by: Int(start)), verb: verb.moved(by: Int(start)),
            target: target.moved(by: Int(start)),
            token: token, requestFirstByte: at.first, requestLastByte: at.last)
        exchange.line.count = Int32(words[3].upperBound - words[2].lowerBound)
        exchange.isRequestComplete = true
        pairing.append(key, Nothing(), exchange)
        message.reset()
        message.head.reset(.client)
        (message.head.verb, message.head.target, message.head.length) = (verb, target, frame.byteCount)
        (message.firstByte, message.lastByte, message.wireBytes) = (at.first, at.last, UInt64(frame.byteCount))
        message.capturedBytes = message.wireBytes
        message.wire.append(frame)
        pairing.text.withBytes { out.message(message, exchange, $0) }
    }

    private func answer(_ key: UInt32, _ head: Int, _ length: UInt64, _ at: Arrival, _ out: any Output) {
        message.reset()
        message.head.reset(.server)
        (message.head.status, message.head.length) = (200, head)
        (message.firstByte, message.lastByte, message.wireBytes) = (at.first, at.last, UInt64(head) + length + 1)
        guard case .slot(let slot) = pairing.match(key) else {
            message.anomalies.insert(.responseWithoutRequest)
            return out.message(message, nil, RawSpan())
        }
        pairing.answerIsComplete(isFinal: true) { _ in }
        let exchange = pairing.exchange(slot)
        pairing.text.withBytes { out.message(message, exchange, $0) }
        pairing.settle(out)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        if let left = inside[side], length <= left {
            inside[side] = left - length
            if let inner { out.gap(length, .packetLost, side, at.last, in: inner) }
            return .took(tail.byteCount)
        }
        inside[side] = 0
        return .lost(took: 0, .betweenMessages)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        var at = from.next
        while let place = bytes.firstIndex(of: UInt8(ascii: "T"), from: at) {
            if bytes.has("TOY ", at: place) { return .at(place) }
            if bytes.mayBecome("TOY ", at: place) { return .none(Search(start: place, next: place)) }
            at = place + 1
        }
        return .none(Search(start: bytes.byteCount, next: bytes.byteCount))
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int { 0 }

    func finish(_ out: any Output) { pairing.drain(out) }

    var held: Int { pairing.text.count }
}
