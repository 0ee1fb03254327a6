/// Reads one message as it comes, by its format: topics, errors, groups, and how many records there are; all else is stepped over.
///
/// Apache Kafka documentation, "Protocol Primitive Types"; KIP-482 for flexible versions; "Message Format" for batches of records.
final class KafkaReader: SteppedReader {
    private let table: KafkaTable
    private(set) var topics: [Topic] = []
    /// Of the records of each topic, each once: those of one stand together.
    private(set) var shapes: [ShapeID] = []
    private(set) var text = UniqueBytes()
    private(set) var group = ByteRange.empty
    private(set) var acks: Int16?
    /// The first that is not 0.
    private(set) var error: Int16 = 0
    private var version: UInt16 = 0
    private var isFlexible = false
    private var frames: [Frame] = []
    private var stage = Stage.rest
    var skip = 0
    var position = 0
    private(set) var end = 0
    private var recordsEnd = 0
    private var records: KafkaRecords
    /// What records say of their traces is wanted, and what they carry.
    private let readsRecords: Bool
    let readsPayloads: Bool
    /// A bound that kept a record from being read.
    private(set) var limit: Limit?
    private var tags = 0

    struct Topic {
        var name = ByteRange.empty
        var id: KafkaTopicID?
        var error: Int16 = 0
        var records: UInt64 = 0
        /// What its records say of their traces.
        fileprivate(set) var traces: KafkaTraces?
        /// What its records carry, where that is wanted: their place in `shapes`, and whether there is more.
        fileprivate(set) var shapes = 0..<0
        fileprivate(set) var hasOthers = false
    }

    private enum Stage { case field, tagCount, tags, records, batch, rest }

    private struct Frame {
        var start: Int
        /// The field that is next.
        var at: Int
        var end: Int
        /// Elements that are to come, of a list.
        var left: Int?
        var isPlain = false
    }

    init(_ table: KafkaTable, _ run: Run) {
        self.table = table
        let payload = PayloadReader.wanted(run)
        records = KafkaRecords(payload)
        readsPayloads = payload != nil
        readsRecords = readsPayloads || run.needs.contains(.traces)
    }

    /// - Parameter hasTags: tagged fields precede the message, as the end of its header.
    func begin(_ message: KafkaTable.Message?, version: UInt16, isFlexible: Bool, content: Int, hasTags: Bool) {
        topics.removeAll(keepingCapacity: true)
        if readsPayloads { shapes.removeAll(keepingCapacity: true) }
        text.removeAll(keepingAtMost: 16 << 10)
        group = .empty
        acks = nil
        error = 0
        limit = nil
        self.version = version
        self.isFlexible = isFlexible
        frames.removeAll(keepingCapacity: true)
        skip = 0
        position = 0
        end = content
        stage = .rest
        guard let message else { return }
        frames.append(
            Frame(start: message.fields.lowerBound, at: message.fields.lowerBound, end: message.fields.upperBound))
        stage = hasTags ? .tagCount : .field
        headerIsOpen = hasTags
    }

    private var headerIsOpen = false

    var held: Int { text.count }

    /// Bytes that are not looked at come next.
    var skipped: Int { stage == .rest ? end &- position : Swift.min(skip, end &- position) }

    func stepOverRest() { stage = .rest }

    var taken = 0

    // MARK: Fields

    func step(_ bytes: RawSpan) -> Int {
        switch stage {
        case .rest: return 0
        case .tagCount:
            guard let (count, width) = Self.varint(bytes) else { return bytes.byteCount < 5 ? 1 : fail() }
            taken = width
            tags = count
            stage = .tags
            return 0
        case .tags: return tag(bytes)
        case .records: return batch(bytes)
        case .batch:
            let needs = records.step(bytes, at: position)
            (taken, skip) = (records.taken, records.skip)
            if records.isOver { leaveBatch() }
            return needs
        case .field: break
        }
        guard let frame = frames.last else { return fail() }
        let top = frames.count &- 1
        if let left = frame.left {
            guard left > 0 else {
                frames.removeLast()
                return 0
            }
            frames[top].left = left &- 1
            guard frame.isPlain else {
                frames.append(Frame(start: frame.start, at: frame.start, end: frame.end))
                return 0
            }
            let needs = value(table.fields[frame.start], frame.start, bytes)
            if needs > 0 { frames[top].left = left }
            return needs
        }
        guard frame.at < frame.end else {
            // What follows the last field that matters is not in the table.
            if frames.count == 1 { return fail() }
            if isFlexible { stage = .tagCount } else { frames.removeLast() }
            return 0
        }
        let field = table.fields[frame.at]
        guard field.versions.contains(version) else {
            frames[top].at = field.end
            return 0
        }
        let place = frame.at
        frames[top].at = field.end
        let needs = value(field, place, bytes)
        if needs > 0 { frames[top].at = place }
        return needs
    }

