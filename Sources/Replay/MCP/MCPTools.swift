import Console
import Shared

/// What an agent can ask of tapes: each tool reads, and gives text.
final class MCPTools {
    enum Tool: String, CaseIterable {
        case listServices = "list_services"
        case summary, query, explain, diff, export
    }

    private let inputs: [MCPRecording]
    private let replaying: Replaying
    /// What was read, once somebody has asked.
    private var read: Recording?

    /// The inputs, read once.
    private struct Recording {
        var tables: TapeDatabase
        var result: Replaying.Result
        var finder: ConnectionFinder
    }

    /// - Parameters:
    ///   - replaying: how inputs are read.
    init(_ inputs: [MCPRecording], _ replaying: Replaying) {
        (self.inputs, self.replaying) = (inputs, replaying)
    }

    /// Bytes of an answer; who asks has no room for more.
    private static let mostBytes = 256 << 10
    private static let mostRows = 10_000
    private static let usualRows = 100
    /// Steps of SQLite's machine, a few seconds.
    private static let mostSteps = 200_000_000
    /// Memory that a query's answer may take beside the tables.
    private static let mostMemory = 256 << 20

    func call(_ tool: Tool, _ arguments: JSONValue) throws(Failure) -> String {
        try tool.check(arguments)
        let text =
            switch tool {
            case .listServices: try services(arguments)
            case .summary: try summary()
            case .query: try query(arguments)
            case .explain: try explain(arguments)
            case .diff: try diff(arguments)
            case .export: try export(arguments)
            }
        guard text.utf8.count > Self.mostBytes else { return text }
        let kept = String(decoding: text.utf8.prefix(Self.mostBytes), as: UTF8.self)
        return kept + "\n… and \(Quantity.bytes(UInt64(text.utf8.count - Self.mostBytes))) more; ask for less"
    }

    // MARK: Reading

    private func recording() throws(Failure) -> Recording {
        if let read { return read }
        var replaying = replaying
        replaying.options.eventLog = true
        replaying.options.interfaces = true
        replaying.options.payloads = true
        replaying.options.keepsPlaces = true
        replaying.withBodies = true
        // What names the ends of a connection, for `explain`.
        replaying.options.journal = .first(Explain.remembered)
        let finder = ConnectionFinder()
        replaying.observer = finder
        let tables = try TapeDatabase()
        let result = try replaying.run(paths, names: inputs.flatMap(\.names)) { lines throws(Failure) in
            try tables.add(events: lines)
            return true
        }
        try tables.add(result.map, summary: Self.text(result))
        try tables.database.limitMemory(Self.mostMemory)
        let read = Recording(tables: tables, result: result, finder: finder)
        self.read = read
        return read
    }

    private var paths: [String] { inputs.flatMap(\.streamed.paths) }

    private static func text(_ result: Replaying.Result) -> String {
        SummaryJSON.text(result.summary, capture: { result.capture.write(&$0) })
    }

    // MARK: Tools

    private func services(_ arguments: JSONValue) throws(Failure) -> String {
        let top = try number("top", arguments, most: 1000) ?? 50
        var choice = MapView.Choice()
        choice.selection.service = arguments["service"]?.text
        let view = MapView(try recording().result.map, choice)
        if let service = choice.selection.service, view.services.isEmpty {
            throw Failure("service \(service): calls nobody here, or is not in the map; list_services has them all")
        }
        return IndentedJSON.text { view.write(&$0, top: top) }
    }

    private func summary() throws(Failure) -> String {
        let result = try recording().result
        return (result.capture.complaints + [Self.text(result)]).joined(separator: "\n")
    }

