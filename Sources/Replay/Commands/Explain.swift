import ArgumentParser
import Command
import Console
import Glibc
import Shared

/// `replay explain INPUT…`, why a connection, an exchange or an endpoint became what it became.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a connection, an exchange or an endpoint of a map became what it is.",
        discussion: """
            Which packets or calls brought it and when, what each detector says of its first bytes and why, what became of the \
            bytes, what was lost and why, which rule named its ends and made the template of its path. The inputs are read \
            twice: they are files, or a stream (nats://…), which is fetched once.

            EXAMPLES
              replay explain capture.pcap --connection 7
                  Of the connection that the event log has as 7.
              replay explain capture.pcap --exchange 12 --json
                  Of the exchange that the event log has as 12, for programs.
              replay explain capture.pcap --connection 7 --bytes server:4096-8192
                  What brought these bytes of what the server says, and what became of them.
              replay explain capture.pcap --endpoint 'GET /orders/{orderId}'
                  Where an endpoint comes from.
            """)

    @Argument(help: "Tapes to read.", completion: .file())
    var inputs: [String]

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The connection, by its number in the event log.", valueName: "number"))
    var connection: NumberArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The exchange, by its number in the event log.", valueName: "number"))
    var exchange: NumberArgument?

    @Option(
        help: ArgumentHelp(
            "With --connection, only what has to do with some bytes of what a side says, without the last: client:0-512.",
            valueName: "side:from-to"))
    var bytes: String?

    @Option(
        help: ArgumentHelp(
            "The endpoint, as the map has it: 'GET /orders/{orderId}', or an operation's summary: 'SELECT orders'.",
            valueName: "name"))
    var endpoint: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Show at most so many of each list (default: 24).", valueName: "number"))
    var top: NumberArgument?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    @OptionGroup var reading: ReadingOptions

    /// Exchanges whose connections are remembered.
    static let remembered = 100_000

    func run() throws {
        let top = try top?.number("--top", in: 1...Int.max)
        let number = try connection?.number("--connection", in: 1...Int.max)
        let wanted = try exchange?.number("--exchange", in: 1...Int.max)
        guard [number != nil, wanted != nil, endpoint != nil].filter({ $0 }).count == 1 else {
            throw Failure("explain: say what, by one of --connection, --exchange and --endpoint")
        }
        let asked = try bytes.map { text throws(Failure) in try StreamBytes(text) }
        guard asked == nil || number != nil else {
            throw Failure("--bytes: is of a connection; give --connection, too")
        }
        guard !inputs.contains("-") else {
            throw Failure("explain reads its inputs twice, which standard input can't be; give it a file")
        }
        let streamed = try StreamedInputs(inputs)
        defer { streamed.end() }
        try Input.check(streamed.paths)
        var replaying = try reading.replaying()
        replaying.options.journal = .first(Self.remembered)
        let finder = ConnectionFinder()
        replaying.observer = finder
        let result = try replaying.run(streamed.paths, names: streamed.names) { _ in true }
        for line in result.capture.complaints { Terminal.complain(line) }
        let style = Terminal.style(STDOUT_FILENO)
        if let endpoint {
            let found = result.map.explained(endpoint)
            guard !found.isEmpty else {
                throw Failure("--endpoint '\(endpoint)': is not in the map; `replay --top 1000` shows what is")
            }
            let report = EndpointReport(found, result.map)
            if json { try StandardOutput.write(report.json) } else { try Pager.show(report.text(style, top: top)) }
        } else {
            let found = try found(finder, number.map { UInt64($0) }, wanted.map { UInt64($0) })
            var explanation = try Explanation(
                of: found, streamed.paths, finder, replaying.options, result.map, exchange: wanted.map { UInt64($0) })
            if let asked { try explanation.narrow(to: asked) }
            if json {
                try StandardOutput.write(explanation.json)
            } else {
                try Pager.show(explanation.text(style, top: top))
            }
        }
        if result.isLossy { throw ExitCode(1) }
    }

    private func found(
        _ finder: ConnectionFinder, _ number: UInt64?, _ exchange: UInt64?
    ) throws(Failure) -> ConnectionFinder.Found {
        if let number {
            if let found = finder[connection: number] { return found }
            throw Failure("--connection \(number): the tape has \(Quantity.count(UInt64(finder.count), "connection"))")
        }
        if let exchange, let found = finder[exchange: exchange] { return found }
        throw Failure("--exchange \(exchange ?? 0): no request of the tape has that number")
    }
}