    /// Nothing more is read of this message.
    private func fail() -> Int {
        stage = .rest
        return 0
    }

    private func tag(_ bytes: RawSpan) -> Int {
        guard tags > 0 else {
            stage = .field
            if headerIsOpen { headerIsOpen = false } else { frames.removeLast() }
            return 0
        }
        guard let (_, first) = Self.varint(bytes), let (size, second) = Self.varint(bytes.extracting(first...)) else {
            return bytes.byteCount < 10 ? 1 : fail()
        }
        guard size <= end &- position else { return fail() }
        tags &-= 1
        taken = first &+ second
        skip = size
        return 0
    }

    private func value(_ field: KafkaTable.Field, _ place: Int, _ bytes: RawSpan) -> Int {
        if let size = field.kind.size {
            guard bytes.byteCount >= size else { return size &- bytes.byteCount }
            taken = size
            number(field, bytes)
            return 0
        }
        switch field.kind {
        case .structure: frames.append(Frame(start: place &+ 1, at: place &+ 1, end: field.end))
        case .optional:
            guard let first = bytes.u8(at: 0) else { return 1 }
            taken = 1
            if first == 1 { frames.append(Frame(start: place &+ 1, at: place &+ 1, end: field.end)) }
        default: return sized(field, place, bytes)
        }
        return frames.count > Self.deepest ? fail() : 0
    }

    private static let deepest = 12

    /// A string, bytes, records, or a list: behind a length.
    private func sized(_ field: KafkaTable.Field, _ place: Int, _ bytes: RawSpan) -> Int {
        let length: Int
        let width: Int
        if isFlexible {
            guard let (number, size) = Self.varint(bytes) else { return bytes.byteCount < 5 ? 1 : fail() }
            (length, width) = (number &- 1, size)
        } else if field.kind == .string {
            guard let number = bytes.big(Int16.self, at: 0) else { return 2 &- bytes.byteCount }
            (length, width) = (Int(number), 2)
        } else {
            guard let number = bytes.big(Int32.self, at: 0) else { return 4 &- bytes.byteCount }
            (length, width) = (Int(number), 4)
        }
        let count = Swift.max(0, length)
        // An element of a list has a byte at least.
        guard count <= end &- position &- width else { return fail() }
        switch field.kind {
        case .string where field.mark != .none:
            guard count <= Self.longestName else { break }
            guard bytes.byteCount >= width &+ count else { return width &+ count &- bytes.byteCount }
            taken = width &+ count
            if length >= 0 { string(field.mark, bytes.extracting(width..<width &+ count)) }
            return 0
        case .list, .plainList:
            taken = width
            frames.append(
                Frame(
                    start: place &+ 1, at: place &+ 1, end: field.end, left: count, isPlain: field.kind == .plainList))
            return frames.count > Self.deepest ? fail() : 0
        case .records:
            taken = width
            recordsEnd = position &+ width &+ count
            stage = .records
            return 0
        default: break
        }
        taken = width
        skip = count
        return 0
    }

    /// Topics' names have 249 bytes at the most, and groups' are no longer by custom.
    private static let longestName = 256

    // MARK: What is looked for

    private func number(_ field: KafkaTable.Field, _ bytes: RawSpan) {
        switch field.mark {
        case .error:
            guard let code = bytes.big(Int16.self, at: 0), code != 0 else { return }
            if error == 0 { error = code }
            if !topics.isEmpty, topics[topics.count &- 1].error == 0 { topics[topics.count &- 1].error = code }
        case .acks: acks = bytes.big(Int16.self, at: 0)
        case .topicID:
            guard let high = bytes.big(UInt64.self, at: 0), let low = bytes.big(UInt64.self, at: 8) else { return }
            let id = KafkaTopicID(high: high, low: low)
            // Behind the name that it belongs to, or alone.
            if !topics.isEmpty, topics[topics.count &- 1].id == nil, topics[topics.count &- 1].isNameOnly {
                topics[topics.count &- 1].id = id
            } else {
                append(Topic(id: id))
            }
        case .none, .topic, .group: break
        }
    }

    private func string(_ mark: KafkaTable.Mark, _ bytes: RawSpan) {
        let start = text.count
        guard start < 1 << 20 else { return }
        switch mark {
        case .topic:
            text.append(bytes)
            let name = ByteRange(start, text.count)
            // Behind the id that it belongs to, in the request for Metadata.
            if !topics.isEmpty, topics[topics.count &- 1].isIDOnly {
                topics[topics.count &- 1].name = name
            } else {
                append(Topic(name: name))
            }
        case .group:
            guard group.isEmpty else { return }
            text.append(bytes)
            group = ByteRange(start, text.count)
        default: break
        }
    }

