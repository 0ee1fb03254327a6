/// Metrics as data points, cumulative since the tape's beginning.
///
/// Durations go out in seconds with explicit buckets, as the conventions have them; and once more, in nanoseconds, as exponential histograms,
/// which the map's own are: nothing of them is lost.
enum OTLPMetrics {
    private static let cumulative: UInt64 = 2

    /// - Parameter since: when counting began; `nil`: at the first point, which the others say.
    static func elements(_ metrics: [Metric], since: Timestamp? = nil) -> [OTLPFile.Element] {
        let since = since ?? metrics.flatMap(\.series).compactMap(\.points.first?.time).min()
        return metrics.flatMap { metric in
            // One element of each service: a resource has its own.
            var services: [String?] = []
            for series in metric.series where !services.contains(series.service) { services.append(series.service) }
            return services.map { service in
                let series = metric.series.filter { $0.service == service }
                return OTLPFile.Element(
                    service: service, text: text(metric, series, since),
                    count: series.reduce(0) { $0 + $1.points.count })
            }
        }
    }

    private static func text(_ metric: Metric, _ series: [Metric.Series], _ since: Timestamp?) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        json.beginObject()
        json.key("name")
        json.string(metric.name)
        json.key("description")
        json.string(metric.description)
        json.key("unit")
        json.string(metric.unit.rawValue)
        switch metric.kind {
        case .counter: json.key("sum")
        case .durations: json.key("histogram")
        case .exponential: json.key("exponentialHistogram")
        case .info: json.key("gauge")
        }
        json.beginObject()
        json.key("dataPoints")
        json.beginArray()
        for one in series {
            for point in one.points where point.time != since {
                json.element()
                json.beginObject()
                json.attributes(one.attributes)
                if metric.kind != .info { json.time("startTimeUnixNano", since ?? point.time) }
                json.time("timeUnixNano", point.time)
                write(point.value, metric.kind, &json)
                json.endObject()
            }
        }
        json.endArray()
        if metric.kind != .info {
            json.key("aggregationTemporality")
            json.number(cumulative)
        }
        if metric.kind == .counter {
            json.key("isMonotonic")
            json.boolean(true)
        }
        json.endObject()
        json.endObject()
        return [UInt8](json.bytes)
    }

    private static func write(_ value: Metric.Value, _ kind: Metric.Kind, _ json: inout JSONWriter) {
        switch (value, kind) {
        case (.count(let count), _):
            json.key("asInt")
            json.string("\(count)")
        case (.durations(let histogram), .durations(let bounds)): write(histogram, bounds, &json)
        case (.durations(let histogram), _): write(histogram, &json)
        }
    }

    private static func write(_ histogram: LatencyHistogram, _ bounds: [UInt64], _ json: inout JSONWriter) {
        json.key("count")
        json.string("\(histogram.count)")
        json.key("sum")
        raw(MetricsFile.seconds(nanoseconds: histogram.sum), &json)
        json.key("bucketCounts")
        json.beginArray()
        var passed: UInt64 = 0
        for count in histogram.counts(notAbove: bounds) + [histogram.count] {
            json.element()
            json.string("\(count &- passed)")
            passed = count
        }
        json.endArray()
        json.key("explicitBounds")
        json.beginArray()
        for bound in bounds {
            json.element()
            raw(MetricsFile.seconds(nanoseconds: bound), &json)
        }
        json.endArray()
        guard !histogram.isEmpty else { return }
        json.key("min")
        raw(MetricsFile.seconds(nanoseconds: histogram.minimum), &json)
        json.key("max")
        raw(MetricsFile.seconds(nanoseconds: histogram.maximum), &json)
    }

    /// Nanoseconds, in the buckets that they were counted in.
    private static func write(_ histogram: LatencyHistogram, _ json: inout JSONWriter) {
        var (zeros, buckets) = (UInt64(0), [(bucket: Int, count: UInt64)]())
        histogram.visitBuckets { bucket, count in
            if let bucket { buckets.append((bucket, count)) } else { zeros = count }
        }
        json.key("count")
        json.string("\(histogram.count)")
        json.key("sum")
        json.number(histogram.sum)
        json.key("scale")
        json.number(Int64(ExponentialScale.scale))
        json.key("zeroCount")
        json.string("\(zeros)")
        if let first = buckets.first {
            json.key("positive")
            json.beginObject()
            json.key("offset")
            json.number(Int64(first.bucket))
            json.key("bucketCounts")
            json.beginArray()
            var next = first.bucket
            for (bucket, count) in buckets {
                while next < bucket {
                    json.element()
                    json.string("0" as StaticString)
                    next += 1
                }
                json.element()
                json.string("\(count)")
                next += 1
            }
            json.endArray()
            json.endObject()
        }
        guard !histogram.isEmpty else { return }
        json.key("min")
        json.number(histogram.minimum)
        json.key("max")
        json.number(histogram.maximum)
    }

    private static func raw(_ text: String, _ json: inout JSONWriter) { json.raw(Array(text.utf8).span.bytes) }
}
