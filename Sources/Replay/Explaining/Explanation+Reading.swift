import Console
import Shared

extension Explanation {
    /// Reads the inputs again, for the one connection.
    /// - Parameters:
    ///   - options: with which they were read.
    ///   - exchange: that is asked for; `nil`: the connection is.
    init(
        of found: ConnectionFinder.Found, _ inputs: [String], _ finder: ConnectionFinder, _ options: Profiler.Options,
        _ map: ServiceMapDocument, exchange: UInt64?
    ) throws(Failure) {
        let history = ConnectionHistory(options.registry)
        var options = options
        options.journal = nil
        let run = Profiler(options, observer: history)
        let witness = ConnectionWitness(found.id, run)
        var tape = Tape(sink: witness)
        if inputs.count == 1 {
            try tape.read(try Input.open(inputs[0], name: nil, readsAhead: nil))
        } else {
            var order = try InputOrder(inputs, names: nil, readsAhead: nil)
            try tape.read(&order)
        }
        tape.finish()
        run.finish()
        let ends = map.ends(of: found.number)
        let numbers = finder.exchanges(of: found.number)
        let entries = history.entries.map { entry in
            // Alone, the connection's exchanges are numbered from 1 on.
            var entry = entry
            entry.exchange = entry.exchange.flatMap { $0 > 0 && $0 <= numbers.count ? numbers[Int($0) - 1] : nil }
            return entry
        }
        self.init(
            number: found.number, exchange: exchange, client: found.client, server: found.server,
            service: ends.map { ($0.service, map.rule(of: $0.service)) },
            destination: ends.map { ends in
                let rule = map.rule(of: ends.destination)
                let isOwn = rule != .address || ends.destination.contains("\(found.server.address)")
                return (ends.destination, isOwn ? rule : .prefix)
            },
            events: witness.events, arePackets: tape.files.allSatisfy { $0.events == nil || $0.original != nil },
            signs: witness.signs,
            holes: witness.holes,
            opinions: witness.opinions(options.registry), heard: witness.heardBytes,
            home: options.registry.home(found.server.port), history: entries, more: history.more,
            summary: run.summary)
    }
}
