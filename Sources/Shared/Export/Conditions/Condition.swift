/// What a workload needs of others, as the Runtime Conditions Profile declares it (core schema 0.4.0, runtimeconditions/spec).
///
/// It says what has to be there, and by which environment variables the workload learns of it: no value, no host, no address.
package struct ConditionsProfile: Equatable, Sendable {
    /// Of the workload, as the service map has it.
    var name: String
    /// Where the workload comes from; observation can't tell.
    var uri: String
    /// By kind, type and name; never empty, which would say that nothing is needed.
    var conditions: [Condition]

    /// The vocabularies that the conditions use, in the order in which they are listed.
    var vocabularies: [Vocabulary] {
        Vocabulary.allCases.filter { vocabulary in conditions.contains { $0.uses(vocabulary) } }
    }

    /// Those that somebody has supplied, as they are to be listed behind them.
    var supplied: [String] {
        let used = conditions.compactMap { condition -> String? in
            if case .supplied(let interface) = condition.interface { interface.vocabulary } else { nil }
        }
        return Set(used).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// One thing that has to be there.
struct Condition: Equatable, Sendable {
    /// Unique in its profile.
    var name: String
    var interface: Interface
    /// The environments that tell of it, of which each is enough; empty where none is known, or none can be declared.
    var configurations: [[ConfiguredVariable]] = []

    enum Interface: Equatable, Sendable {
        /// HTTP, by path and then method.
        case api([APIOperation])
        case datastore(type: String, engine: String?)
        case cache(engine: String?)
        case nats([NATSCondition])
        /// Of a vocabulary that somebody has supplied.
        case supplied(SuppliedInterface)
    }

    /// The name of the kind, as the vocabulary has it.
    var kind: String {
        switch interface {
        case .api: "api"
        case .datastore: "datastore"
        case .cache: "cache"
        case .nats: "nats.service"
        case .supplied(let interface): interface.kind
        }
    }

    /// The interface's type.
    var type: String {
        switch interface {
        case .api: "http"
        case .datastore(let type, _): type
        case .cache: "key_value"
        case .nats: "service"
        case .supplied(let interface): interface.type
        }
    }

    func uses(_ vocabulary: Vocabulary) -> Bool {
        switch interface {
        case .api, .datastore, .cache:
            vocabulary == .commonIntegrations || vocabulary == .environment && !configurations.isEmpty
        case .nats: vocabulary == .nats
        // What variables tell of it, its own vocabulary says.
        case .supplied: false
        }
    }
}

/// What is asked over HTTP: a method, a path template, and what bodies look like where that can be said.
struct APIOperation: Equatable, Sendable {
    var method: String
    var path: String
    var request: SimpleSchema?
    var response: SimpleSchema?

    /// Whether a path is one that an operation may have: it names neither a host nor a query.
    static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && !text.hasPrefix("//") && !text.contains("?") && !text.contains("#")
    }

    /// Those that the vocabulary has.
    static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
}

/// A variable by which a workload learns of what it needs.
struct ConfiguredVariable: Hashable, Sendable {
    var property: ConfigurationProperty
    var name: String
    /// Its value is not to be shown.
    var isSensitive = false
}

/// What a variable says, by the words of env-configuration v1alpha1; in the order in which they are written.
enum ConfigurationProperty: String, CaseIterable, Sendable {
    case url, baseUrl, scheme, hostname, port, database, username, password, token, tls

    /// Those that a kind has.
    static func allowed(_ interface: Condition.Interface) -> Set<ConfigurationProperty> {
        let everywhere: Set<ConfigurationProperty> = [.url, .hostname, .port, .scheme, .username, .password, .tls]
        return switch interface {
        case .api: everywhere.union([.baseUrl, .token])
        case .datastore: everywhere.union([.database])
        case .cache: everywhere.union([.database, .token])
        case .nats: []
        case .supplied(let interface): interface.properties
        }
    }
}

/// The vocabularies that conditions are written in.
enum Vocabulary: CaseIterable, Sendable {
    case commonIntegrations, environment, nats

    /// Its place below `https://runtimeconditions.io/extensions/`, and its version.
    private var place: (path: String, version: String) {
        switch self {
        case .commonIntegrations: ("common-integrations", "v1alpha1")
        case .environment: ("env-configuration", "v1alpha1")
        case .nats: ("nats/service", "0.1.0")
        }
    }

    private static let root = "https://runtimeconditions.io/extensions/"

    /// The one that is referred to so; `nil`: none of these.
    static func of(_ reference: String) -> Vocabulary? {
        allCases.first { [$0.suffixed, $0.url].contains(reference) }
    }

    /// That which defines a kind with a type.
    static func owner(_ kind: String, _ type: String) -> Vocabulary? {
        switch (kind, type) {
        case ("api", "http"), ("datastore", "relational"), ("datastore", "document"), ("cache", "key_value"):
            .commonIntegrations
        case ("nats.service", "service"): .nats
        default: nil
        }
    }

    /// Those of all of them together.
    static let kinds: Set<String> = ["api", "datastore", "cache", "nats.service"]

    /// `ID:VERSION`, as the core schema, the draft and the demonstrations write it.
    var suffixed: String { Self.root + place.path + ":" + place.version }
    /// As the definition files call themselves.
    var url: String { Self.root + place.path + "/" + place.version + "/runtimeconditions.extension.yaml" }
    var id: String { Self.root + place.path }
    var version: String { place.version }
}

/// How a profile refers to its vocabularies: the published files do not agree, and none follows from another.
package enum ExtensionReference: String, CaseIterable, Sendable {
    /// `https://…/common-integrations:v1alpha1`.
    case suffix
    /// `https://…/common-integrations/v1alpha1/runtimeconditions.extension.yaml`.
    case url
    /// `{id: https://…/common-integrations, version: v1alpha1}`.
    case object
}