    private func append(_ topic: Topic) {
        if topics.count < Self.mostTopics { topics.append(topic) }
    }

    /// A client asks for some hundred at once at the most.
    private static let mostTopics = 4096

    // MARK: Records

    /// A batch, or a message of before Kafka 0.11: their counts stand at fixed places, compressed or not.
    private func batch(_ bytes: RawSpan) -> Int {
        let left = recordsEnd &- position
        guard left >= Self.magicPlace &+ 1 else {
            // What a broker cut at the size that was asked for.
            stage = .field
            skip = left
            return 0
        }
        guard let length = bytes.big(UInt32.self, at: 8), let magic = bytes.u8(at: Self.magicPlace) else {
            return Self.magicPlace &+ 1 &- bytes.byteCount
        }
        var count: UInt64 = 1
        var head = Self.magicPlace &+ 1
        var isPlain = false
        if magic >= 2 {
            head = Swift.min(Self.batchHead, left)
            guard bytes.byteCount >= head else { return head &- bytes.byteCount }
            let attributes = bytes.big(UInt16.self, at: 21) ?? 0
            // A control batch holds no message: it says that a transaction has ended.
            count = attributes & 0x20 != 0 ? 0 : UInt64(bytes.big(UInt32.self, at: 57) ?? 0)
            // Neither pressed (the lowest three bits) nor a control batch.
            isPlain = attributes & 0x27 == 0
        }
        let size = 12 &+ Int(length)
        // The last one may be cut; then none of it is taken note of.
        let isWhole = size <= left && size >= head
        if isWhole, !topics.isEmpty { topics[topics.count &- 1].records &+= count }
        taken = head
        if readsRecords, isPlain, isWhole, !topics.isEmpty {
            records.begin(end: position &+ size)
            stage = .batch
            return 0
        }
        // What is pressed, or of before Kafka 0.11.
        if readsPayloads, isWhole, count > 0, !topics.isEmpty { topics[topics.count &- 1].hasOthers = true }
        skip = (isWhole ? size : left) &- head
        if !isWhole || size == left { stage = .field }
        return 0
    }

    private static let magicPlace = 16
    private static let batchHead = 61

    /// The records of a batch have come to an end, or make no more sense.
    private func leaveBatch() {
        if !topics.isEmpty {
            if let traces = records.traces { topics[topics.count &- 1].join(traces) }
            if readsPayloads { addShapes(to: topics.count &- 1) }
        }
        stage = records.end == recordsEnd ? .field : .records
    }

    /// Adds what the records of a batch carry to the topic that is read, which is the last.
    private func addShapes(to topic: Int) {
        limit = limit ?? records.limit
        var place = topics[topic].shapes
        if place.isEmpty { place = shapes.count..<shapes.count }
        var hasOthers = topics[topic].hasOthers || records.hasOthers
        for shape in records.shapes where !shapes[place].contains(shape) {
            guard place.count < Self.mostShapes else {
                hasOthers = true
                break
            }
            shapes.append(shape)
            place = place.lowerBound..<shapes.count
        }
        topics[topic].shapes = place
        topics[topic].hasOthers = hasOthers
    }

    /// Shapes of one topic's records in one message; any more are as if nobody had looked.
    private static let mostShapes = JSONShapeScanner.maximumFineElements

    /// A part is missing of a batch of which no more is wanted than its traces.
    /// - Returns: how many of the batch's bytes come behind that; `nil` where its end is missing, too, or no batch is read.
    func leaveBatch(_ length: UInt64, behind tail: Int) -> Int? {
        let rest = records.end &- position &- tail
        guard stage == .batch, rest >= 0, length <= UInt64(rest) else { return nil }
        position = records.end
        skip = 0
        if readsPayloads, !topics.isEmpty { topics[topics.count &- 1].hasOthers = true }
        leaveBatch()
        return rest &- Int(length)
    }

    /// An unsigned varint of 32 bits.
    private static func varint(_ bytes: RawSpan) -> (value: Int, width: Int)? {
        var value = 0
        for place in 0..<5 {
            guard let byte = bytes.u8(at: place) else { return nil }
            value |= Int(byte & 0x7F) &<< (7 &* place)
            if byte & 0x80 == 0 { return (value, place &+ 1) }
        }
        return nil
    }
}

extension KafkaReader.Topic {
    fileprivate mutating func join(_ other: KafkaTraces) { traces = traces?.joined(with: other) ?? other }
    fileprivate var isNameOnly: Bool { !name.isEmpty && records == 0 }
    fileprivate var isIDOnly: Bool { name.isEmpty && id != nil && records == 0 }
}
