import Shared

/// What `replay grade` found, for people and for programs.
struct GradeReport {
    var grading: Grading
    /// Differences that are shown; of the rest only the number.
    var shown: Int

    // MARK: Text

    func text(_ style: TextStyle) -> String {
        var lines: [String] = []
        for (number, difference) in grading.differences.prefix(shown).enumerated() {
            if number > 0 { lines.append("") }
            lines += Self.lines(difference, style)
        }
        let rest = grading.differences.count - min(shown, grading.differences.count)
        if rest > 0 {
            lines += [
                "", "and \(Quantity.count(UInt64(rest), "difference")) more; --differences \(shown + rest) shows all",
            ]
        }
        if !lines.isEmpty { lines.append("") }
        lines += table(style)
        if grading.unjudged > 0 {
            let others = Quantity.count(UInt64(grading.unjudged), "connection")
            lines += ["", "\(others) of others on the tape, which the manifest does not tell of"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func table(_ style: TextStyle) -> [String] {
        var lines = [style.tone(.faint, Self.row("", ["told", "seen", "right", "precision", "recall"]))]
        for kind in EventKind.allCases {
            guard let score = grading.scores[kind], score.event.told > 0 || score.event.seen > 0 else { continue }
            lines.append(Self.row(kind.name + "s", score.event, .strong, style))
            for (name, field) in zip(kind.fields, score.fields) where field.told > 0 || field.seen > 0 {
                lines.append(Self.row("  " + name, field, .plain, style))
            }
        }
        return lines
    }

    private static func row(_ name: String, _ score: Score, _ tone: TextStyle.Tone, _ style: TextStyle) -> String {
        let row = row(
            name,
            [score.told, score.seen, score.right].map { Quantity.count(UInt64($0)) }
                + [ratio(score.right, score.seen), ratio(score.right, score.told)].map { $0 ?? "-" })
        return style.tone(score.isPerfect ? tone : .bad, row)
    }

    private static func row(_ name: String, _ columns: [String]) -> String {
        name.padded(20) + columns.map { $0.leftPadded(11) }.joined()
    }

    /// `1.0`, or four places that are never rounded up; `nil` for nothing of nothing.
    static func ratio(_ part: Int, _ whole: Int) -> String? {
        guard whole > 0 else { return nil }
        guard part < whole else { return "1.0" }
        let places = String(part * 10_000 / whole)
        return "0." + String(repeating: "0", count: 4 - places.count) + places
    }

    private static func lines(_ difference: Difference, _ style: TextStyle) -> [String] {
        let what =
            switch difference.what {
            case .missing: "not seen"
            case .extra: "seen, and not in the manifest"
            case .differs: "seen otherwise"
            }
        let place = difference.place > 0 ? " \(difference.place) of \(difference.tuple)" : " \(difference.tuple)"
        let view = difference.view.map { ", \($0)'s view" } ?? ""
        let line = difference.line > 0 ? ", line \(difference.line)" : ""
        let head = style.tone(.bad, "\(difference.kind.name)\(place)\(view)\(line): \(what)")
        guard case .differs(let fields) = difference.what else {
            return [head, "  " + style.safe(style.fitted(difference.text, style.width - 2))]
        }
        return [head]
            + fields.flatMap { field in
                [("told", field.told), ("seen", field.seen ?? "nothing")].map { who, value in
                    let label = "  \(field.field.padded(14)) \(who)  "
                    return label + style.safe(style.fitted(value, style.width - label.count))
                }
            }
    }

    // MARK: JSON

    var json: String {
        IndentedJSON.text { json in
            json.boolean("perfect", grading.isPerfect)
            for kind in EventKind.allCases {
                guard let score = grading.scores[kind] else { continue }
                json.object(Self.key(kind.name + "s")) { json in
                    Self.write(score.event, &json)
                    json.object("fields") { json in
                        for (name, field) in zip(kind.fields, score.fields) {
                            json.object(Self.key(name)) { Self.write(field, &$0) }
                        }
                    }
                }
            }
            json.number("unjudged_connections", UInt64(grading.unjudged))
            json.number("differences", UInt64(grading.differences.count))
            json.array("first_differences", Array(grading.differences.prefix(shown)), Self.write)
        }
    }

    private static func write(_ score: Score, _ json: inout IndentedJSON) {
        json.number("told", UInt64(score.told))
        json.number("seen", UInt64(score.seen))
        json.number("right", UInt64(score.right))
        if let precision = ratio(score.right, score.seen) { json.number("precision", precision) }
        if let recall = ratio(score.right, score.told) { json.number("recall", recall) }
    }

    private static func write(_ json: inout IndentedJSON, _ difference: Difference) {
        json.string("kind", key(difference.kind.name))
        json.string("local", "\(difference.tuple.local)")
        json.string("remote", "\(difference.tuple.remote)")
        if let view = difference.view { json.string("view", view) }
        if difference.place > 0 { json.number("place", UInt64(difference.place)) }
        if difference.line > 0 { json.number("line", UInt64(difference.line)) }
        switch difference.what {
        case .missing: json.string("missing", difference.text)
        case .extra: json.string("extra", difference.text)
        case .differs(let fields):
            json.array("fields", fields) { json, field in
                json.string("field", key(field.field))
                json.string("told", field.told)
                if let seen = field.seen { json.string("seen", seen) }
            }
        }
    }

    private static func key(_ name: String) -> String { String(name.map { $0 == " " ? "_" : $0 }) }
}
