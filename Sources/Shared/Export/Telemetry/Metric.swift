/// A measurement with its series, as OpenTelemetry and Prometheus both have it (OpenTelemetry: data model of metrics; OpenMetrics 1.0).
///
/// All counts and histograms are cumulative: a point says what there was from the tape's beginning to its time.
package struct Metric: Equatable, Sendable {
    /// As OpenTelemetry writes it: `http.client.request.duration`.
    var name: String
    var unit: Unit
    /// For people, in one sentence.
    var description: String
    var kind: Kind
    /// By resource, then attributes.
    var series: [Series]

    /// What is counted.
    enum Unit: String, Sendable {
        case seconds = "s"
        case nanoseconds = "ns"
        case bytes = "By"
        case request = "{request}"
        case response = "{response}"
        case operation = "{operation}"
        case connection = "{connection}"
        case event = "{event}"
        case one = "1"

        /// What Prometheus' names end with; things that are counted have none.
        var suffix: String? {
            switch self {
            case .seconds: "seconds"
            case .bytes: "bytes"
            case .nanoseconds, .request, .response, .operation, .connection, .event, .one: nil
            }
        }
    }

    enum Kind: Equatable, Sendable {
        case counter
        /// - Parameter bounds: nanoseconds, for those who want explicit buckets.
        case durations(bounds: [UInt64])
        /// Durations in the buckets that they were counted in (`ExponentialScale`), which Prometheus' text has no place for.
        case exponential
        /// A value of 1 whose attributes say something.
        case info
    }

    struct Series: Equatable, Sendable {
        /// The service that is the resource; `nil`: the measurement is Tapedeck's own.
        var service: String?
        /// Sorted by their names, each once.
        var attributes: [Attribute]
        /// In the order of time.
        var points: [Point]
    }

    struct Attribute: Hashable, Sendable {
        var name: String
        var value: Value

        enum Value: Hashable, Sendable {
            case text(String)
            case number(UInt64)

            var text: String {
                switch self {
                case .text(let text): text
                case .number(let number): "\(number)"
                }
            }
        }

        init(_ name: String, _ value: String) { (self.name, self.value) = (name, .text(value)) }
        init(_ name: String, _ value: UInt64) { (self.name, self.value) = (name, .number(value)) }
    }

    struct Point: Equatable, Sendable {
        var time: Timestamp
        var value: Value
    }

    enum Value: Equatable, Sendable {
        case count(UInt64)
        case durations(LatencyHistogram)
    }
}

extension Metric.Series {
    /// Puts series in the order in which they are written.
    static func precedes(_ a: Self, _ b: Self) -> Bool {
        let (own, other) = (a.sortKey, b.sortKey)
        for (one, two) in zip(own, other) where one != two { return one.utf8.lexicographicallyPrecedes(two.utf8) }
        return own.count < other.count
    }

    private var sortKey: [String] { [service ?? ""] + attributes.flatMap { [$0.name, $0.value.text] } }
}
