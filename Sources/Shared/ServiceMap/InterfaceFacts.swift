/// What the heads of an endpoint's messages say of its interface, beyond what the map counts.
///
/// Names of the query and of fields, media types, hosts, and how requests prove who they are from; no values. Any two can be
/// merged, in any order.
struct InterfaceFacts: Equatable, Sendable {
    /// Exchanges whose request's head was read.
    var requests: UInt64 = 0
    /// Names of the query, of which none is data.
    var query = BoundedNames<Parameter>(Self.mostNames)
    /// Requests whose query has more than names: words without `=`, and names that are data.
    var unnamedQueries: UInt64 = 0
    /// Fields of requests by their names, in lower case, without those that every client sends.
    var fields = BoundedNames<UInt64>(Self.mostNames)
    /// Hosts that requests name, with the scheme: `http://shop.test:8080`.
    var hosts = BoundedNames<UInt64>(Self.mostHosts)
    /// How often each set of proofs came with a request; none is a set, too.
    var proofs: [[Proof]: UInt64] = [:]
    var requestBodies = Bodies()
    /// By status code.
    var answers: [UInt16: Bodies] = [:]

    /// Names of one endpoint's query, and of its fields: an interface that people made has fewer.
    static let mostNames = 64
    /// A service goes by a few names.
    static let mostHosts = 16
    /// Different sets of proofs that are told apart; others are taken for none.
    private static let mostProofs = 16

    /// What stands behind a name of the query.
    struct Parameter: Equatable, Sendable {
        /// Requests that have it.
        var requests: UInt64 = 1
        var kinds: Kinds
        /// One request had it several times.
        var isRepeated = false

        mutating func merge(_ other: Parameter) {
            requests &+= other.requests
            kinds.formUnion(other.kinds)
            isRepeated = isRepeated || other.isRepeated
        }
    }

    /// What values look like.
    struct Kinds: OptionSet, Sendable {
        let rawValue: UInt8

        static let integer = Kinds(rawValue: 1)
        static let number = Kinds(rawValue: 2)
        static let boolean = Kinds(rawValue: 4)
        static let text = Kinds(rawValue: 8)
    }

    /// How a request proves who it is from: by what, and never with what.
    enum Proof: Hashable, Comparable, Sendable {
        /// The scheme of `Authorization`, in lower case.
        case scheme(String)
        /// A field that is called like a credential, in lower case.
        case field(String)
        /// A name of the query that is called like a credential.
        case query(String)
    }

    /// Messages of one direction, by what they carry.
    struct Bodies: Equatable, Sendable {
        var messages: UInt64 = 0
        /// Those that have a body, by its media type without parameters; `*/*` where it says none.
        var media = BoundedNames<UInt64>(InterfaceFacts.mostHosts)
        /// Those that have one.
        var bodies: UInt64 = 0

        mutating func merge(_ other: Bodies) {
            messages &+= other.messages
            bodies &+= other.bodies
            media.merge(other.media)
        }
    }

    mutating func count(_ proofs: Set<Proof>) {
        let set = proofs.sorted()
        let isKnown = self.proofs[set] != nil || self.proofs.count < Self.mostProofs
        self.proofs[isKnown ? set : [], default: 0] &+= 1
    }

    mutating func merge(_ other: InterfaceFacts) {
        requests &+= other.requests
        query.merge(other.query) { $0.merge($1) }
        unnamedQueries &+= other.unnamedQueries
        fields.merge(other.fields)
        hosts.merge(other.hosts)
        for (set, times) in other.proofs.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let isKnown = proofs[set] != nil || proofs.count < Self.mostProofs
            proofs[isKnown ? set : [], default: 0] &+= times
        }
        requestBodies.merge(other.requestBodies)
        for (status, bodies) in other.answers { answers[status, default: Bodies()].merge(bodies) }
    }
}
