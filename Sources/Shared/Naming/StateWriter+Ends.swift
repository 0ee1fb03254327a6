/// Ends of connections, and who is there, as a state has them.
extension StateWriter {
    mutating func process(_ key: ProcessKey) {
        number(UInt32(bitPattern: key.pid))
        number(key.startTime)
    }

    /// IPv4 takes less room than IPv6.
    mutating func address(_ address: IPAddress) {
        flag(address.v4 == nil)
        if let v4 = address.v4 {
            for shift in stride(from: UInt32(24), through: 0, by: -8) { byte(UInt8(truncatingIfNeeded: v4 >> shift)) }
        } else {
            word(address.high)
            word(address.low)
        }
    }

    mutating func endpoint(_ endpoint: Endpoint) {
        byte(endpoint.kind.rawValue)
        if let number = endpoint.unixNumber { return self.number(number) }
        address(endpoint.address)
        number(endpoint.port)
    }

    mutating func namespace(_ namespace: NetworkNamespace?) { number(namespace?.number ?? 0) }

    mutating func container(_ container: ContainerIdentity) {
        text(container.service)
        text(container.image)
        text(container.id)
        text(container.name)
    }
}

extension StateReader {
    mutating func process() throws(StateFault) -> ProcessKey {
        ProcessKey(pid: Int32(bitPattern: try number(UInt32.self)), startTime: try number())
    }

    mutating func address() throws(StateFault) -> IPAddress {
        if try flag() { return IPAddress(high: try word(), low: try word()) }
        var v4: UInt32 = 0
        for _ in 0..<4 { v4 = v4 << 8 | UInt32(try byte()) }
        return IPAddress(v4: v4)
    }

    mutating func endpoint() throws(StateFault) -> Endpoint {
        switch Endpoint.Kind(rawValue: try byte()) {
        case .unix: return Endpoint(unix: try number())
        case .internet: return Endpoint(try address(), try number(UInt16.self))
        case nil: throw .damaged
        }
    }

    mutating func namespace() throws(StateFault) -> NetworkNamespace? { NetworkNamespace(try number()) }

    mutating func container() throws(StateFault) -> ContainerIdentity {
        ContainerIdentity(service: try string(), image: try string(), id: try string(), name: try string())
    }
}
