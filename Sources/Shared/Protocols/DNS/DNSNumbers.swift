/// What a message is for (IANA, "DNS OpCodes").
enum DNSOpcode: UInt8 {
    case query = 0
    case inverseQuery = 1
    case status = 2
    case notify = 4
    case update = 5
    /// DNS Stateful Operations (RFC 8490).
    case stateful = 6

    /// `nil` for a query, which goes by the type that it asks for.
    var name: StaticString? {
        switch self {
        case .query: nil
        case .inverseQuery: "IQUERY"
        case .status: "STATUS"
        case .notify: "NOTIFY"
        case .update: "UPDATE"
        case .stateful: "DSO"
        }
    }
}

/// Types of records (IANA, "Resource Record (RR) TYPEs").
enum DNSType {
    static let a: UInt16 = 1
    static let nameServer: UInt16 = 2
    static let alias: UInt16 = 5
    static let startOfAuthority: UInt16 = 6
    static let pointer: UInt16 = 12
    static let mail: UInt16 = 15
    static let aaaa: UInt16 = 28
    static let service: UInt16 = 33
    static let options: UInt16 = 41
    static let incrementalTransfer: UInt16 = 251
    static let transfer: UInt16 = 252

    /// `nil` for one that is seldom asked for.
    static func name(_ type: UInt16) -> StaticString? {
        switch type {
        case a: "A"
        case nameServer: "NS"
        case alias: "CNAME"
        case startOfAuthority: "SOA"
        case pointer: "PTR"
        case 13: "HINFO"
        case mail: "MX"
        case 16: "TXT"
        case aaaa: "AAAA"
        case 29: "LOC"
        case service: "SRV"
        case 35: "NAPTR"
        case 37: "CERT"
        case 39: "DNAME"
        case 43: "DS"
        case 44: "SSHFP"
        case 46: "RRSIG"
        case 47: "NSEC"
        case 48: "DNSKEY"
        case 50: "NSEC3"
        case 51: "NSEC3PARAM"
        case 52: "TLSA"
        case 59: "CDS"
        case 60: "CDNSKEY"
        case 61: "OPENPGPKEY"
        case 64: "SVCB"
        case 65: "HTTPS"
        case 99: "SPF"
        case incrementalTransfer: "IXFR"
        case transfer: "AXFR"
        case 255: "ANY"
        case 256: "URI"
        case 257: "CAA"
        default: nil
        }
    }

    /// Appends its name; of one that has none, its number (RFC 3597, section 5).
    static func append(_ type: UInt16, to text: inout UniqueBytes) {
        if let name = name(type) { return text.append(name) }
        text.append("TYPE" as StaticString)
        text.append(decimal: type)
    }
}

/// What became of a question (IANA, "DNS RCODEs").
enum DNSCode {
    static func append(_ code: UInt16, to text: inout UniqueBytes) {
        let names: [StaticString] = [
            "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
            "NOTAUTH", "NOTZONE", "DSOTYPENI",
        ]
        let extended: [StaticString] = [
            "BADVERS", "BADKEY", "BADTIME", "BADMODE", "BADNAME", "BADALG", "BADTRUNC", "BADCOOKIE",
        ]
        if Int(code) < names.count { return text.append(names[Int(code)]) }
        if code >= 16, Int(code) &- 16 < extended.count { return text.append(extended[Int(code) &- 16]) }
        text.append("RCODE" as StaticString)
        text.append(decimal: code)
    }
}
