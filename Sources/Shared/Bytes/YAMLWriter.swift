/// Writes YAML in block form: mappings, sequences, and scalars that are plain or in double quotes, each on one line.
///
/// A block that is the value of a key begins on the next line, two blanks further in; one that is an element of a sequence
/// begins behind the dash.
struct YAMLWriter {
    /// What was written.
    private(set) var bytes: [UInt8] = []
    private let style: YAMLScalar.Style
    private var indent = 0
    /// The indentations of the blocks around.
    private var outer: [Int] = []
    private var place = Place.line

    private enum Place {
        case line
        case behindKey
        case behindDash
    }

    init(_ style: YAMLScalar.Style) { self.style = style }

    /// Forgets what was written.
    /// - Parameter kept: bytes of memory that stay at the most.
    mutating func removeAll(keepingAtMost kept: Int) {
        bytes.removeAll(keepingCapacity: bytes.capacity <= kept)
    }

    // MARK: Structure

    /// Begins a document of its own.
    mutating func beginDocument() { put("---\n") }

    /// Begins a member of a mapping; the name needs no quotes.
    mutating func key(_ name: StaticString) {
        pad()
        put(name)
        endKey()
    }

    /// Begins a member of a mapping.
    mutating func key(_ name: String) {
        pad()
        let isComplex = style.isComplex(name)
        if isComplex { put("? ") }
        YAMLScalar.append(name, style, to: &bytes)
        if isComplex { endComplexKey() }
        endKey()
    }

    /// Begins a member of a mapping whose name is not text.
    mutating func key(binary name: RawSpan) {
        pad()
        let isComplex = name.byteCount > YAMLScalar.longestKey / 4 * 3
        if isComplex { put("? ") }
        appendBinary(name)
        if isComplex { endComplexKey() }
        endKey()
    }

    /// Begins the mapping or the sequence that is the value of a key or an element; it has at least one member.
    mutating func beginBlock() {
        outer.append(indent)
        guard place == .behindKey else { return }
        endLine()
        indent += 2
    }

    mutating func endBlock() { indent = outer.popLast() ?? 0 }

    /// Begins an element of a sequence.
    mutating func beginElement() {
        pad()
        put("- ")
        place = .behindDash
        indent += 2
    }

    mutating func endElement() { indent -= 2 }

    /// Before a member or an element: a line for people, which has no line's end in it.
    mutating func comment(_ text: String) {
        pad()
        put("# ")
        bytes.append(contentsOf: text.utf8)
        endLine()
    }

    // MARK: Scalars

    /// A word of the program's own; it needs no quotes or has them.
    mutating func plain(_ text: StaticString) {
        beginScalar()
        put(text)
        endLine()
    }

    mutating func number(_ value: some BinaryInteger) {
        beginScalar()
        bytes.append(contentsOf: String(value).utf8)
        endLine()
    }

    /// Text, in quotes where it needs them.
    mutating func text(_ text: String) {
        beginScalar()
        YAMLScalar.append(text, style, to: &bytes)
        endLine()
    }

    /// Text in quotes, so that no reader takes it for a number.
    mutating func quoted(_ text: String) {
        beginScalar()
        YAMLScalar.appendQuoted(text, style, to: &bytes)
        endLine()
    }

    /// Bytes that are not text.
    mutating func binary(_ value: RawSpan) {
        beginScalar()
        appendBinary(value)
        endLine()
    }

    /// Text in quotes that needs no escapes, as `write` appends it.
    mutating func quoted(_ write: (inout [UInt8]) -> Void) {
        beginScalar()
        put("\"")
        write(&bytes)
        put("\"")
        endLine()
    }

    /// A mapping that stands on the line of its key; neither names nor values need quotes.
    mutating func line(_ members: [(name: String, value: String)]) {
        beginScalar()
        put("{")
        for (place, member) in members.enumerated() {
            if place > 0 { put(", ") }
            bytes.append(contentsOf: member.name.utf8)
            put(": ")
            bytes.append(contentsOf: member.value.utf8)
        }
        put("}")
        endLine()
    }

    // MARK: Lines

    private mutating func pad() {
        if place == .line { for _ in 0..<indent { bytes.append(0x20) } }
        place = .line
    }

    private mutating func endKey() {
        put(":")
        place = .behindKey
    }

    /// Behind `? name`: the colon stands on the next line.
    private mutating func endComplexKey() {
        endLine()
        pad()
    }

    private mutating func beginScalar() { if place == .behindKey { put(" ") } }

    private mutating func endLine() {
        put("\n")
        place = .line
    }

    private mutating func appendBinary(_ value: RawSpan) {
        var text = UniqueBytes(capacity: value.byteCount / 3 &* 4 &+ 8)
        text.appendBase64(value)
        put("!!binary \"")
        text.bytes.withUnsafeBytes { bytes.append(contentsOf: $0) }
        put("\"")
    }

    private mutating func put(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
