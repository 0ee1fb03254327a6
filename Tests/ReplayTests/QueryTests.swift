import Foundation
import TestSupport
import Testing

@testable import replay

/// `replay query`, as its users run it.
@Suite struct `A query` {
    private static let shop = "Fixtures/demo/shop/input.pcap"
    let folder = TemporaryFolder()

    /// The rows that a query gives, as JSON has them.
    private func rows(_ query: String, _ inputs: [String] = [Self.shop], _ options: [String] = []) throws -> [String] {
        let run = try Executable.replay(["query", query, "--json"] + options + inputs)
        #expect(run.status == 0, "\(run.errors)")
        return run.output.split(separator: "\n").map { String($0) }
    }

    // MARK: What is there

    @Test func `finds the fields of the event log, and what the page says`() throws {
        let fields = try FieldReference(column: "field")
        let page = try FieldReference("docs/query.md", column: "column")
        let pages = [
            "http": "Messages", "messages": "Messages within a conversation",
            "operations": "Operations of the log", "connections": "Connections of the log",
        ]
        for relation in QueryRelation.all {
            let columns = relation.columns.map(\.name)
            guard let heading = pages[relation.name] else {
                #expect(try page.names(relation.name) == columns, "\(relation.name)")
                continue
            }
            var listed = try fields.names(heading).filter { !$0.hasPrefix("raw_payload") }
            listed = listed.enumerated().filter { listed.firstIndex(of: $1) == $0 }.map(\.element)
            #expect(columns == ["time_ns"] + listed, "\(relation.name)")
        }
        let tables = try rows("SELECT name FROM sqlite_schema ORDER BY name")
        #expect(tables == QueryRelation.all.map(\.name).sorted().map { "{\"name\":\"\($0)\"}" })
    }

