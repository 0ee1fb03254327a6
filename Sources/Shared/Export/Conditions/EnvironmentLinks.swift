/// Which environment variables of a service tell of which destination.
///
/// By their values, which are where traffic went, and by their names. What could mean several is told apart by what belongs to it by
/// name, and is left out where nothing does.
struct EnvironmentLinks {
    /// Somebody whom a variable may tell of.
    struct Target {
        /// Names, in lower case.
        var hosts: Set<String> = []
        var addresses: Set<IPAddress> = []
        /// None: not known.
        var ports: Set<UInt16> = []
        /// By which names mean it, in capitals.
        var words: Set<String> = []
        /// What can be declared of it.
        var properties: Set<ConfigurationProperty> = []
        /// HTTP is talked there.
        var isAPI = false
    }

    /// A variable tells of a target.
    struct Link: Equatable {
        var target: Int
        var variable: ConfiguredVariable
        var reason: Reason
        var stem: [String]
    }

    /// Why it is taken to tell of it.
    enum Reason: String, Sendable {
        case value = "its value is where traffic went"
        case stem = "its value fits several; another variable of its stem tells of this one alone"
        case word = "its value fits several; its name names this one"
        case remaining = "its value fits several; the others have variables of their own"
        case name = "another variable of its stem tells of this one"
    }

    /// A variable that tells of somebody, and is not bound.
    struct Unbound: Equatable {
        var name: String
        var reason: Cause

        enum Cause: String, Sendable {
            case ambiguous = "its value fits several destinations, and nothing tells which"
            case platform = "the platform sets it, for each service that there is"
            case name = "no name that can be declared"
            case property = "what it says can't be declared of this kind"
        }
    }

    private(set) var links: [Link] = []
    private(set) var unbound: [Unbound] = []

    private struct Candidate {
        var variable: String
        var name: VariableName
        var property: ConfigurationProperty
        var isSensitive: Bool
        var targets: [Int]
    }

    private let targets: [Target]
    /// The number of what stands for the service itself: a variable may say where it listens.
    private let own: Int
    /// Variables with a value that fits, by name.
    private var open: [Candidate] = []

    init(_ service: ServiceSurroundings.Service, _ targets: [Target]) {
        own = targets.count
        var itself = Target()
        itself.ports = service.listening
        itself.words = ["LISTEN", "BIND", "SERVER", "APP", "HTTP", "WEB"]
        self.targets = targets + [itself]
        let names = service.variables.keys.sorted()
        for name in names { consider(name, service.variables[name] ?? [], among: names) }
        settle()
        for candidate in open { unbound.append(Unbound(name: candidate.variable, reason: .ambiguous)) }
        for name in names { adopt(name, service.variables[name] ?? []) }
        links.removeAll { $0.target == own }
        check()
    }

    // MARK: Values

    private mutating func consider(_ variable: String, _ values: Set<String>, among names: [String]) {
        let name = VariableName(variable)
        var fitting: Set<Int> = []
        var property: ConfigurationProperty?
        var isSensitive = false
        for text in values.sorted() {
            guard let value = VariableValue(text), let said = Self.property(value, name) else { continue }
            let found = targets.indices.filter { fits(value, $0, name) }
            guard !found.isEmpty else { continue }
            fitting.formUnion(found)
            property = said
            if case .url(_, _, true) = value { isSensitive = true }
            if !CredentialScanner(Array(text.utf8)).hits.isEmpty { isSensitive = true }
        }
        guard let property, !fitting.isEmpty else { return }
        if VariableName.isPlatforms(variable, among: names) {
            if fitting != [own] { unbound.append(Unbound(name: variable, reason: .platform)) }
            return
        }
        open.append(
            Candidate(
                variable: variable, name: name, property: property, isSensitive: isSensitive,
                targets: fitting.sorted()))
    }

    /// What a value of this form says under this name; `nil` where it may be there by chance.
    private static func property(_ value: VariableValue, _ name: VariableName) -> ConfigurationProperty? {
        switch value {
        case .port: return name.property == .port ? .port : nil
        case .host:
            return [.hostname, .url, .baseUrl].contains(name.property) ? .hostname : nil
        case .place: return .url
        case .url: return name.isBase || name.property == .baseUrl ? .baseUrl : .url
        }
    }

    private func fits(_ value: VariableValue, _ number: Int, _ name: VariableName) -> Bool {
        let target = targets[number]
        switch value {
        case .port(let port): return target.ports.contains(port)
        case .host(let host):
            // Where a service listens may be where it goes, on a machine of its own.
            let isListening = name.stem.isEmpty || name.stem == ["LISTEN"] || name.stem == ["BIND"]
            return number != own && !(isListening && !targets[own].ports.isEmpty) && Self.has(target, host)
        case .place(let place): return number != own && Self.has(target, place, nil)
        case .url(let scheme, let places, _):
            return number != own && places.contains { Self.has(target, $0, VariableValue.ports[scheme]) }
        }
    }

    private static func has(_ target: Target, _ place: VariableValue.Authority, _ usual: UInt16?) -> Bool {
        guard has(target, place.host) else { return false }
        guard let port = place.port ?? usual, !target.ports.isEmpty else { return true }
        return target.ports.contains(port)
    }

    private static func has(_ target: Target, _ host: String) -> Bool {
        if let address = IPAddress(host) { return target.addresses.contains(address) }
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        return target.hosts.contains(name) || name == "localhost" && target.addresses.contains(where: \.isLoopback)
    }

    // MARK: Names

