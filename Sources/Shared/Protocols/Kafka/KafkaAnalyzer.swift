/// Kafka's protocol: what is sent to and read from which topics, what else is asked for, and what became of it (Apache Kafka
/// documentation, "Protocol Guide").
///
/// An answer has the number of its request, and comes in the order of the requests; both must agree. It can be read only where the
/// request is known. Records are stepped over, their counts read where they stand.
final class KafkaAnalyzer: Analyzer {
    private let run: Run
    private let table: KafkaTable
    private let topics: KafkaTopics
    private var queue = OperationQueue<Ask>()
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
    private var lastMoment = Timestamp(nanoseconds: 0)

    /// What has to be known of a request while its answer is read.
    private struct Ask {
        var id: UInt32
        var key: UInt16
        var version: UInt16
        /// One of several of the same request, each for a topic.
        var isPart = false
        var topicID: KafkaTopicID?
    }

    /// The message of one side that is being read.
    private final class Half {
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

        init(_ table: KafkaTable) { reader = KafkaReader(table) }

        func close() {
            left = nil
            header = nil
            isOpen = false
            isToken = false
        }
    }

    private enum Key {
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
        client = Half(table)
        server = Half(table)
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
        // Where the message ends is known; of what it says a part is not.
        if let left = half.left, half.isOpen, length <= UInt64(Swift.max(0, left &- tail.byteCount)),
            left > tail.byteCount
        {
            complete(half, side, at, out, hasGap: true)
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

    private func giveUp(_ out: any Output) {
        tell(queue[0].operation, .unanswered, out)
        queue.popFront()
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

    // MARK: Messages

    private func complete(_ half: Half, _ side: Side, _ at: Arrival, _ out: any Output, hasGap: Bool = false) {
        if half.isToken {
            // What proves who the client is.
        } else if side == .client, let header = half.header {
            ask(half, header, at, hasGap, out)
        } else if side == .server {
            answer(half, at, hasGap, out)
        }
        half.close()
    }

    private func ask(_ half: Half, _ header: KafkaHeader, _ at: Arrival, _ hasGap: Bool, _ out: any Output) {
        while queue.count >= run.limits.pipelinedRequests || queue.text.count >= run.limits.pipelinedBytes,
            !queue.isEmpty
        {
            out.reached(.pipelinedRequests)
            giveUp(out)
        }
        var operation = ServiceOperation()
        operation.pairing = .id
        operation.system = "kafka"
        operation.isHousekeeping = Self.isHousekeeping(header.key)
        operation.isWaiting = header.key == Key.fetch
        operation.requestBytes = UInt64(half.size &+ 4)
        operation.requestFirst = half.first
        operation.requestLast = at.last
        if hasGap { operation.incomplete.insert(.request) }
        operation.name = name(header.key)
        var detail = Ask(id: header.id, key: header.key, version: header.version)
        let isOneWay = header.key == Key.produce && half.reader.acks == 0
        guard header.key == Key.produce, !half.reader.topics.isEmpty else {
            // What a Fetch reads is told by its answer.
            if header.key != Key.fetch { operation.targets = targets(of: half.reader) }
            summarise(&operation)
            isOneWay ? tell(operation, .oneWay, out) : queue.append(operation, detail)
            return
        }
        detail.isPart = true
        for topic in half.reader.topics {
            var one = operation
            one.targets = target(topic, half.reader)
            if one.targets.isEmpty { one.incomplete.insert(.text) }
            one.affected = topic.records
            one.batch = topic.records > 1 ? UInt32(clamping: topic.records) : 0
            detail.topicID = topic.id
            summarise(&one)
            if isOneWay { tell(one, .oneWay, out) } else { queue.append(one, detail) }
            operation.requestBytes = 0
        }
        if queue.isEmpty { queue.removeAll() }
    }

    private func answer(_ half: Half, _ at: Arrival, _ hasGap: Bool, _ out: any Output) {
        guard let place = queue.firstIndex(where: { $0.detail.id == half.id }) else { return }
        // Answers come in order: those before it were lost.
        for _ in 0..<place { giveUp(out) }
        learn(half.reader, queue[0].detail.key)
        var isFirst = true
        while let entry = queue.front, entry.detail.id == half.id, isFirst || entry.detail.isPart {
            var operation = entry.operation
            operation.responseFirst = half.first
            operation.responseBytes = isFirst ? UInt64(half.size &+ 4) : 0
            operation.ended = at.last
            if hasGap { operation.incomplete.insert(.response) }
            if entry.detail.key == Key.fetch {
                tellFetched(operation, half.reader, out)
            } else {
                let error = entry.detail.isPart ? error(of: entry, half.reader) : half.reader.error
                tell(operation, error: error, out)
            }
            isFirst = false
            queue.popFront()
        }
    }

    /// One for each topic that something was read from; and one where nothing was.
    private func tellFetched(_ operation: ServiceOperation, _ reader: KafkaReader, _ out: any Output) {
        var operation = operation
        let topics = reader.topics.filter { $0.records > 0 || $0.error != 0 }
        guard !topics.isEmpty else {
            operation.rows = 0
            summarise(&operation)
            return tell(operation, error: reader.error, out)
        }
        for topic in topics {
            var one = operation
            one.targets = target(topic, reader)
            if one.targets.isEmpty { one.incomplete.insert(.text) }
            one.rows = topic.records
            one.batch = topic.records > 1 ? UInt32(clamping: topic.records) : 0
            summarise(&one)
            tell(one, error: topic.error, out)
            operation.requestBytes = 0
            operation.responseBytes = 0
        }
    }

    /// What became of one topic of a Produce.
    private func error(of entry: QueuedOperation<Ask>, _ reader: KafkaReader) -> Int16 {
        for topic in reader.topics {
            if let id = topic.id, id == entry.detail.topicID { return topic.error }
            guard topic.id == nil else { continue }
            var isSame = false
            queue.text.withBytes { text in
                reader.text.withBytes {
                    isSame = $0.extracting(topic.name).equals(text.extracting(entry.operation.targets))
                }
            }
            if isSame { return topic.error }
        }
        return 0
    }

    /// Metadata and CreateTopics say which id is which topic's.
    private func learn(_ reader: KafkaReader, _ key: UInt16) {
        guard key == Key.metadata || key == Key.createTopics else { return }
        for topic in reader.topics {
            guard let id = topic.id, !topic.name.isEmpty else { continue }
            reader.text.withBytes { topics.learn(id, $0.extracting(topic.name)) }
        }
    }

    // MARK: Texts

    private func name(_ key: UInt16) -> ByteRange {
        switch key {
        case Key.produce: queue.store("send")
        case Key.fetch: queue.store("poll")
        case Key.offsetCommit: queue.store("commit")
        default: table.name(key).map { queue.store($0) } ?? queue.store(decimal: UInt64(key))
        }
    }

    /// A topic, by its name; empty where only its id is known.
    private func target(_ topic: KafkaReader.Topic, _ reader: KafkaReader) -> ByteRange {
        if !topic.name.isEmpty {
            var stored = ByteRange.empty
            reader.text.withBytes { stored = queue.store($0.extracting(topic.name)) }
            return stored
        }
        guard let id = topic.id, let name = topics.name(id) else { return .empty }
        return queue.store(name.span.bytes)
    }

    /// Topics, each once, 16 at the most, or else the group that is asked about.
    private func targets(of reader: KafkaReader) -> ByteRange {
        let start = queue.text.count
        var told: [[UInt8]] = []
        for topic in reader.topics.prefix(64) where told.count < 16 {
            var name: [UInt8] = []
            if !topic.name.isEmpty {
                reader.text.withBytes { name = [UInt8]($0.extracting(topic.name)) }
            } else if let id = topic.id {
                name = topics.name(id) ?? []
            }
            guard !name.isEmpty, !told.contains(name) else { continue }
            if !told.isEmpty { _ = queue.store("\0") }
            _ = queue.store(name.span.bytes)
            told.append(name)
        }
        if told.isEmpty, !reader.group.isEmpty {
            reader.text.withBytes { _ = queue.store($0.extracting(reader.group)) }
        }
        return ByteRange(start, queue.text.count)
    }

    /// The name and what it acts on.
    private func summarise(_ operation: inout ServiceOperation) {
        guard !operation.isHousekeeping else { return }
        let start = Int(queue.store(copyOf: operation.name).start)
        // Whole names up to 255 bytes.
        if !operation.targets.isEmpty, operation.name.count &+ operation.targets.count < 255 {
            _ = queue.store(" ")
            _ = queue.store(copyOf: operation.targets)
        }
        operation.summary = ByteRange(start, queue.text.count)
    }

    /// What only keeps a session going: which versions there are, who the client is, where topics and groups are.
    private static func isHousekeeping(_ key: UInt16) -> Bool {
        switch key {
        case Key.metadata, Key.apiVersions, Key.saslHandshake, 36, 10, 12, 68, 71, 72, 76: true
        default: false
        }
    }

    // MARK: Telling

    private func tell(_ operation: ServiceOperation, error: Int16, _ out: any Output) {
        var operation = operation
        guard error != 0 else { return tell(operation, .ok, out) }
        operation.code =
            table.error(error).map { queue.store($0) }
            ?? queue.store(decimal: UInt64(UInt16(bitPattern: error)))
        operation.isHousekeeping = false
        operation.affected = operation.affected.map { _ in 0 }
        tell(operation, .error, out)
    }

    private func tell(_ operation: ServiceOperation, _ status: ServiceOperation.Status, _ out: any Output) {
        var operation = operation
        operation.status = status
        switch status {
        case .unanswered:
            operation.pairing = .none
            operation.incomplete.insert(.response)
            operation.ended = lastMoment
        case .oneWay:
            operation.pairing = .none
            operation.ended = operation.requestLast
        default: break
        }
        queue.tell(operation, out)
    }
}
