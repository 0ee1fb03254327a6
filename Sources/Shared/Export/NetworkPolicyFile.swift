/// What each workload was seen to be called by, and to call, as a NetworkPolicy of Kubernetes (networking.k8s.io/v1): a draft that allows
/// what was seen, and the lookup of names, and nothing else.
package enum NetworkPolicyFile {
    /// The label by which pods are chosen, if nothing else is said: traffic does not tell labels.
    package static let usualLabel = "app"

    /// A policy of each workload, by name; and what none of them can say.
    /// - Parameters:
    ///   - from: what they were made from, for people.
    ///   - label: the key of the label whose value is the workload's name.
    package static func policies(
        _ map: ServiceMapDocument, _ surroundings: ServiceSurroundings, from: String, label: String
    ) -> (policies: [ServiceDescription], leftOut: [String]) {
        var drafts = Drafts(surroundings)
        for dependency in Dependency.all(in: map, surroundings) { drafts.add(dependency) }
        var taken: Set<String> = []
        let policies = drafts.workloads.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
            var own = objectName($0.key)
            let name = own
            var number = 1
            while !taken.insert(own).inserted {
                number += 1
                own = "\(name)-\(number)"
            }
            return ServiceDescription(
                service: $0.key, text: text($0.key, $0.value, name: own, from: from, label: label), leftOut: [])
        }
        return (policies, drafts.leftOut.texts)
    }

    /// Whether a text can be the key of a label: a name of at most 63 characters, behind a domain and `/` where it has one
    /// (Kubernetes, "Labels and Selectors").
    package static func isLabelKey(_ key: String) -> Bool {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, parts.count <= 2, isLabelValue(String(name)) else { return false }
        return parts.count == 1
            || parts[0].wholeMatch(of: /[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/) != nil
                && parts[0].utf8.count <= 253
    }

    fileprivate static func isLabelValue(_ value: String) -> Bool {
        value.utf8.count <= 63 && value.wholeMatch(of: /[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?/) != nil
    }

    /// Names of objects are those of domains: lower case, digits, `-` and `.` (RFC 1123).
    private static func objectName(_ workload: String) -> String {
        let words = workload.lowercased().replacing("_", with: "-").split(separator: ".").map {
            $0.replacing(/^-+|-+$/, with: "")
        }.filter { !$0.isEmpty }
        return words.joined(separator: ".")
    }

    // MARK: Text

    private static func text(_ workload: String, _ rules: Rules, name: String, from: String, label: String) -> String {
        var yaml = YAMLWriter(.sparing)
        yaml.comment(MarkupText.visible(from))
        yaml.comment(
            "A draft: it refuses what was not seen. Pods are taken to have the label \(label), and to be in one namespace."
        )
        yaml.member("apiVersion") { $0.text("networking.k8s.io/v1") }
        yaml.member("kind") { $0.text("NetworkPolicy") }
        yaml.block("metadata") { $0.member("name") { $0.text(name) } }
        yaml.block("spec") { yaml in
            yaml.block("podSelector") { $0.block("matchLabels") { $0.labels(label, workload) } }
            yaml.list("policyTypes", ["Ingress", "Egress"]) { $0.text($1) }
            yaml.list("ingress", rules.ingress.sorted { $0.key < $1.key }) { $0.rule("from", $1.key, $1.value, label) }
            yaml.key("egress")
            yaml.beginBlock()
            yaml.comment("lookups of names")
            yaml.element { yaml in
                yaml.list("ports", ["UDP", "TCP"]) { $0.port(53, $1) }
            }
            for (peer, ports) in rules.egress.sorted(by: { $0.key < $1.key }) {
                if case .address(_, let host?) = peer { yaml.comment(MarkupText.visible(host)) }
                yaml.element { $0.rule("to", peer, ports, label) }
            }
            yaml.endBlock()
        }
        return String(decoding: yaml.bytes, as: UTF8.self)
    }
}

/// What one workload is allowed.
private struct Rules {
    var ingress: [Peer: Set<UInt16>] = [:]
    var egress: [Peer: Set<UInt16>] = [:]
}

private enum Peer: Hashable, Comparable {
    case workload(String)
    /// With the name of a host, for people.
    case address(IPAddress, String?)

    static func < (a: Peer, b: Peer) -> Bool { a.order.lexicographicallyPrecedes(b.order) }

    private var order: [UInt8] {
        switch self {
        case .workload(let name): [0] + Array(name.utf8)
        case .address(let address, let host): [1] + Array("\(host ?? "")\0\(address)".utf8)
        }
    }
}

private struct Drafts {
    private(set) var workloads: [String: Rules] = [:]
    private(set) var leftOut = LeftOut()
    private let surroundings: ServiceSurroundings

    init(_ surroundings: ServiceSurroundings) { self.surroundings = surroundings }

    mutating func add(_ dependency: Dependency) {
        guard dependency.folded == 0 else {
            if let caller = dependency.caller, NetworkPolicyFile.isLabelValue(caller), workloads[caller] == nil {
                workloads[caller] = Rules()
            }
            return leftOut.add(dependency.source, .foldedPlace, count: dependency.folded)
        }
        let ends = [dependency.caller, dependency.workload]
        for case let name? in ends {
            guard NetworkPolicyFile.isLabelValue(name) else { return leftOut.add(name, .name) }
        }
        for case let name? in ends where workloads[name] == nil { workloads[name] = Rules() }
        // The rule for these is there.
        if dependency.looksUpNames, dependency.ports.isSubset(of: [53]) { return }
        guard !dependency.isLocal else {
            if dependency.isUnnamed { leftOut.add(dependency.destination, .ownMachine) }
            return
        }
        let source = IPAddress.ofHost(dependency.source)
        guard dependency.caller != nil || source != nil else { return leftOut.add(dependency.source, .caller) }
        guard let ports = ports(of: dependency) else { return }
        if let caller = dependency.caller { allow(caller, dependency, ports) }
        guard let workload = dependency.workload else {
            if dependency.caller == nil { leftOut.add(dependency.source, .caller) }
            return
        }
        let peer = dependency.caller.map { Peer.workload($0) } ?? source.map { .address($0, nil) }
        if let peer { workloads[workload, default: Rules()].ingress[peer, default: []].formUnion(ports) }
    }

    /// What a caller is allowed to reach.
    private mutating func allow(_ caller: String, _ dependency: Dependency, _ ports: Set<UInt16>) {
        if let workload = dependency.workload {
            workloads[caller, default: Rules()].egress[.workload(workload), default: []].formUnion(ports)
            return
        }
        let named = IPAddress.ofHost(dependency.destination)
        let addresses = dependency.addresses.isEmpty ? Set([named].compactMap { $0 }) : dependency.addresses
        guard !addresses.isEmpty else { return leftOut.add(dependency.destination, .place) }
        for address in addresses where !address.isLoopback {
            let peer = Peer.address(address, named == nil ? dependency.destination : nil)
            workloads[caller, default: Rules()].egress[peer, default: []].formUnion(ports)
        }
    }

    /// The ports of the pods; `nil` where nothing tells.
    private mutating func ports(of dependency: Dependency) -> Set<UInt16>? {
        guard !dependency.ports.isEmpty else {
            leftOut.add(dependency.destination, .port)
            return nil
        }
        // Of a service's port or a published one the pods know nothing.
        let listening = surroundings.services[dependency.destination]?.listening ?? []
        guard !listening.isEmpty, dependency.workload != nil else { return dependency.ports }
        let own = dependency.ports.intersection(listening)
        if own.isEmpty, listening.count == 1 { return listening }
        guard !own.isEmpty else {
            leftOut.add(dependency.destination, .translatedPort)
            return nil
        }
        return own
    }
}

extension YAMLWriter {
    fileprivate mutating func member(_ key: StaticString, _ write: (inout YAMLWriter) -> Void) {
        self.key(key)
        write(&self)
    }

    fileprivate mutating func block(_ key: StaticString, _ write: (inout YAMLWriter) -> Void) {
        self.key(key)
        beginBlock()
        write(&self)
        endBlock()
    }

    fileprivate mutating func element(_ write: (inout YAMLWriter) -> Void) {
        beginElement()
        beginBlock()
        write(&self)
        endBlock()
        endElement()
    }

    fileprivate mutating func labels(_ label: String, _ workload: String) {
        key(label)
        text(workload)
    }

    fileprivate mutating func list<Element>(
        _ key: StaticString, _ elements: [Element], _ write: (inout YAMLWriter, Element) -> Void
    ) {
        self.key(key)
        guard !elements.isEmpty else { return plain("[]") }
        beginBlock()
        for element in elements {
            beginElement()
            beginBlock()
            write(&self, element)
            endBlock()
            endElement()
        }
        endBlock()
    }

    fileprivate mutating func rule(_ direction: StaticString, _ peer: Peer, _ ports: Set<UInt16>, _ label: String) {
        list(direction, [peer]) { yaml, peer in
            switch peer {
            case .workload(let name):
                yaml.block("podSelector") { $0.block("matchLabels") { $0.labels(label, name) } }
            case .address(let address, _):
                yaml.block("ipBlock") { $0.member("cidr") { $0.quoted("\(address)/\(address.v4 == nil ? 128 : 32)") } }
            }
        }
        list("ports", ports.sorted()) { $0.port($1, "TCP") }
    }

    fileprivate mutating func port(_ port: UInt16, _ transport: String) {
        member("protocol") { $0.text(transport) }
        member("port") { $0.number(port) }
    }
}
