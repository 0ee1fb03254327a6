/// Which exchanges are kept one by one, where they are more than so many.
package enum JournalSize: Equatable, Sendable {
    case first(Int)
    case last(Int)

    var count: Int {
        switch self {
        case .first(let count), .last(let count): count
        }
    }
}

/// What a report shows beyond the map: when each endpoint and operation was asked for, and the first or the last exchanges one by one.
///
/// Without values: of a target the path, without what looks like a credential, and the names of the query.
final class Journal {
    typealias Record = ReportedExchange<Subject, [UInt8]>

    struct Ends: Sendable {
        var source: UInt32
        var destination: UInt32
    }

    enum Subject: Sendable {
        case endpoint(ServiceMap.EndpointKey)
        case operation(OperationKey)
    }

    private(set) var axis = TimeAxis()
    private(set) var endpoints = EntryTable<ServiceMap.EndpointKey, Timeline>()
    private(set) var operations = EntryTable<OperationKey, Timeline>()
    private(set) var records: [Record] = []
    private(set) var count: UInt64 = 0
    /// Endpoints and operations whose time found no room.
    private(set) var refused: UInt64 = 0
    private let mostTimelines: Int
    /// Who was at the ends of the first connections, by their numbers.
    private(set) var ends: [UInt64: Ends] = [:]
    private let size: JournalSize
    /// Timelines have how long it took, too.
    private let withLatencies: Bool
    /// Of the last ones, when there are as many as are kept.
    private var oldest = 0
    private static let mostOfTarget = 240

    /// - Parameters:
    ///   - timelines: so many at most.
    ///   - withLatencies: they have how long it took, too.
    init(_ size: JournalSize, timelines: Int, withLatencies: Bool = false) {
        self.size = size
        self.withLatencies = withLatencies
        mostTimelines = timelines
    }

    /// What is known of a connection now counts.
    func add(_ connection: Connection, from source: UInt32, to destination: UInt32) {
        guard ends.count < size.count || ends[connection.number] != nil else { return }
        ends[connection.number] = Ends(source: source, destination: destination)
    }

    func add(_ exchange: Exchange, _ text: RawSpan, to endpoint: ServiceMap.EndpointKey, of connection: Connection) {
        let isError = exchange.isAnswered ? AnswerStatus.isError(exchange.status) : !exchange.isOneWay
        let moment = exchange.requestFirstByte
        let latency = withLatencies && !exchange.isWaiting ? ExchangeMeasures(exchange).total : nil
        axis.see(moment)
        add(connection, from: endpoint.source, to: endpoint.destination)
        let key = endpoint.withoutShapes
        if let known = endpoints.find(key) {
            endpoints.update(known) { $0.record(moment, isError: isError, latency: latency, axis) }
        } else if hasRoom {
            var timeline = Timeline()
            timeline.record(moment, isError: isError, latency: latency, axis)
            endpoints.append(key, timeline)
        } else {
            refused &+= 1
        }
        count &+= 1
        guard keepsMore else { return }
        let status =
            exchange.isAnswered ? AnswerStatus.name(exchange.status) : exchange.isOneWay ? "one way" : "no answer"
        keep(
            Record(
                subject: .endpoint(key), moment: moment, total: ExchangeMeasures(exchange).total, status: status,
                isError: isError, requestBytes: exchange.requestBytes, responseBytes: exchange.answerBytes,
                target: Self.shown(target: text.extracting(exchange.target)), connection: connection.number))
    }

    func add(
        _ operation: borrowing ServiceOperation, _ text: RawSpan, as key: OperationKey, of connection: Connection
    ) {
        let isError = operation.status == .error
        let moment = operation.requestFirst
        let (duration, isWaiting) = (operation.duration, operation.isWaiting)
        let latency = withLatencies && !isWaiting ? duration : nil
        axis.see(moment)
        if let known = operations.find(key) {
            operations.update(known) { $0.record(moment, isError: isError, latency: latency, axis) }
        } else if hasRoom {
            var timeline = Timeline()
            timeline.record(moment, isError: isError, latency: latency, axis)
            operations.append(key, timeline)
        } else {
            refused &+= 1
        }
        count &+= 1
        guard keepsMore else { return }
        let code = String(decoding: [UInt8](text.extracting(operation.code)), as: UTF8.self)
        let name = "\(operation.status.name)".replacing("_", with: " ")
        keep(
            Record(
                subject: .operation(key), moment: moment, total: operation.duration,
                status: code.isEmpty ? name : "\(name) \(code)", isError: isError,
                requestBytes: operation.requestBytes, responseBytes: operation.responseBytes, target: [],
                connection: connection.number))
    }

