/// What is asked, and what became of it.
extension KafkaAnalyzer {
    func complete(_ half: Half, _ side: Side, _ at: Arrival, _ out: any Output, hasGap: Bool = false) {
        if half.isToken {
            // What proves who the client is.
        } else if side == .client, let header = half.header {
            ask(half, header, at, hasGap, out)
        } else if side == .server {
            answer(half, at, hasGap, out)
        }
        if let limit = half.reader.limit { out.reached(limit) }
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
            one.context = topic.traces?.context
            if half.reader.readsPayloads { one.payloads = payloads(topic, half.reader) }
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
                tellFetched(operation, half.reader, hasGap, out)
            } else {
                let error = entry.detail.isPart ? error(of: entry, half.reader) : half.reader.error
                tell(operation, error: error ?? (hasGap ? nil : 0), isWhole: !hasGap || entry.detail.isPart, out)
            }
            isFirst = false
            queue.popFront()
        }
    }

    /// One for each topic that something was read from; and one where nothing was.
    private func tellFetched(
        _ operation: ServiceOperation, _ reader: KafkaReader, _ hasGap: Bool, _ out: any Output
    ) {
        var operation = operation
        let topics = reader.topics.filter { $0.records > 0 || $0.error != 0 }
        guard !topics.isEmpty else {
            if !hasGap { operation.rows = 0 }
            summarise(&operation)
            return tell(operation, error: reader.error, isWhole: !hasGap, out)
        }
        for topic in topics {
            var one = operation
            one.targets = target(topic, reader)
            if one.targets.isEmpty { one.incomplete.insert(.text) }
            one.context = topic.traces?.context
            if reader.readsPayloads { one.payloads = payloads(topic, reader) }
            one.rows = topic.records
            one.batch = topic.records > 1 ? UInt32(clamping: topic.records) : 0
            summarise(&one)
            tell(one, error: topic.error, out)
            operation.requestBytes = 0
            operation.responseBytes = 0
        }
    }

    /// What became of one topic of a Produce; `nil`: the answer does not say.
    private func error(of entry: QueuedOperation<Ask>, _ reader: KafkaReader) -> Int16? {
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
        return nil
    }

    /// Metadata and CreateTopics say which id is which topic's.
    private func learn(_ reader: KafkaReader, _ key: UInt16) {
        guard key == Key.metadata || key == Key.createTopics else { return }
        for topic in reader.topics {
            guard let id = topic.id, !topic.name.isEmpty else { continue }
            reader.text.withBytes { topics.learn(id, $0.extracting(topic.name)) }
        }
    }

    /// What the records of a topic carry: a list of them, each shape once.
    private func payloads(_ topic: KafkaReader.Topic, _ reader: KafkaReader) -> Payloads {
        var payloads = Payloads()
        payloads.hasOthers = topic.hasOthers
        guard !topic.shapes.isEmpty else { return payloads }
        let parts = reader.shapes[topic.shapes].map { ShapePart(key: ShapePart.noKey, shape: $0.raw) }
        do throws(ShapeTable.Refusal) {
            payloads.message = ShapeID(raw: try run.shapes.array(of: parts))
            payloads.isList = true
        } catch {
            payloads.hasOthers = true
        }
        return payloads
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

    /// - Parameters:
    ///   - error: `nil`: not known.
    ///   - isWhole: there is no other error in what is missing of the answer.
    private func tell(_ operation: ServiceOperation, error: Int16?, isWhole: Bool = true, _ out: any Output) {
        var operation = operation
        guard let error, error != 0 || isWhole else { return tell(operation, .unanswered, out) }
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
        case .unanswered: operation.endUnanswered(lastMoment)
        case .oneWay: operation.endOneWay()
        default: break
        }
        queue.tell(operation, out)
    }

    func giveUp(_ out: any Output) {
        tell(queue[0].operation, .unanswered, out)
        queue.popFront()
    }
}
