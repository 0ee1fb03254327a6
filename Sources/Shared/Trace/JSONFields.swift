/// The fields of an object of JSON, asked for by their names.
package struct JSONFields {
    private let members: [JSONLine.Member]

    package typealias Failure = JSONLine.Failure

    /// - Throws: where the line is no object.
    package init(_ line: JSONLine) throws(Failure) {
        guard case .object(let members) = line else { throw Failure("not an object") }
        self.members = members
    }

    /// The first field of this name; `nil` where there is none.
    package subscript(name: StaticString) -> JSONLine? {
        for member in members {
            let bytes = member.name.span.bytes
            if bytes.byteCount == name.utf8CodeUnitCount, bytes.has(name) { return member.value }
        }
        return nil
    }

    /// A string's bytes, which need not be UTF-8.
    ///
    /// It throws, as all below do, where the field is not there or is something else; the reason names the field.
    package func bytes(_ name: StaticString) throws(Failure) -> [UInt8] {
        switch self[name] {
        case .string(let bytes): return bytes
        case nil: throw Failure("no \(name)")
        default: throw Failure("\(name) is no string")
        }
    }

    /// A string, with U+FFFD for what is not UTF-8.
    package func string(_ name: StaticString) throws(Failure) -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    /// A string; `nil` where the field is not there.
    package func optionalString(_ name: StaticString) throws(Failure) -> String? {
        self[name] == nil ? nil : try string(name)
    }

    /// An integer from 0 to 2^64 - 1.
    package func number(_ name: StaticString) throws(Failure) -> UInt64 {
        guard let number = try optionalNumber(name) else { throw Failure("no \(name)") }
        guard let number = UInt64(exactly: number) else { throw Failure("\(name) is out of range") }
        return number
    }

    /// An integer of 32 bits with a sign, as pids and error numbers are.
    func signed(_ name: StaticString) throws(Failure) -> Int32 {
        guard let number = try optionalNumber(name) else { throw Failure("no \(name)") }
        guard let number = Int32(exactly: number) else { throw Failure("\(name) is out of range") }
        return number
    }

    /// Every magnitude of 64 bits has its negative in 128.
    private func optionalNumber(_ name: StaticString) throws(Failure) -> Int128? {
        switch self[name] {
        case nil: return nil
        case .number(let magnitude, let isNegative): return isNegative ? -Int128(magnitude) : Int128(magnitude)
        default: throw Failure("\(name) is no number")
        }
    }

    /// The field `timestamp`: RFC 3339, in UTC, with up to nine digits of a second.
    package func timestamp() throws(Failure) -> Timestamp {
        let text = try bytes("timestamp")
        guard let timestamp = Timestamp(text.span.bytes) else {
            throw Failure("timestamp is not like 2026-04-08T18:24:10.123456789Z")
        }
        return timestamp
    }

    /// An address with a port: `10.0.0.5:80`, `[::1]:80`.
    package func endpoint(_ name: StaticString) throws(Failure) -> Endpoint {
        guard let endpoint = Endpoint(try string(name)) else {
            throw Failure("\(name) is not like 10.0.0.5:80 or [::1]:80")
        }
        return endpoint
    }

    /// The bytes that a string in base64 stands for (RFC 4648, section 4).
    func base64(_ name: StaticString) throws(Failure) -> [UInt8] {
        let text = try bytes(name)
        guard let bytes = Base64.decode(text.span.bytes) else { throw Failure("\(name) is no base64") }
        return bytes
    }
}
