/// Metrics as Prometheus reads them: OpenMetrics 1.0, whose points have their times, or Prometheus' own text (version 0.0.4), which has one
/// point a series and no time.
package enum MetricsFile {
    /// The form of the file.
    package enum Form: String, CaseIterable, Sendable {
        case openmetrics, prometheus

        /// What HTTP calls it.
        package var mediaType: String {
            switch self {
            case .openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            }
        }
    }

    /// - Parameter withTimes: of OpenMetrics; whoever asks for how it is now knows the time.
    package static func text(_ metrics: [Metric], _ form: Form, withTimes: Bool = true) -> String {
        var text = ""
        for metric in metrics where metric.kind != .exponential { write(metric, form, withTimes, &text) }
        if form == .openmetrics { text += "# EOF\n" }
        return text
    }

    private static func write(_ metric: Metric, _ form: Form, _ withTimes: Bool, _ text: inout String) {
        let isOpen = form == .openmetrics
        let name = name(metric)
        let sample = name + (metric.kind == .counter ? "_total" : metric.kind == .info ? "_info" : "")
        // The older form names the samples, and knows no metric that only says something.
        let family = isOpen ? name : sample
        text += "# TYPE \(family) \(type(metric.kind, isOpen: isOpen))\n"
        if isOpen, let unit = metric.unit.suffix { text += "# UNIT \(family) \(unit)\n" }
        text += "# HELP \(family) \(metric.description)\n"
        for series in metric.series {
            let labels = labels(series)
            for point in isOpen ? series.points[...] : series.points.suffix(1) {
                let time = isOpen && withTimes ? " \(seconds(milliseconds: point.time))" : ""
                switch (point.value, metric.kind) {
                case (.durations(let histogram), .durations(let bounds)):
                    write(histogram, bounds, name, labels, time, &text)
                case (.count(let count), _): text += "\(sample)\(braces(labels)) \(count)\(time)\n"
                case (.durations, _): break
                }
            }
        }
    }

    private static func write(
        _ histogram: LatencyHistogram, _ bounds: [UInt64], _ name: String, _ labels: String, _ time: String,
        _ text: inout String
    ) {
        let separator = labels.isEmpty ? "" : ","
        for (bound, count) in zip(bounds, histogram.counts(notAbove: bounds)) {
            text += "\(name)_bucket{\(labels)\(separator)le=\"\(seconds(nanoseconds: bound))\"} \(count)\(time)\n"
        }
        text += "\(name)_bucket{\(labels)\(separator)le=\"+Inf\"} \(histogram.count)\(time)\n"
        text += "\(name)_sum\(braces(labels)) \(seconds(nanoseconds: histogram.sum))\(time)\n"
        text += "\(name)_count\(braces(labels)) \(histogram.count)\(time)\n"
    }

    private static func type(_ kind: Metric.Kind, isOpen: Bool) -> String {
        switch kind {
        case .counter: "counter"
        case .durations, .exponential: "histogram"
        case .info: isOpen ? "info" : "gauge"
        }
    }

    // MARK: Names

    /// Dots become `_`, and the unit stands at the end (OpenTelemetry: Prometheus and OpenMetrics Compatibility).
    static func name(_ metric: Metric) -> String {
        let name = metric.name.replacing(".", with: "_")
        return metric.unit.suffix.map { "\(name)_\($0)" } ?? name
    }

    private static func labels(_ series: Metric.Series) -> String {
        var labels = series.attributes
        if let service = series.service { labels.insert(Metric.Attribute("service.name", service), at: 0) }
        return labels.map { label in
            "\(label.name.replacing(".", with: "_"))=\"\(escaped(label.value.text))\""
        }.joined(separator: ",")
    }

    private static func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C || $0 == 0x7F }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            // Other control characters are what no reader agrees on.
            case "\0"..<" ", "\u{7F}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    // MARK: Numbers

    /// Exact, with one decimal at least, as the canonical form of bounds has it.
    static func seconds(nanoseconds: UInt64) -> String {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        var digits = Array("\(1_000_000_000 + rest)".utf8.dropFirst())
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return "\(whole).\(String(decoding: digits, as: UTF8.self))"
    }

    /// Since 1970, of a time that is whole milliseconds.
    private static func seconds(milliseconds time: Timestamp) -> String {
        let milliseconds = time.nanoseconds / 1_000_000
        let (whole, rest) = milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        return "\(milliseconds < 0 ? "-" : "")\(whole).\("\(1000 + rest)".dropFirst())"
    }
}

extension LatencyHistogram {
    /// How many are not above each of the bounds; what shares a bucket with a bound is taken to be below it.
    /// - Parameter bounds: nanoseconds, above zero, in ascending order.
    func counts(notAbove bounds: [UInt64]) -> [UInt64] {
        let buckets = bounds.map { ExponentialScale.bucket(of: $0) }
        var counts = [UInt64](repeating: 0, count: bounds.count)
        var place = 0
        var passed: UInt64 = 0
        visitBuckets { bucket, count in
            while place < buckets.count, let bucket, bucket > buckets[place] {
                counts[place] = passed
                place += 1
            }
            passed &+= count
        }
        for rest in counts.indices[place...] { counts[rest] = passed }
        return counts
    }
}
