/// Kafka's protocol: what is sent to and read from which topics, what else is asked for, and what became of it (Apache Kafka
/// documentation, "Protocol Guide").
///
/// An answer has the number of its request, and comes in the order of the requests; both must agree. It can be read only where the
/// request is known. Records are stepped over, their counts read where they stand.
final class KafkaAnalyzer: Analyzer {
    let run: Run
    let table: KafkaTable
    let topics: KafkaTopics
    var queue = OperationQueue<Ask>()
    private let client: Half
    private let server: Half
    private var isLost: InlineArray<2, Bool> = [false, false]
    /// The client's name and number of its last request: what is found behind a loss has them.
    private var known: (name: [UInt8], id: UInt32)?
    /// Nothing of the client was passed over or read.
    private var isUnheard = true
    /// Behind SaslHandshake of version 0 tokens come without a header (KIP-43), each answered by one.
    private var hasTokens = false
    private var tokens = 0
    var lastMoment = Timestamp(nanoseconds: 0)

    /// What has to be known of a request while its answer is read.
    struct Ask {
        var id: UInt32
        var key: UInt16
        var version: UInt16
        /// One of several of the same request, each for a topic.
        var isPart = false
        var topicID: KafkaTopicID?
    }

    /// The message of one side that is being read.
    final class Half {
        let reader: KafkaReader
        /// Bytes of the message that are to come; `nil` between messages.
        var left: Int?
        var size = 0
        var first = Timestamp(nanoseconds: 0)
        var header: KafkaHeader?
        var isOpen = false
        /// Of a response: the number of its request.
        var id: UInt32 = 0
        var isToken = false

        init(_ table: KafkaTable, _ run: Run) { reader = KafkaReader(table, run) }

        func close() {
            left = nil
            header = nil
            isOpen = false
            isToken = false
        }
    }

    enum Key {
        static let produce: UInt16 = 0
        static let fetch: UInt16 = 1
        static let metadata: UInt16 = 3
        static let offsetCommit: UInt16 = 8
        static let saslHandshake: UInt16 = 17
        static let apiVersions: UInt16 = 18
        static let createTopics: UInt16 = 19
    }

    init(_ run: Run) {
        self.run = run
        table = run.shared { KafkaTable() }
        topics = run.shared { KafkaTopics() }
        client = Half(table, run)
        server = Half(table, run)
    }

    func begin(_ start: Start) {
        queue.removeAll()
        client.close()
        server.close()
        isLost = start == .middle ? [true, true] : [false, false]
        known = nil
        isUnheard = true
        hasTokens = false
        tokens = 0
    }

