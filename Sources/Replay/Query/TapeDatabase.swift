import Console
import Shared

/// What a run has seen, as tables and views of SQL.
struct TapeDatabase {
    let database: Database
    /// What puts a line of the event log into its table, by the kind of its event.
    private var inserts: [String: Statement] = [:]

    init() throws(Failure) {
        database = try Database()
        for relation in QueryRelation.all {
            let columns = relation.columns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")
            if case .view(let text) = relation.source {
                let names = relation.columns.map(\.name).joined(separator: ", ")
                try database.execute("CREATE VIEW \(relation.name) (\(names)) AS \(text)")
            } else {
                try database.execute("CREATE TABLE \(relation.name) (\(columns))")
            }
        }
        for relation in QueryRelation.all {
            guard case .events(let kinds) = relation.source else { continue }
            for kind in kinds { inserts[kind] = try database.prepare(Self.insert(relation)) }
        }
        try database.execute("BEGIN")
    }

    /// Takes a line apart by SQLite's own functions: what is no text, number or boolean is JSON in its column.
    private static func insert(_ relation: QueryRelation) -> String {
        let values = relation.columns.map { column in
            // Nanoseconds since 1970: a moment has nine digits of the second.
            column.name == "time_ns"
                ? "strftime('%s', substr(line ->> 'timestamp', 1, 19)) * 1000000000 + substr(line ->> 'timestamp', 21, 9)"
                : "line ->> '\(column.name)'"
        }
        return "INSERT INTO \(relation.name) SELECT \(values.joined(separator: ", ")) FROM (SELECT ?1 AS line)"
    }

    // MARK: What was seen

    /// Takes lines of the event log, which are whole.
    func add(events lines: RawSpan) throws(Failure) {
        var at = 0
        while at < lines.byteCount {
            let end = lines.firstIndex(of: UInt8(ascii: "\n"), from: at) ?? lines.byteCount
            try add(event: lines.extracting(at..<end))
            at = end + 1
        }
    }

    private func add(event line: RawSpan) throws(Failure) {
        guard let kind = Self.kind(of: line), let insert = inserts[kind] else { return }
        insert.bind(line, at: 1)
        try database.run(insert)
    }

    /// The kind of an event is its second member, behind the moment.
    private static func kind(of line: RawSpan) -> String? {
        let key = #""event_type":""#
        let head = String(decoding: [UInt8](line.extracting(first: min(line.byteCount, 96))), as: UTF8.self)
        guard let start = head.firstRange(of: key)?.upperBound else { return nil }
        return String(head[start...].prefix { $0 != "\"" })
    }

    /// Takes the map and the summary, once all was seen; `summary` is what `--json` prints.
    func add(_ map: ServiceMapDocument, summary: String) throws(Failure) {
        for table in MapTable.allCases {
            let places = table.columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
            let insert = try database.prepare("INSERT INTO \(table.rawValue) VALUES (\(places))")
            for row in table.rows(map) {
                for (place, cell) in row.enumerated() { Self.bind(cell, at: place + 1, of: insert) }
                try database.run(insert)
            }
        }
        let insert = try database.prepare("INSERT INTO summary VALUES (?1)")
        insert.bind(summary, at: 1)
        try database.run(insert)
        try database.execute("COMMIT")
    }

    private static func bind(_ cell: MapTable.Cell, at place: Int, of statement: Statement) {
        switch cell {
        case .none: break
        case .number(let number): statement.bind(Int64(clamping: number), at: place)
        case .duration(let nanoseconds): statement.bind(Double(nanoseconds) / 1e6, at: place)
        case .text(let text): statement.bind(text, at: place)
        }
    }
}
