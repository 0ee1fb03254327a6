import ArgumentParser
import Command
import Console
import Shared

/// `--sort`, `--top`, `--inbound`, and what of the map is shown.
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
        var choice = filters.choice
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

/// `--service`, `--destination`, `--protocol`, `--path`: what of the map is shown.
struct MapFilters: ParsableArguments {
    @Option(help: ArgumentHelp("Show of the map only what a service calls.", valueName: "name"))
    var service: String?

    @Option(help: ArgumentHelp("Show of the map only what is asked of a destination.", valueName: "name"))
    var destination: String?

    @Option(name: .customLong("protocol"), help: ArgumentHelp("Show of the map only a protocol.", valueName: "name"))
    var protocolName: String?

    @Option(help: ArgumentHelp("Show of the map only paths that begin so.", valueName: "path"))
    var path: String?

    var choice: MapView.Choice {
        var choice = MapView.Choice()
        choice.service = service
        choice.destination = destination
        choice.protocolName = protocolName
        choice.path = path
        return choice
    }
}
