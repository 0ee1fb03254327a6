/// The elements and attributes of an XML document (XML 1.0): names, no values.
///
/// An element that has only text is a string; else an object of its elements, which are a list where one comes again, and of its
/// attributes, whose names begin with `@`. Prefixes are left out, since who writes chooses them. What is not well-formed, is a
/// page or brings its own grammar is no XML.
final class XMLContent: ContentReader {
    private let run: Run
    private var phase = Phase.start
    /// The bytes of a name or of a mark that is read.
    private var word: [UInt8] = []
    private var quote: UInt8 = 0
    /// Bytes of what ends a mark that were met.
    private var matched = 0
    private var open: [Element] = []
    private var parts: [ShapePart] = []
    private var root: ShapeID?
    private var limit: Limit?
    private var isRefused = false

    private struct Element {
        var name: [UInt8]
        var base: Int
        var hasText = false
    }

    private enum Phase {
        case start, text, open, name, tag, attribute, equals, quote, value, empty, endName, endTag
        /// Behind `<!`, `<?`.
        case mark, comment, section, declaration, instruction
        case failed
    }

    private static let longestName = 256

    init(_ run: Run) { self.run = run }

    func begin() {
        phase = .start
        word.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        (root, limit, isRefused) = (nil, nil, false)
    }

    func feed(_ bytes: RawSpan) {
        var at = 0
        while at < bytes.byteCount, phase != .failed {
            if phase == .text, !open.isEmpty, open[open.count - 1].hasText {
                at = bytes.firstIndex(of: 0x3C, in: at..<bytes.byteCount) ?? bytes.byteCount
                guard at < bytes.byteCount else { return }
            } else if phase == .value {
                at = bytes.firstIndex(of: quote, in: at..<bytes.byteCount) ?? bytes.byteCount
                guard at < bytes.byteCount else { return }
            }
            take(bytes.byte(at))
            at += 1
        }
    }

    private func fail() { phase = .failed }

    private static func isBlank(_ byte: UInt8) -> Bool { HTTPGrammar.isBlank(byte) }

    /// XML 1.0, production 5, where all that is not ASCII belongs to names.
    private static func isName(_ byte: UInt8) -> Bool {
        byte | 0x20 &- 0x61 < 26 || byte &- 0x30 < 11 || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte >= 0x80
    }

    private func take(_ byte: UInt8) {
        switch phase {
        case .start:
            // A byte order mark and blanks may stand before it.
            if byte == 0x3C { phase = .open } else if !Self.isBlank(byte), byte < 0x80 { fail() }
        case .text:
            if byte == 0x3C {
                phase = .open
            } else if !Self.isBlank(byte) {
                guard !open.isEmpty else { return fail() }
                open[open.count - 1].hasText = true
            }
        case .open:
            word.removeAll(keepingCapacity: true)
            matched = 0
            switch byte {
            case 0x2F: phase = .endName
            case 0x3F: phase = .instruction
            case 0x21: phase = .mark
            default:
                guard Self.isName(byte), byte &- 0x30 >= 10 else { return fail() }
                word.append(byte)
                phase = .name
            }
        case .name:
            guard !Self.isName(byte) else { return append(byte) }
            guard begin(word) else { return fail() }
            phase = .tag
            take(byte)
        case .tag:
            if byte == 0x3E {
                phase = .text
            } else if byte == 0x2F {
                phase = .empty
            } else if !Self.isBlank(byte) {
                guard Self.isName(byte) else { return fail() }
                word = [0x40, byte]
                phase = .attribute
            }
        case .attribute:
            guard !Self.isName(byte) else { return append(byte) }
            phase = .equals
            take(byte)
        case .equals:
            if byte == 0x3D { phase = .quote } else if !Self.isBlank(byte) { fail() }
        case .quote:
            if byte == 0x22 || byte == 0x27 {
                (quote, phase) = (byte, .value)
            } else if !Self.isBlank(byte) {
                fail()
            }
        case .value:
            if byte == quote {
                phase = .tag
                addAttribute()
            }
        case .empty:
            guard byte == 0x3E else { return fail() }
            phase = .text
            close()
        case .endName:
            if Self.isName(byte) { return append(byte) }
            guard let element = open.last, Self.local(word) == element.name else { return fail() }
            phase = .endTag
            take(byte)
        case .endTag:
            if byte == 0x3E {
                phase = .text
                close()
            } else if !Self.isBlank(byte) {
                fail()
            }
        case .mark:
            word.append(byte)
            if word == Array("--".utf8) {
                phase = .comment
            } else if word == Array("[CDATA[".utf8) {
                guard !open.isEmpty else { return fail() }
                open[open.count - 1].hasText = true
                phase = .section
            } else if word == Array("DOCTYPE".utf8) {
                guard root == nil, open.isEmpty else { return fail() }
                word.removeAll(keepingCapacity: true)
                phase = .declaration
            } else if word.count > 7 {
                fail()
            }
        case .comment: if ends(byte, "-->") { phase = .text }
        case .section: if ends(byte, "]]>") { phase = .text }
        case .instruction: if ends(byte, "?>") { phase = .text }
        case .declaration:
            if byte == 0x3E { phase = .text } else if byte == 0x5B { fail() }
        case .failed: break
        }
    }