    // MARK: Time

    var hasRoom: Bool { endpoints.count + operations.count < mostTimelines }

    /// Makes one of the timelines of endpoints that have become one.
    /// - Parameter current: what a node of the paths is by now.
    func join(_ current: (UInt32) -> UInt32) {
        var joined = EntryTable<ServiceMap.EndpointKey, Timeline>()
        for entry in endpoints.entries {
            var key = entry.key
            key.path = current(key.path)
            joined.merge(key, entry.value) { $0.merge($1, axis) }
        }
        endpoints = joined
    }

    /// From now on there are moments of another one, too.
    func see(_ other: TimeAxis) {
        for moment in [other.first, other.last] { if let moment { axis.see(moment) } }
    }

    func merge(_ key: ServiceMap.EndpointKey, _ timeline: Timeline) {
        guard hasRoom || endpoints.find(key) != nil else {
            refused &+= 1
            return
        }
        endpoints.merge(key, timeline) { $0.merge($1, axis) }
    }

    func merge(_ key: OperationKey, _ timeline: Timeline) {
        guard hasRoom || operations.find(key) != nil else {
            refused &+= 1
            return
        }
        operations.merge(key, timeline) { $0.merge($1, axis) }
    }

    // MARK: Exchanges

    private var keepsMore: Bool {
        if case .last(let count) = size { count > 0 } else { records.count < size.count }
    }

    private func keep(_ record: Record) {
        guard records.count == size.count else { return records.append(record) }
        records[oldest] = record
        oldest = (oldest + 1) % records.count
    }

    /// A request's target without values: `/items?limit=…&q=…`.
    static func shown(target: RawSpan) -> [UInt8] {
        let redactor = Redactor()
        let bytes = [UInt8](target)
        guard let query = bytes.firstIndex(of: 0x3F) else { return cut(redactor.shown(bytes)) }
        var shown = redactor.shown(Array(bytes[..<query]))
        for (place, pair) in bytes[(query + 1)...].split(separator: 0x26, omittingEmptySubsequences: false).enumerated()
        {
            shown.append(place == 0 ? 0x3F : 0x26)
            guard let equals = pair.firstIndex(of: 0x3D) else {
                // A query that is no list of pairs is a value.
                shown += Array("…".utf8)
                continue
            }
            shown += pair[..<equals] + Array("=…".utf8)
        }
        return cut(shown)
    }

    private static func cut(_ text: [UInt8]) -> [UInt8] {
        text.count <= mostOfTarget ? text : text.prefix(mostOfTarget) + Array("…".utf8)
    }
}

extension ServiceMapDocument {
    /// What a report shows beyond the map, by what is asked of whom.
    package struct Story: Equatable, Sendable {
        /// What an endpoint's entries, whatever their shapes, or those of an operation have in common.
        struct Subject: Hashable, Sendable {
            var service: String
            var destination: String
            var protocolName: String
            /// Of an operation none.
            var method = ""
            /// The template with what the content calls itself, or what the operation is called.
            var name: String
        }

        typealias Exchange = ReportedExchange<Subject, String>

        struct Ends: Equatable, Sendable {
            var service: String
            var destination: String
        }

        /// What each name was taken from.
        var rules: [String: NameRule] = [:]
        /// Of connections, by their numbers.
        var ends: [UInt64: Ends] = [:]
        var axis = TimeAxis()
        var timelines: [Subject: Timeline] = [:]
        /// Exchanges and operations, of all that is in the map.
        var count: UInt64 = 0
        /// The first of them, by their time.
        var exchanges: [Exchange] = []
    }
}

extension ServiceMapDocument.Endpoint {
    /// What people call it, beside its method.
    var title: String { [path, operation].compactMap { $0 }.joined(separator: " ") }
}

extension ServiceMapDocument.Operation {
    /// What people call it.
    var title: String { Self.title(name, targets, summary) }

    static func title(_ name: String, _ targets: [String], _ summary: String) -> String {
        guard summary.isEmpty else { return summary }
        let words = ([name] + targets).filter { !$0.isEmpty }
        return words.isEmpty ? "text unknown" : words.joined(separator: " ")
    }
}