    private func query(_ arguments: JSONValue) throws(Failure) -> String {
        let most = try number("rows", arguments, most: Self.mostRows) ?? Self.usualRows
        let tables = try recording().tables
        let statement = try tables.database.prepare(query: arguments["sql"]?.text ?? "")
        var text = ""
        var rows = QueryRows(statement.columnNames, as: .json) { lines throws(Failure) in
            text += lines
            return text.utf8.count <= Self.mostBytes
        }
        tables.database.limitSteps(Self.mostSteps)
        var count = 0
        while rows.areWanted, try tables.database.step(statement) {
            guard count < most else {
                try rows.finish()
                return text + "… and more rows; rows says how many are wanted\n"
            }
            try rows.add(statement.row)
            count += 1
        }
        try rows.finish()
        return count == 0 ? "no rows\n" : text
    }

    private func explain(_ arguments: JSONValue) throws(Failure) -> String {
        let recording = try recording()
        let style = TextStyle(width: 120)
        if let endpoint = arguments["endpoint"]?.text {
            let found = recording.result.map.explained(endpoint)
            guard !found.isEmpty else {
                throw Failure("endpoint \(endpoint): is not in the map; list_services has those that are")
            }
            return EndpointReport(found, recording.result.map).text(style, top: nil)
        }
        let exchange = try number("exchange", arguments, most: .max).map { UInt64($0) }
        let found = try connection(arguments, exchange: exchange, recording.finder)
        let explanation = try Explanation(
            of: found, paths, recording.finder, replaying.options, recording.result.map, exchange: exchange)
        return explanation.text(style, top: nil)
    }

    /// What is asked for, by its own number or by that of an exchange on it.
    private func connection(
        _ arguments: JSONValue, exchange: UInt64?, _ finder: ConnectionFinder
    ) throws(Failure) -> ConnectionFinder.Found {
        if let exchange {
            if let found = finder[exchange: exchange] { return found }
            throw Failure("exchange \(exchange): no request of the recordings has that number")
        }
        guard let number = try number("connection", arguments, most: .max) else {
            throw Failure(
                "explain: say what, by endpoint, exchange or connection; the tables of query have the numbers of both")
        }
        if let found = finder[connection: UInt64(number)] { return found }
        let count = Quantity.count(UInt64(finder.count), "connection")
        throw Failure("connection \(number): the recordings have \(count)")
    }

    private func diff(_ arguments: JSONValue) throws(Failure) -> String {
        let (old, new) = (try recording(arguments["old"]), try recording(arguments["new"]))
        let difference = MapDifference(try facts(old), try facts(new), ignoring: IgnoredChanges())
        return DifferenceReport(difference: difference, old: old.name, new: new.name).text(TextStyle(width: 120))
    }

    private func recording(_ name: JSONValue?) throws(Failure) -> MCPRecording {
        let name = name?.text ?? ""
        if let known = inputs.first(where: { $0.name == name }) { return known }
        throw Failure(
            "\(name): is none of the recordings; there are \(inputs.map(\.name).joined(separator: ", "))")
    }

    private func facts(_ recording: MCPRecording) throws(Failure) -> MapFacts {
        let result = try replaying.run(recording.streamed.paths, names: recording.names) { _ in true }
        var facts = MapFacts(result.map)
        if !result.variables.isEmpty { facts.variables = result.variables }
        return facts
    }

    private func export(_ arguments: JSONValue) throws(Failure) -> String {
        let result = try recording().result
        let format = arguments["format"]?.text ?? ""
        guard let format = ExportedText(rawValue: format) else {
            throw Failure(
                "format \(format): is none of \(ExportedText.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let (text, leftOut) = try format.text(result, service: arguments["service"]?.text)
        return text + leftOut.map { "left out: \($0)\n" }.joined()
    }

    private func number(_ name: String, _ arguments: JSONValue, most: Int) throws(Failure) -> Int? {
        guard let value = arguments[name] else { return nil }
        guard let number = value.whole.flatMap({ Int(exactly: $0) }), (1...most).contains(number) else {
            throw Failure("\(name): is no number from 1 to \(most)")
        }
        return number
    }
}
