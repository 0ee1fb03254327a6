private import CCodecs

/// Writes a state down: numbers of seven bits a byte, each text once, sections that a reader can step over.
///
/// docs/state.md has the form.
struct StateWriter {
    private var bytes: [UInt8] = []
    private var texts: [[UInt8]: UInt64] = [:]
    private var table: [UInt8] = []
    /// Texts stand where they are used, and no table is made: two things can be compared by what is written of them.
    private let isInline: Bool
    /// Moments are written as what they are later than it.
    let origin: Timestamp

    init(origin: Timestamp) { self.init(origin: origin, isInline: false) }

    private init(origin: Timestamp, isInline: Bool) {
        self.origin = origin
        self.isInline = isInline
    }

    // MARK: Values

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// Seven bits a byte, the lowest first; the highest bit says that another byte follows.
    mutating func number(_ value: some BinaryInteger) {
        var rest = UInt64(truncatingIfNeeded: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Numbers near zero are short, whatever their sign.
    mutating func signed(_ value: Int64) { number(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func moment(_ value: Timestamp) { signed(value.since(origin)) }

    /// Eight bytes, the lowest first: for what is as likely to be large as small.
    mutating func word(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func text(_ text: [UInt8]) {
        if isInline {
            number(text.count)
            bytes += text
        } else if let known = texts[text] {
            number(known)
        } else {
            number(texts.count)
            var entry = StateWriter(origin: origin, isInline: true)
            entry.text(text)
            table += entry.bytes
            texts[text] = UInt64(texts.count)
        }
    }

    mutating func text(_ text: String) { self.text(Array(text.utf8)) }

    mutating func optional<Value>(_ value: Value?, _ write: (inout StateWriter, Value) -> Void) {
        flag(value != nil)
        if let value { write(&self, value) }
    }

    // MARK: Lists

    mutating func list<Value>(_ values: some Collection<Value>, _ write: (inout StateWriter, Value) -> Void) {
        number(values.count)
        for value in values { write(&self, value) }
    }

    /// A list in the order of what is written of its elements, which the order in which they came does not change.
    /// - Returns: the places that the elements had.
    @discardableResult
    mutating func sorted<Value>(_ values: [Value], _ write: (inout StateWriter, Value) -> Void) -> [Int] {
        var keyed: [(key: [UInt8], place: Int)] = []
        keyed.reserveCapacity(values.count)
        for (place, value) in values.enumerated() {
            var inline = StateWriter(origin: origin, isInline: true)
            write(&inline, value)
            keyed.append((inline.bytes, place))
        }
        keyed.sort { $0.key.lexicographicallyPrecedes($1.key) }
        list(keyed) { write(&$0, values[$1.place]) }
        return keyed.map(\.place)
    }

    /// A part that a reader may step over.
    mutating func section(_ kind: StateSection, _ write: (inout StateWriter) -> Void) {
        let before = bytes
        bytes = []
        write(&self)
        let own = bytes
        bytes = before
        number(kind.rawValue)
        number(own.count)
        bytes += own
    }

    // MARK: The file

    /// The whole file.
    func file() -> [UInt8] {
        var head = StateWriter(origin: origin)
        StateFormat.magic.withUTF8Buffer { head.bytes += $0 }
        head.number(StateFormat.version)
        head.word(UInt64(bitPattern: origin.nanoseconds))
        head.number(texts.count)
        var file = head.bytes + table + bytes
        file += StateFormat.checksum(file[...])
        return file
    }
}

/// Parts of a state; new ones get new numbers.
enum StateSection: UInt64 {
    case summary = 1
    case participants, names, parties, shapes, paths, endpoints, schemas, connections, operations, timelines
}

/// What is fixed about the form of a state.
package enum StateFormat {
    /// It is raised only when a reader of the old version would misread the file; a new section needs no new version.
    static let version: UInt64 = 1
    /// Not ASCII, so that it is no text; with the ends of lines that a transfer as text would change (as PNG has it).
    static let magic: StaticString = "\u{7F}STATE\r\n\u{1A}"
    /// Of the checksum at the end.
    static let checksumBytes = 4

    package static func isState(_ head: RawSpan) -> Bool { head.has(magic) }

    /// Of all that stands before it: CRC-32 (RFC 1952, section 8), the lowest byte first.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let sum = bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
        return stride(from: UInt32(0), to: 32, by: 8).map { UInt8(truncatingIfNeeded: sum >> $0) }
    }
}

/// Why a state can't be read.
package enum StateFault: Error, Equatable, CustomStringConvertible {
    case tooNew(version: UInt64)
    /// It is cut short, or was changed.
    case damaged
    /// One state has raw paths, and the other templates.
    case otherPaths(isRaw: Bool)

    package var description: String {
        switch self {
        case .tooNew(let version):
            "is a state of version \(version), and this program reads version \(StateFormat.version); "
                + "read it with the version that wrote it"
        case .damaged: "is a state that is cut short or damaged; write it again from its tapes"
        case .otherPaths(let isRaw):
            isRaw
                ? "is a state with raw paths; give --raw-paths to read it"
                : "is a state with templates of paths; read it without --raw-paths and --compat"
        }
    }
}
