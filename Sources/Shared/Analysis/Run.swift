/// What is known of a body whose bytes were read before.
struct KnownBody {
    var codings: ContentCodings
    var media: MediaFamily
    var shape: ShapeID
    /// What it asks for in words of its own, where it was looked at for that.
    var operation: [UInt8]?
}

/// What the analyzers of one run share: its bounds, its shapes, what it has counted, and things to be used again.
///
/// One thread runs the pipeline.
final class Run {
    let limits: Limits
    let registry: Registry
    let needs: Needs
    /// Hides what looks like a credential; `nil`: nothing is hidden.
    let redactor: Redactor?
    /// What is kept of statements.
    let statements: StatementText
    var summary: Summary
    /// Connections that were opened.
    var connections: UInt64 = 0
    /// Exchanges that have begun.
    var exchanges: UInt64 = 0
    /// How often analyzers were asked: work that can be counted.
    var steps: UInt64 = 0
    var shapes: ShapeTable
    /// The shapes of bodies that were read lately.
    var bodies = ByteMemo<KnownBody>(places: 2048, longest: 256 << 10, budget: 8 << 20)
    /// Bytes of bodies that are waited for as a whole, on all connections.
    private(set) var heldBodyBytes = 0
    private var decoders: [ContentDecoder] = []
    private var common: [ObjectIdentifier: AnyObject] = [:]
    /// What connections of one client to one server have together.
    var acquaintances = Acquaintances()
    /// Of TLS sessions.
    let secrets: SessionSecrets
    /// Of what is counted later the targets are kept, for a report.
    var keepsTargets = false
    /// For the bytes of messages.
    var buffers = BufferPool()

    init(
        limits: Limits, registry: Registry, needs: Needs, redactor: Redactor? = nil,
        statements: StatementText = .normalized
    ) {
        self.statements = statements
        self.limits = limits
        self.registry = registry
        self.needs = needs
        self.redactor = redactor
        summary = Summary(registry)
        secrets = SessionSecrets(limit: limits.secrets)
        shapes = ShapeTable(limits: limits)
    }

    // MARK: Bodies that are waited for

    /// Makes room for bytes of a body that is waited for.
    /// - Returns: `false` where there is none: the body is read as it comes then, with the same result.
    @inline(__always)
    func hold(bodyBytes count: Int) -> Bool {
        guard heldBodyBytes &+ count <= Self.heldBodyBudget else { return false }
        heldBodyBytes &+= count
        return true
    }

    func letGo(bodyBytes count: Int) { heldBodyBytes &-= count }

    private static let heldBodyBudget = 16 << 20

    // MARK: Things that are used again

    /// What all analyzers of a kind have together, by its type; made when it is first asked for.
    func shared<T: AnyObject>(_ make: () -> T) -> T {
        let key = ObjectIdentifier(T.self)
        if let known = common[key] as? T { return known }
        let made = make()
        common[key] = made
        return made
    }

    /// Gives what all analyzers of a kind are to have together.
    func share<T: AnyObject>(_ made: T) { common[ObjectIdentifier(T.self)] = made }

    /// One that an ended body has given back, or a new one.
    func takeDecoder() -> ContentDecoder { decoders.popLast() ?? ContentDecoder() }

    func giveBack(_ decoder: ContentDecoder) {
        if decoders.count < Self.spareDecoders { decoders.append(decoder) }
    }

    private static let spareDecoders = 64
}