    // MARK: From the channel

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        if isLost[Self.place(side)] { return .lost(took: 0, .betweenMessages) }
        let half = side == .client ? client : server
        var used = 0
        var began = at.first
        while used < bytes.byteCount {
            let rest = bytes.extracting(used...)
            guard let left = half.left else {
                guard let size = rest.big(UInt32.self, at: 0) else { return .took(used, next: 4 &- rest.byteCount) }
                guard KafkaHeader.isSize(size, side) else {
                    lose(side)
                    return .lost(took: used, .betweenMessages)
                }
                half.left = Int(size)
                half.size = Int(size)
                half.first = began
                used &+= 4
                continue
            }
            let content = rest.extracting(first: Swift.min(rest.byteCount, left))
            if !half.isOpen {
                switch open(half, content, side) {
                case .opened(let taken):
                    half.left = left &- taken
                    used &+= taken
                case .needs(let more): return .took(used, next: more)
                case .lost:
                    lose(side)
                    return .lost(took: used, .betweenMessages)
                }
                if half.left == 0 {
                    complete(half, side, at, out)
                    began = at.last
                }
                continue
            }
            let (taken, needs) = half.reader.read(content)
            used &+= taken
            half.left = left &- taken
            if half.left == 0 || needs == 0 {
                let more = half.left ?? 0
                complete(half, side, at, out)
                let here = Swift.min(more, bytes.byteCount &- used)
                guard here == more else { return .skip(took: bytes.byteCount, UInt64(more &- here)) }
                used &+= here
                began = at.last
            } else if used == bytes.byteCount, half.reader.skipped > 0 {
                // Records, and whatever else is not looked at.
                let more = Swift.min(half.reader.skipped, left &- taken)
                half.reader.pass(more)
                half.left = left &- taken &- more
                if half.left == 0 { complete(half, side, at, out) }
                return .skip(took: used, UInt64(more))
            } else {
                return .took(used, next: Swift.max(1, needs))
            }
        }
        return .took(used)
    }

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        lastMoment = at.last
        let half = side == .client ? client : server
        if let left = half.left, half.isOpen, let more = half.reader.leaveBatch(length, behind: tail.byteCount) {
            half.left = left &- tail.byteCount &- Int(length) &- more
            if half.left == 0 { complete(half, side, Arrival(first: half.first, last: out.gapMoment), out) }
            return .skip(took: tail.byteCount, UInt64(more))
        }
        // Where the message ends is known; of what it says a part is not.
        if let left = half.left, half.isOpen, length <= UInt64(Swift.max(0, left &- tail.byteCount)),
            left > tail.byteCount
        {
            complete(half, side, Arrival(first: half.first, last: out.gapMoment), out, hasGap: true)
            return .skip(took: tail.byteCount, UInt64(left &- tail.byteCount) &- length)
        }
        lose(side)
        return .lost(took: 0, .betweenMessages)
    }

    func search(_ bytes: RawSpan, _ side: Side, from: Search) -> Found {
        let found =
            side == .client
            ? KafkaHeader.search(
                bytes, from: from.next, client: known?.name, last: known?.id, isFirst: isUnheard)
            : searchAnswer(bytes, from.next)
        // Behind what was passed over nothing is first.
        if side == .client, case .none(let search) = found, search.start > 0 { isUnheard = false }
        if case .at = found { isLost[Self.place(side)] = false }
        return found
    }

    /// A response proves itself by the number of a request that waits.
    private func searchAnswer(_ bytes: RawSpan, _ from: Int) -> Found {
        guard !queue.isEmpty else { return .none(Search(start: bytes.byteCount, next: bytes.byteCount)) }
        let first = queue[0].detail.id
        let span = queue[queue.count &- 1].detail.id &- first
        var at = from
        while at &+ 8 <= bytes.byteCount {
            if let size = bytes.big(UInt32.self, at: at), let id = bytes.big(UInt32.self, at: at &+ 4),
                4...1 << 30 ~= size, id &- first <= span, queue.firstIndex(where: { $0.detail.id == id }) != nil
            {
                return .at(at)
            }
            at &+= 1
        }
        return .none(Search(start: Swift.min(at, bytes.byteCount), next: Swift.min(at, bytes.byteCount)))
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int {
        lastMoment = Swift.max(lastMoment, at)
        return 0
    }

    func finish(_ out: any Output) {
        while !queue.isEmpty { giveUp(out) }
        client.close()
        server.close()
    }

    var held: Int { queue.text.count &+ client.reader.held &+ server.reader.held }

    private static func place(_ side: Side) -> Int { side == .client ? 0 : 1 }

    private func lose(_ side: Side) {
        isLost[Self.place(side)] = true
        if side == .client { isUnheard = false }
        (side == .client ? client : server).close()
        tokens = 0
    }

    // MARK: Headers

    private enum Opened {
        case opened(Int)
        case needs(Int)
        case lost
    }

    private func open(_ half: Half, _ bytes: RawSpan, _ side: Side) -> Opened {
        guard side == .client else { return openAnswer(half, bytes) }
        let wanted = Swift.min(half.size, KafkaHeader.fixedBytes)
        guard bytes.byteCount >= wanted else { return .needs(wanted &- bytes.byteCount) }
        guard let header = KafkaHeader(bytes, size: half.size) else {
            guard hasTokens else { return .lost }
            tokens &+= 1
            half.isOpen = true
            half.isToken = true
            half.reader.begin(nil, version: 0, isFlexible: false, content: half.size, hasTags: false)
            return .opened(0)
        }
        let head = KafkaHeader.fixedBytes &+ header.nameLength
        guard bytes.byteCount >= head else { return .needs(head &- bytes.byteCount) }
        known = (
            known?.name.count == header.nameLength ? known?.name ?? [] : [UInt8](bytes.extracting(10..<head)), header.id
        )
        hasTokens = hasTokens || header.key == Key.saslHandshake && header.version == 0
        half.header = header
        half.isOpen = true
        let isFlexible = table.isFlexible(header.key, header.version)
        half.reader.begin(
            table.message(header.key, isResponse: false), version: header.version, isFlexible: isFlexible,
            content: half.size &- head, hasTags: isFlexible)
        return .opened(head)
    }

    private func openAnswer(_ half: Half, _ bytes: RawSpan) -> Opened {
        if tokens > 0, queue.isEmpty {
            tokens &-= 1
            half.isOpen = true
            half.isToken = true
            half.reader.begin(nil, version: 0, isFlexible: false, content: half.size, hasTags: false)
            return .opened(0)
        }
        guard let id = bytes.big(UInt32.self, at: 0) else { return .needs(4 &- bytes.byteCount) }
        half.id = id
        half.isOpen = true
        // What answers a request that was not seen can't be read.
        let ask = queue.firstIndex { $0.detail.id == id }.map { queue[$0].detail }
        let isFlexible = ask.map { table.isFlexible($0.key, $0.version) } ?? false
        half.reader.begin(
            ask.flatMap { table.message($0.key, isResponse: true) }, version: ask?.version ?? 0, isFlexible: isFlexible,
            content: half.size &- 4, hasTags: isFlexible && ask?.key != Key.apiVersions)
        return .opened(4)
    }
}
