/// What the bodies of one endpoint have in common, those that are JSON and whole.
struct EndpointSchemas: Equatable, Sendable {
    private(set) var request = GeneralSchema()
    /// Of answers by their status code.
    private(set) var responses: [UInt16: GeneralSchema] = [:]

    init() {}

    /// No body was JSON and whole.
    var isEmpty: Bool { request.isEmpty && responses.values.allSatisfy(\.isEmpty) }

    /// Takes the bodies of exchanges that had one pair of shapes.
    mutating func add(
        _ request: ShapeID, _ response: ShapeID, _ numbers: ExchangeNumbers, times: UInt64,
        _ table: borrowing ShapeTable
    ) {
        if request.isWholeJSON { self.request.add(request, times: times, table) }
        guard response.isWholeJSON else { return }
        var rest = times
        for (status, count) in numbers.status.reduce([], { $0 + [($1, $2)] }) {
            responses[status, default: GeneralSchema()].add(response, times: count, table)
            rest = rest > count ? rest - count : 0
        }
        if rest > 0 { responses[Self.noStatus, default: GeneralSchema()].add(response, times: rest, table) }
    }

    /// Of answers without one.
    static let noStatus: UInt16 = 0

    mutating func merge(_ other: EndpointSchemas) {
        request.merge(other.request)
        for (status, schema) in other.responses { responses[status, default: GeneralSchema()].merge(schema) }
    }

    /// Holds the bounds, when shapes were added.
    mutating func fit() {
        request.fit()
        for status in responses.keys { responses[status]?.fit() }
    }

    /// Places in all of them.
    var places: Int { responses.values.reduce(request.places) { $0 + $1.places } }

    /// Of all answers, whatever their status.
    var response: GeneralSchema {
        responses.values.reduce(into: GeneralSchema()) { $0.merge($1) }
    }
}

extension EndpointSchemas {
    func write(_ state: inout StateWriter) {
        request.write(&state)
        state.list(responses.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }) { state, response in
            state.number(response.key)
            response.value.write(&state)
        }
    }

    init(_ state: inout StateReader) throws(StateFault) {
        request = try GeneralSchema(&state)
        for _ in 0..<(try state.count()) {
            let status = try state.number(UInt16.self)
            responses[status] = try GeneralSchema(&state)
        }
    }
}