    private func append(_ byte: UInt8) {
        guard word.count < Self.longestName else { return fail() }
        word.append(byte)
    }

    /// - Parameter mark: ends with what no other byte of it is; the others are alike.
    private func ends(_ byte: UInt8, _ mark: StaticString) -> Bool {
        let last = mark.utf8CodeUnitCount - 1
        if byte == mark.utf8Start[last], matched >= last { return true }
        matched = byte == mark.utf8Start[0] ? min(matched + 1, last) : 0
        return false
    }

    /// A name without its prefix.
    private static func local(_ name: [UInt8]) -> [UInt8] {
        name.lastIndex(of: 0x3A).map { Array(name[($0 + 1)...]) } ?? name
    }

    private func begin(_ name: [UInt8]) -> Bool {
        guard open.count < run.limits.jsonDepth else {
            limit = .jsonDepth
            return false
        }
        let name = Self.local(name)
        if open.isEmpty {
            // One root; and a page is none.
            guard root == nil, !HTTPGrammar.equal(name.span.bytes, 0..<name.count, "html") else { return false }
        }
        open.append(Element(name: name, base: parts.count))
        return true
    }

    private func addAttribute() {
        let isNamespace = word.starts(with: "@xmlns".utf8) && (word.count == 6 || word[6] == 0x3A)
        guard !isNamespace else { return }
        let name = [0x40] + Self.local(Array(word.dropFirst()))
        add(name, ShapeID.string.raw)
    }

    private func add(_ name: [UInt8], _ shape: UInt32) {
        guard parts.count < run.limits.jsonKeys else {
            limit = .jsonKeys
            return fail()
        }
        let key = run.shapes.keys.number(of: name.span.bytes)
        guard key != ByteInterner.full else {
            isRefused = true
            return fail()
        }
        parts.append(ShapePart(key: key, shape: shape))
    }

    /// The innermost element has ended.
    private func close() {
        let element = open.removeLast()
        var shape = ShapeID.string.raw
        if parts.count > element.base {
            if element.hasText { add(Array("#text".utf8), ShapeID.string.raw) }
            guard phase != .failed else { return }
            do throws(ShapeTable.Refusal) {
                shape = try FieldShapes.object(parts[element.base...], &run.shapes)
            } catch {
                refuse(error)
                return
            }
            parts.removeLast(parts.count - element.base)
        }
        if !open.isEmpty { return add(element.name, shape) }
        add(element.name, shape)
        guard phase != .failed else { return }
        do throws(ShapeTable.Refusal) {
            root = try FieldShapes.marked("{xml}", FieldShapes.object(parts[...], &run.shapes), &run.shapes)
        } catch {
            refuse(error)
        }
        parts.removeAll(keepingCapacity: true)
    }

    private func refuse(_ refusal: ShapeTable.Refusal) {
        switch refusal {
        case .tableFull: isRefused = true
        case .tooLong: limit = .jsonKeys
        }
        fail()
    }

    func end(isWhole: Bool, _ out: any Output) -> ShapeID {
        if let limit { out.reached(limit) }
        if isRefused { run.shapes.refused &+= 1 }
        guard isWhole else { return .nonJSON.incomplete }
        return phase == .text && open.isEmpty ? root ?? .nonJSON : .nonJSON
    }
}
