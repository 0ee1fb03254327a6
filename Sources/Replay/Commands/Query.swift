import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay query 'SELECT …' INPUT…`, what was seen, asked in SQL.
struct Query: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Look in SQL for what tapes show: messages, operations, connections, and the map.",
        discussion: """
            The event log, the service map and the summary are tables and views of an SQLite database in memory; docs/query.md has \
            their columns, and SELECT name, sql FROM sqlite_schema lists them. A query is one SELECT.

            TABLES AND VIEWS
              http, messages, operations, connections    the event log, a row a line; empty for states
              exchanges                                  requests with their answers
              map_services, map_endpoints, map_connections, map_operations, edges
                                                         the service map
              summary, counters, losses                  what became of every byte

            EXAMPLES
              replay query 'SELECT path, count, errors, p99_ms FROM map_endpoints ORDER BY errors DESC' capture.pcap
                  Which endpoints fail most.
              replay query 'SELECT * FROM operations WHERE code IS NOT NULL' capture.pcap --json
                  What servers answered with a code, for programs.
            """)

    @Argument(help: "One SELECT.")
    var query: String

    @Argument(help: "Tapes and states to read; - is standard input.", completion: .file())
    var inputs: [String]

    @Option(
        help: ArgumentHelp("Keep the database in a file, too, for sqlite3 and others.", valueName: "file"),
        completion: .file())
    var db: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Let the answer take so much memory beside the tables, to sort and to group (default: 1G).",
            valueName: "bytes"))
    var memory: NumberArgument?

    @Flag(help: "Print an object of JSON a row.")
    var json = false

    @Flag(help: "Print comma-separated values (RFC 4180).")
    var csv = false

    @Flag(help: "Hide values that look like credentials.")
    var redact = false

    @Flag(help: "With operations that only keep a session going, too: logins, settings.")
    var housekeeping = false

    @OptionGroup var reading: ReadingOptions

    func run() throws {
        guard !(json && csv) else { throw Failure("--json, --csv: give one of them") }
        var replaying = try reading.replaying()
        replaying.options.eventLog = true
        replaying.options.redact = redact
        replaying.options.housekeeping = housekeeping
        if let db, let input = inputs.first(where: { OutputFile.takes(db, $0) }) {
            throw Failure("--db \(db): would overwrite the input \(input); choose another file")
        }
        if db == "-" { throw Failure("--db -: the rows go to standard output; name a file") }
        let most = try memory?.bytes("--memory", in: 1 << 20...1 << 50) ?? 1 << 30
        let tables = try TapeDatabase()
        // Before anything is read: who mistyped a name need not wait.
        let statement = try tables.database.prepare(query: query)
        let result = try replaying.run(inputs) { lines throws(Failure) in
            try tables.add(events: lines)
            return true
        }
        let summary = SummaryJSON.text(result.summary, capture: { result.capture.write(&$0) })
        try tables.add(result.map, summary: summary)
        if let db {
            let file = try OutputFile(db, option: "--db")
            try tables.database.withFile { bytes throws(Failure) in try file.write(bytes) }
            try file.commit()
        }
        try tables.database.limitMemory(most)
        // What is asked for may take as long as it likes; Ctrl-C ends it.
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        let form: QueryRows.Form = json ? .json : csv ? .csv : .table(Terminal.style(STDOUT_FILENO))
        var rows = QueryRows(statement.columnNames, as: form) { text throws(Failure) in
            try StandardOutput.offer(text)
        }
        while rows.areWanted, try tables.database.step(statement) { try rows.add(statement.row) }
        try rows.finish()
        for line in result.capture.complaints { Terminal.complain(line) }
        if result.isLossy { throw ExitCode(1) }
    }
}
