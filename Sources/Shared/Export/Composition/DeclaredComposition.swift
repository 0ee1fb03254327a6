/// A compose file that somebody has written: its services, and which of them wait for which.
package struct DeclaredComposition {
    struct Service {
        /// By name, with the line that says so.
        var dependencies: [String: Int] = [:]
        var line: Int
        var hasHealthCheck = false
    }

    private(set) var services: [String: Service] = [:]
    /// Other names under which services are reached: of containers, hosts, and within networks.
    private var aliases: [String: String] = [:]

    package init(_ root: DocumentNode) throws(DocumentFault) {
        if let included = root["include"] {
            throw DocumentFault(line: included.line, "includes other files; \(Self.remedy)")
        }
        guard let declared = root["services"]?.composed() else {
            throw DocumentFault(line: root.line, "has no services")
        }
        for (name, member) in declared { services[name] = try Self.service(name, member) }
        for (name, member) in declared.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            for alias in Self.aliases(member.node) where services[alias] == nil && aliases[alias] == nil {
                aliases[alias] = name
            }
        }
    }

    private static let remedy = "give what `docker compose config` makes of them"

    /// The service that is called so; `nil` where none is.
    func service(called name: String) -> String? { services[name] == nil ? aliases[name] : name }

    private static func service(_ name: String, _ member: DocumentNode.Member) throws(DocumentFault) -> Service {
        guard let fields = member.node.composed() else {
            throw DocumentFault(line: member.line, "\(name) is no service")
        }
        if let extended = fields["extends"] {
            throw DocumentFault(line: extended.line, "\(name) extends another service; \(remedy)")
        }
        var service = Service(line: member.line)
        if let check = fields["healthcheck"]?.node.composed() {
            let test = check["test"]?.node
            let isNone = test?.elements?.first?.text == "NONE" || test?.text == "NONE"
            service.hasHealthCheck = !isNone && check["disable"]?.node.boolean != true
        }
        if let needed = fields["depends_on"] {
            if let names = needed.node.elements {
                for name in names { if let text = name.text { service.dependencies[text] = name.line } }
            } else if let names = needed.node.composed() {
                for (name, member) in names { service.dependencies[name] = member.line }
            } else if !needed.node.isNull {
                throw DocumentFault(line: needed.line, "depends_on of \(name) is no list and no mapping")
            }
        }
        // What compose makes wait, too: `SERVICE:ALIAS`.
        for link in fields["links"]?.node.elements ?? [] {
            if let text = link.text { service.dependencies[String(text.prefix { $0 != ":" })] = link.line }
        }
        // `SERVICE:ro`; what is another's container is no service.
        for source in fields["volumes_from"]?.node.elements ?? [] {
            guard let text = source.text, !text.hasPrefix("container:") else { continue }
            service.dependencies[String(text.prefix { $0 != ":" })] = source.line
        }
        // Who lives in another's namespace comes after it.
        for key in ["network_mode", "ipc", "pid"] {
            guard let field = fields[key], let text = field.node.text, text.hasPrefix("service:") else { continue }
            service.dependencies[String(text.dropFirst("service:".count))] = field.line
        }
        return service
    }

    private static func aliases(_ service: DocumentNode) -> [String] {
        guard let fields = service.composed() else { return [] }
        let own = ["container_name", "hostname"].compactMap { fields[$0]?.node.text }
        let networks = fields["networks"]?.node.composed() ?? [:]
        let names = networks.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.flatMap { _, network in
            network.node.composed()?["aliases"]?.node.elements?.compactMap(\.text) ?? []
        }
        return own + names
    }
}

extension DocumentNode {
    /// The members of a mapping by their keys, with those that `<<` merges into it where it has none of its own (YAML's merge type); `nil`
    /// where this is no mapping.
    fileprivate func composed() -> [String: Member]? {
        guard let members else { return nil }
        var all: [String: Member] = [:]
        for member in members where member.key != "<<" && all[member.key] == nil { all[member.key] = member }
        for merge in members where merge.key == "<<" {
            for node in merge.node.elements ?? [merge.node] { all.merge(node.composed() ?? [:]) { own, _ in own } }
        }
        return all
    }
}
