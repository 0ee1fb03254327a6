import ArgumentParser
import Command
import Console
import Shared

/// `--sort`, `--top`, `--inbound`, and what is told of.
struct MapOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Show of the service map first what has the most: count, errors, p99, bytes; or name (default: count).",
            valueName: "what"))
    var sort: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Show at most so many of each list of the map (default: what fits).", valueName: "number"))
    var top: NumberArgument?

    @Flag(help: "Show who calls each service, in place of whom it calls.")
    var inbound = false

    @OptionGroup var filters: MapFilters

    func choice() throws(Failure) -> MapView.Choice {
        var choice = try filters.choice()
        if let sort {
            guard let order = MapView.Order(rawValue: sort) else {
                let orders = MapView.Order.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure("--sort \(sort): is none of \(orders)")
            }
            choice.order = order
        }
        choice.isInbound = inbound
        return choice
    }

    func most() throws(Failure) -> Int? {
        guard let top else { return nil }
        return try top.number("--top", in: 1...Int.max)
    }
}

/// `--service`, `--destination`, `--protocol`, `--path`, `--status`: what is told of.
struct MapFilters: ParsableArguments {
    @Option(help: ArgumentHelp("Tell only of what a service asks.", valueName: "name"))
    var service: String?

    @Option(help: ArgumentHelp("Tell only of what is asked of a destination.", valueName: "name"))
    var destination: String?

    @Option(
        name: .customLong("protocol"),
        help: ArgumentHelp("Tell only of a protocol: redis, http, http/2.", valueName: "name"))
    var protocolName: String?

    @Option(help: ArgumentHelp("Tell only of paths that begin so.", valueName: "path"))
    var path: String?

    @OptionGroup var outcome: StatusOption

    func selection() throws(Failure) -> Selection {
        var selection = Selection()
        selection.service = service
        selection.destination = destination
        selection.protocolName = protocolName
        selection.path = path
        selection.status = try outcome.choice()
        return selection
    }

    /// For what shows the map.
    func choice() throws(Failure) -> MapView.Choice {
        var choice = MapView.Choice()
        choice.selection = try selection()
        return choice
    }
}

/// `--status`.
struct StatusOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tell only of what ended so: 404, 5xx, 400-599, ok, error, unanswered, NOT_FOUND, 42P01.",
            valueName: "status"))
    var status: String?

    func choice() throws(Failure) -> StatusChoice? {
        guard let status else { return nil }
        guard let choice = StatusChoice(status) else {
            throw Failure("--status: is empty; write 404, 5xx, 400-599, ok, error, unanswered, or a code")
        }
        return choice
    }
}