    @Test func `counts as the map and the summary do`() throws {
        #expect(
            try rows("SELECT count(*) n, sum(is_error) e, count(DISTINCT connection) c FROM exchanges")
                == ["{\"n\":32,\"e\":6,\"c\":7}"])
        #expect(try rows("SELECT sum(count) n, sum(errors) e FROM map_endpoints") == ["{\"n\":32,\"e\":6}"])
        #expect(try rows("SELECT count FROM counters WHERE name = 'messages.exchanges'") == ["{\"count\":32}"])
        #expect(
            try rows("SELECT calls, errors FROM edges WHERE service = 'web:8080' ORDER BY destination")
                == ["{\"calls\":6,\"errors\":2}", "{\"calls\":7,\"errors\":1}"])
        // Each operation once, though connections and operations are joined.
        #expect(
            try rows(
                "SELECT (SELECT sum(calls) FROM edges WHERE category <> 'http') = (SELECT sum(count) FROM map_operations) same"
            )
                == ["{\"same\":1}"])
        #expect(try rows("SELECT count(*) n FROM losses") == ["{\"n\":0}"])
        // `date -d 2026-11-23T23:21:58.699606Z +%s%N`
        #expect(
            try rows("SELECT time_ns, timestamp FROM exchanges LIMIT 1")
                == ["{\"time_ns\":1795476118699606000,\"timestamp\":\"2026-11-23T23:21:58.699606000Z\"}"])
        let housekeeping = "SELECT count(*) n FROM operations"
        #expect(try rows(housekeeping) == ["{\"n\":43}"])
        #expect(try rows(housekeeping, [Self.shop], ["--housekeeping"]) == ["{\"n\":77}"])
    }

    @Test func `says of a state what is in it`() throws {
        let state = folder.path + "/shop.state"
        #expect(try Executable.replay(["state", Self.shop, "-o", state]).status == 0)
        for table in ["map_services", "map_endpoints", "map_connections", "map_operations", "edges"] {
            let ofTape = try rows("SELECT * FROM \(table)")
            #expect(try !ofTape.isEmpty && rows("SELECT * FROM \(table)", [state]) == ofTape, "\(table)")
        }
        #expect(try rows("SELECT count(*) n FROM http", [state]) == ["{\"n\":0}"])
    }

    @Test func `finds what is missing`() throws {
        let lossy = "Fixtures/http/capture-loss/input.pcap"
        let run = try Executable.replay(["query", "SELECT name FROM losses", "--json", lossy])
        #expect(run.status == 1 && run.output.contains("bytes.gaps."))
    }

    // MARK: How it is shown

    @Test func `is shown for people, for programs and for spreadsheets`() throws {
        let query = "SELECT 'a\"b,c' a, 2 b, NULL c, x'00ff' d, 0.5 a, char(27) || '[2J' e"
        let json = try rows(query)
        #expect(json == [#"{"a":"a\"b,c","b":2,"c":null,"d":"00ff","a:2":0.5,"e":"\u001b[2J"}"#])
        let table = try Executable.replay(["query", query, Self.shop]).output
        #expect(table == "a      b  c  d          a  e\na\"b,c  2     x'00ff'  0.5  \\u{1b}[2J\n")
        let csv = try Executable.replay(["query", query, "--csv", Self.shop]).output
        #expect(csv == "a,b,c,d,a,e\r\n\"a\"\"b,c\",2,,00ff,0.5,\u{1B}[2J\r\n")
        #expect(try Executable.replay(["query", "SELECT 1 a WHERE 0", Self.shop]).output == "a\nno rows\n")
        // JSON has no infinity.
        #expect(try rows("SELECT 9e999 a, -9e999 b") == [#"{"a":null,"b":null}"#])
    }

    @Test func `is kept in a file that only its owner reads`() throws {
        let file = folder.path + "/shop.db"
        let run = try Executable.replay(["query", "SELECT count(*) n FROM http", "--db", file, Self.shop])
        #expect(run.status == 0 && run.output == " n\n64\n", "\(run.errors)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(
            bytes.starts(with: Array("SQLite format 3\u{0}".utf8))
                && bytes.range(of: Data("CREATE VIEW edges".utf8)) != nil)
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(folder.names == ["shop.db"])
        let over = try Executable.replay(["query", "SELECT 1", "--db", file, file])
        #expect(over.status == 2 && over.errors.contains("would overwrite the input"))
    }

    // MARK: How much it may be

    private static let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"

    @Test(arguments: ["", "--json", "--csv"]) func `gives rows as they come, to whoever wants no more of them`(
        _ form: String
    )
        throws
    {
        let command =
            "\"$0\" query '\(Self.endless)' \(form) \(Self.shop) | head -2003 | tail -1; echo \"${PIPESTATUS[0]}\""
        let run = try Executable.run("/bin/bash", ["-c", command, Executable.replay])
        let last = ["": "2002", "--json": "{\"n\":2003}", "--csv": "2002\r"][form] ?? ""
        #expect(run.output.drop { $0 == " " } == "\(last)\n0\n", "\(run.errors)")
    }

    @Test func `lays a table out by its first rows, and shows those behind them whole`() throws {
        let wide = "SELECT CASE WHEN n < 1002 THEN 'a' ELSE 'wide' END w, n FROM (\(Self.endless)) LIMIT 1002"
        let lines = try Executable.replay(["query", wide, Self.shop]).output.split(separator: "\n")
        #expect(lines.count == 1003)
        #expect(lines[1] == "a     1" && lines[1000] == "a  1000" && lines[1002] == "wide  1002")
    }

    @Test func `says it where the answer takes more memory than there may be`() throws {
        let large = Self.endless.replacing("FROM c) SELECT n", with: "FROM c LIMIT 40) SELECT n, zeroblob(100000) b")
        let query = "SELECT n FROM (\(large)) ORDER BY b, n"
        #expect(try rows(query, [Self.shop], ["--memory", "9M"]).count == 40)
        for query in [query, Self.endless.replacing("UNION ALL", with: "UNION") + " WHERE n < 0"] {
            let run = try Executable.replay(["query", query, "--memory", "1M", Self.shop])
            #expect(run.status == 2 && run.output.isEmpty)
            #expect(
                run.errors.contains("the answer takes more than 1.0 MB of memory beside the tables"), "\(run.errors)")
        }
        let value = try Executable.replay(["query", "SELECT length(zeroblob(70000000))", Self.shop])
        #expect(value.status == 2 && value.errors == "replay: query: string or blob too big\n")
    }

    // MARK: What it may not

    @Test(arguments: [
        ("SELEC 1", "near \"SELEC\": syntax error, at character 1"),
        ("SELECT  ü, foo FROM http", "no such column: ü, at character 9"),
        ("DELETE FROM http", "only SELECT is there"),
        ("ATTACH '/tmp/x' AS y", "only SELECT is there"),
        ("PRAGMA writable_schema = 1", "only SELECT is there"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        (" -- nothing", "there is no statement"),
    ])
    func `only reads, and says what is wrong before it reads a tape`(_ query: String, _ reason: String) throws {
        let run = try Executable.replay(["query", query, "/nowhere"])
        #expect(
            run.status == 2 && run.errors.hasPrefix("replay: query: ") && run.errors.contains(reason), "\(run.errors)")
    }
}
