/// What a format has no words for, by the reason: how many, and which are the first.
struct LeftOut {
    /// By their names, each with how many it stands for.
    private var names: [Reason: [String: UInt64]] = [:]

    /// Why something can't be said.
    enum Reason: CaseIterable {
        case caller, ownMachine, name, port, translatedPort, place, host, circle, address, folded, foldedPlace,
            method, field, foldedMethod, event

        fileprivate func text(_ count: UInt64) -> String {
            switch self {
            case .caller: Quantity.count(count, "caller") + " without a name; --name and --names give one"
            case .ownMachine:
                Quantity.count(count, "destination")
                    + " on the caller's own machine, both without a name; --name 127.0.0.1=CALLER, --name 127.0.0.1:PORT=SERVER"
            case .name: Quantity.count(count, "name") + " that the format does not allow"
            case .port:
                Quantity.count(count, "destination") + " of which the port is not known; a tape has it, and no state"
            case .translatedPort:
                Quantity.count(count, "destination") + " reached at a port on which nobody listens there"
            case .place: Quantity.count(count, "destination") + " of elsewhere of which the address is not known"
            case .host: Quantity.count(count, "destination") + " without the name of a service"
            case .method: Quantity.count(count, "call") + " of a path that names no method"
            case .foldedMethod: Quantity.count(count, "method") + " beyond what is told of each service"
            case .field: Quantity.count(count, "method") + " with fields of which the numbers are not known"
            case .address: Quantity.count(count, "kind") + " of messages of which the address is not known"
            case .folded: Quantity.count(count, "kind") + " of messages beyond what is told of each service"
            case .foldedPlace:
                Quantity.count(count, "endpoint")
                    + " of destinations beyond what is told of each service, so that nobody knows which; asked by"
            case .event: Quantity.count(count, "kind") + " of server-sent events, or of lines, which are answers here"
            case .circle: Quantity.count(count, "dependency", "dependencies") + " that would close a circle"
            }
        }
    }

    /// - Parameter count: how many the name stands for.
    mutating func add(_ name: String, _ reason: Reason, count: UInt64 = 1) {
        names[reason, default: [:]][name] = count
    }

    /// For people, in the order of the reasons.
    var texts: [String] { Reason.allCases.compactMap { text($0) } }

    /// What is left out for one reason; `nil` where nothing is.
    func text(_ reason: Reason) -> String? {
        guard let names = names[reason] else { return nil }
        let sorted = names.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let shown = sorted.prefix(Self.shown).joined(separator: ", ") + (names.count > Self.shown ? ", …" : "")
        return "\(reason.text(names.values.reduce(0, &+))): \(shown)"
    }

    private static let shown = 5
}