    private mutating func settle() {
        bind(open.map { only($0.targets) }, .value)
        while true {
            let before = open.count
            bind(
                open.map { candidate in only(candidate.targets.filter { isBound($0, stem: candidate.name.stem) }) },
                .stem)
            bind(
                open.map { candidate in only(candidate.targets.filter { isNamed($0, by: candidate.name.stem) }) }, .word
            )
            if open.count < before { continue }
            bind(remaining(), .remaining)
            if open.count == before { return }
        }
    }

    /// Of each that is open, the one target without a place that only it may give one.
    private func remaining() -> [Int?] {
        let left = open.map { candidate in
            candidate.property == .hostname ? candidate.targets.filter { $0 != own && !isPlaced($0) } : []
        }
        return left.map { targets in
            guard let target = only(targets), left.count(where: { $0.contains(target) }) == 1 else { return nil }
            return target
        }
    }

    private func only(_ numbers: [Int]) -> Int? { numbers.count == 1 ? numbers[0] : nil }

    private func isBound(_ target: Int, stem: [String]) -> Bool {
        !stem.isEmpty && links.contains { $0.target == target && $0.stem == stem }
    }

    private func isNamed(_ target: Int, by stem: [String]) -> Bool {
        !targets[target].words.isDisjoint(with: stem) || target == own && stem.isEmpty
    }

    /// Something says where it is.
    private func isPlaced(_ target: Int) -> Bool {
        links.contains { $0.target == target && [.url, .baseUrl, .hostname].contains($0.variable.property) }
    }

    /// Binds what is open, each to its target where it has one.
    private mutating func bind(_ found: [Int?], _ reason: Reason) {
        var rest: [Candidate] = []
        for (candidate, target) in zip(open, found) {
            guard let target else {
                rest.append(candidate)
                continue
            }
            let variable = ConfiguredVariable(
                property: candidate.property, name: candidate.variable, isSensitive: candidate.isSensitive)
            links.append(Link(target: target, variable: variable, reason: reason, stem: candidate.name.stem))
        }
        open = rest
    }

    /// Takes a variable whose value nothing can be compared with, by the stem of one that was bound: a user's name, a password.
    private mutating func adopt(_ variable: String, _ values: Set<String>) {
        let name = VariableName(variable)
        guard let property = name.property,
            [.username, .password, .database, .token, .tls, .scheme].contains(property),
            !links.contains(where: { $0.variable.name == variable }), values.contains(where: { !$0.isEmpty })
        else { return }
        for stem in [name.stem, name.otherStem].compactMap({ $0 }) where !stem.isEmpty {
            let places = links.filter { $0.stem == stem && $0.reason != .name }
            guard let target = only(Array(Set(places.map(\.target)))), target != own else { continue }
            let isSensitive = property == .password || property == .token
            links.append(
                Link(
                    target: target,
                    variable: ConfiguredVariable(property: property, name: variable, isSensitive: isSensitive),
                    reason: .name, stem: stem))
            return
        }
    }

    /// Takes away what can't be declared.
    private mutating func check() {
        for (place, link) in links.enumerated() where link.variable.property == .baseUrl && !targets[link.target].isAPI
        {
            links[place].variable.property = .url
        }
        links.removeAll { link in
            if !VariableName.isDeclarable(link.variable.name) {
                unbound.append(Unbound(name: link.variable.name, reason: .name))
                return true
            }
            guard !targets[link.target].properties.contains(link.variable.property) else { return false }
            unbound.append(Unbound(name: link.variable.name, reason: .property))
            return true
        }
        unbound.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    // MARK: Declarations

    /// The environments that tell of a target, of which each is enough: a URL, or a host with what belongs to it.
    func configurations(of target: Int) -> [[ConfiguredVariable]] {
        let own = links.filter { $0.target == target }
        let urls = own.filter { [.url, .baseUrl].contains($0.variable.property) }
        let hosts = own.filter { $0.variable.property == .hostname }
        let ports = own.filter { $0.variable.property == .port }
        let others = own.filter { ![.url, .baseUrl, .hostname, .port].contains($0.variable.property) }
        var groups: [[Link]] = []
        for host in hosts {
            var group = [host]
            let sameStem = ports.filter { $0.stem == host.stem }
            // A port of another stem belongs to the one host that has none of its own.
            let isOnly = hosts.count { host in !ports.contains { $0.stem == host.stem } } == 1
            let strangers = ports.filter { port in !hosts.contains { $0.stem == port.stem } }
            group += sameStem.isEmpty && isOnly ? Array(strangers.prefix(1)) : Array(sameStem.prefix(1))
            let stems = Set(group.map(\.stem))
            group += others.filter { stems.contains($0.stem) }
            groups.append(group)
        }
        for url in urls {
            let isHosts = groups.contains { $0.contains { $0.stem == url.stem } }
            groups.append([url] + (isHosts ? [] : others.filter { $0.stem == url.stem }))
        }
        if hosts.isEmpty, urls.isEmpty, !ports.isEmpty {
            groups.append(ports + others.filter { other in ports.contains { $0.stem == other.stem } })
        }
        return groups.map { group in
            group.map(\.variable).sorted { ($0.property.place, $0.name) < ($1.property.place, $1.name) }
        }.sorted { $0.lexicographicallyPrecedes($1) { ($0.property.place, $0.name) < ($1.property.place, $1.name) } }
    }

    /// What the variables of a target have in common in their names, as a condition may be called: `orders-db`.
    func stem(of target: Int) -> String? {
        let stems = Set(links.filter { $0.target == target && $0.reason != .name }.map(\.stem)).filter { !$0.isEmpty }
        guard let first = stems.map({ $0.joined(separator: "-").lowercased() }).min() else { return nil }
        return first
    }
}

extension ConfigurationProperty {
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
