/// Reads what `StateWriter` has written, from bytes that nobody vouches for.
struct StateReader {
    private let bytes: [UInt8]
    private var at: Int
    private let end: Int
    private var texts: [Range<Int>] = []
    private var origin = Timestamp(nanoseconds: 0)

    /// - Parameter file: a whole one.
    init(file: [UInt8]) throws(StateFault) {
        guard StateFormat.isState(file.span.bytes) else { throw .damaged }
        bytes = file
        at = StateFormat.magic.utf8CodeUnitCount
        end = file.count - StateFormat.checksumBytes
        guard at < end else { throw .damaged }
        // Where a later version has its checksum is not known.
        let version = try number()
        guard version <= StateFormat.version else { throw .tooNew(version: version) }
        guard file[end...].elementsEqual(StateFormat.checksum(file[..<end])) else { throw .damaged }
        origin = Timestamp(nanoseconds: Int64(bitPattern: try word()))
        for _ in 0..<(try count()) {
            let length = try count()
            texts.append(at..<at + length)
            at += length
        }
    }

    private init(_ other: StateReader, _ part: Range<Int>) {
        bytes = other.bytes
        texts = other.texts
        origin = other.origin
        at = part.lowerBound
        end = part.upperBound
    }

    var isAtEnd: Bool { at == end }

    // MARK: Values

    mutating func byte() throws(StateFault) -> UInt8 {
        guard at < end else { throw .damaged }
        at += 1
        return bytes[at - 1]
    }

    mutating func flag() throws(StateFault) -> Bool { try byte() != 0 }

    mutating func number() throws(StateFault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw .damaged
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(StateFault) -> Number {
        guard let number = Number(exactly: try number()) else { throw .damaged }
        return number
    }

    mutating func signed() throws(StateFault) -> Int64 {
        let value = try number()
        return Int64(bitPattern: value >> 1 ^ (0 &- (value & 1)))
    }

    mutating func moment() throws(StateFault) -> Timestamp {
        Timestamp(nanoseconds: origin.nanoseconds &+ (try signed()))
    }

    mutating func word() throws(StateFault) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 8) { value |= UInt64(try byte()) << shift }
        return value
    }

    /// How many things follow, each of which takes a byte at least.
    mutating func count() throws(StateFault) -> Int {
        guard let count = Int(exactly: try number()), count <= end - at else { throw .damaged }
        return count
    }

    mutating func text() throws(StateFault) -> [UInt8] {
        guard let place = Int(exactly: try number()), place < texts.count else { throw .damaged }
        return Array(bytes[texts[place]])
    }

    mutating func string() throws(StateFault) -> String { String(decoding: try text(), as: UTF8.self) }

    mutating func optional<Value>(
        _ read: (inout StateReader) throws(StateFault) -> Value
    ) throws(StateFault) -> Value? { try flag() ? try read(&self) : nil }

    mutating func list<Value>(
        _ read: (inout StateReader) throws(StateFault) -> Value
    ) throws(StateFault) -> [Value] {
        let count = try count()
        var values: [Value] = []
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    // MARK: Sections

    /// The next section, or `nil` at the end.
    ///
    /// Its kind is `nil` where only a later version knows it.
    mutating func section() throws(StateFault) -> (kind: StateSection?, content: StateReader)? {
        if isAtEnd { return nil }
        let kind = StateSection(rawValue: try number())
        let length = try count()
        defer { at += length }
        return (kind, StateReader(self, at..<at + length))
    }
}
