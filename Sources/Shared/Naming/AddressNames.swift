/// Names that the user gave to addresses: `--name 10.0.0.5=web`, `--name 10.0.0.5:5432=orders-db`, `--names FILE`.
///
/// The name of an endpoint goes before the name of its address, and an option before a file. Two options that
/// contradict each other are an error. In files the first line for an address counts, as for the resolver: hosts files
/// repeat addresses as a matter of course.
package struct AddressNames: Equatable, Sendable {
    package init() {}
    private var byAddress: [IPAddress: String] = [:]
    private var byEndpoint: [Endpoint: String] = [:]
    private var hostsByAddress: [IPAddress: String] = [:]
    private var hostsByEndpoint: [Endpoint: String] = [:]

    /// Some names stand for one port of an address only.
    var namesPorts: Bool { !byEndpoint.isEmpty || !hostsByEndpoint.isEmpty }

    /// The name of an endpoint, or of its address.
    package func name(of endpoint: Endpoint) -> String? {
        byEndpoint[endpoint] ?? hostsByEndpoint[endpoint] ?? byAddress[endpoint.address]
            ?? hostsByAddress[endpoint.address]
    }

    /// Takes the value of a `--name` option: `ADDRESS=NAME`, `ADDRESS:PORT=NAME`, `[IPV6]:PORT=NAME`.
    package mutating func add(_ rule: String) throws(NameRuleError) {
        let place = "--name \(rule)"
        guard let equals = rule.firstIndex(of: "=") else {
            throw NameRuleError(place: place, reason: "no `=` between address and name; write --name 10.0.0.5=web")
        }
        let name = Self.trimmed(rule[rule.index(after: equals)...])
        guard !name.isEmpty else {
            throw NameRuleError(place: place, reason: "no name after `=`; write --name 10.0.0.5=web")
        }
        let target = try Self.target(Self.trimmed(rule[..<equals]), place: place)
        let known =
            switch target {
            case .address(let address): byAddress.updateValue(name, forKey: address)
            case .endpoint(let endpoint): byEndpoint.updateValue(name, forKey: endpoint)
            }
        if let known, known != name {
            throw NameRuleError(
                place: place, reason: "this address is named \(known) by another --name; keep one of them")
        }
    }

    /// Takes a file in hosts syntax: a line has an address (or `ADDRESS:PORT`), a name, and aliases, which are not
    /// used; `#` begins a comment.
    package mutating func addHosts(_ text: String, file: String) throws(NameRuleError) {
        var number = 0
        // On Unicode scalars, since "\r\n" is one Character.
        for line in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let place = "\(file), line \(number)"
            let fields = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let first = fields.first else { continue }
            guard fields.count > 1 else {
                throw NameRuleError(place: place, reason: "no name after the address; write: 10.0.0.5 web")
            }
            let name = String(fields[1])
            switch try Self.target(String(first), place: place) {
            case .address(let address): if hostsByAddress[address] == nil { hostsByAddress[address] = name }
            case .endpoint(let endpoint): if hostsByEndpoint[endpoint] == nil { hostsByEndpoint[endpoint] = name }
            }
        }
    }

    private enum Target {
        case address(IPAddress)
        case endpoint(Endpoint)
    }

    /// An address, or an address with a port.
    ///
    /// IPv6 with a port stands in brackets; without them all colons are its own.
    private static func target(_ text: String, place: String) throws(NameRuleError) -> Target {
        if let address = IPAddress(text) { return .address(address) }
        var host = Substring(text)
        var port: Substring?
        if text.hasPrefix("["), let bracket = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<bracket]
            let rest = text[text.index(after: bracket)...]
            if rest.hasPrefix(":") {
                port = rest.dropFirst()
            } else if !rest.isEmpty {
                host = Substring(text)
            }
        } else if let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard let address = IPAddress(host) else {
            throw NameRuleError(
                place: place,
                reason: "`\(text)` is no address; write 10.0.0.5, 10.0.0.5:5432, 2001:db8::1 or [2001:db8::1]:5432")
        }
        guard let port else { return .address(address) }
        guard port.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") <= 9 }), let number = UInt16(port), number > 0 else {
            throw NameRuleError(place: place, reason: "`\(port)` is no port; write a number from 1 to 65535")
        }
        return .endpoint(Endpoint(address, number))
    }

    private static func trimmed(_ text: Substring) -> String {
        var scalars = text.unicodeScalars
        while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
        return String(Substring(scalars.drop { $0 == " " || $0 == "\t" }))
    }
}

/// A name rule that cannot be used: where it stands, what is wrong and what to write.
package struct NameRuleError: Error, Equatable, CustomStringConvertible {
    /// The option with its value, or the file and the line.
    package var place: String
    /// What is wrong, and what to write.
    package var reason: String

    package var description: String { "\(place): \(reason)" }
}
