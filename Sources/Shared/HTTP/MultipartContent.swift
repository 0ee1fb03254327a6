/// Fields of a `multipart/form-data` body (RFC 7578): a name each, and what has a file's name is a file.
final class MultipartContent: ContentReader {
    private let run: Run
    private var fields = FieldShapes()
    /// `\r\n--` and the boundary.
    private var delimiter: [UInt8] = []
    /// Bytes of it that were met.
    private var matched = 0
    private var phase = Phase.part
    /// Of the fields of a part.
    private var head: [UInt8] = []

    private enum Phase {
        /// In a part, or before the first.
        case part
        /// Behind a delimiter: a line's end, or `--` of the last.
        case behind
        case head
        case done, failed
    }

    private static let longestHead = 8 << 10

    init(_ run: Run) { self.run = run }

    /// - Parameter boundary: that the message's Content-Type has.
    func set(_ boundary: [UInt8]) { delimiter = [0x0D, 0x0A, 0x2D, 0x2D] + boundary }

    func begin() {
        phase = .part
        fields.removeAll()
        head.removeAll(keepingCapacity: true)
        // The first has no line before it.
        matched = 2
    }

    func feed(_ bytes: RawSpan) {
        var at = 0
        while at < bytes.byteCount {
            switch phase {
            case .part:
                if matched == 0 {
                    guard let next = bytes.firstIndex(of: 0x0D, in: at..<bytes.byteCount) else { return }
                    at = next
                }
                let byte = bytes.byte(at)
                if byte == delimiter[matched] {
                    matched += 1
                    at += 1
                    if matched == delimiter.count {
                        (phase, matched) = (.behind, 0)
                        head.removeAll(keepingCapacity: true)
                    }
                } else {
                    // A line's end begins no delimiter but the one at its own start.
                    if byte != 0x0D || matched == 0 { at += 1 }
                    matched = 0
                }
            case .behind:
                let byte = bytes.byte(at)
                at += 1
                head.append(byte)
                if head.count < 2 { continue }
                if head[0] == 0x2D, head[1] == 0x2D {
                    phase = .done
                } else {
                    phase = head == [0x0D, 0x0A] ? .head : .failed
                }
            // The line's end counts for the empty line that ends a head without fields.
            case .head:
                head.append(bytes.byte(at))
                at += 1
                if head.count > Self.longestHead { phase = .failed }
                if head.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) { takeHead() }
            case .done, .failed: return
            }
        }
    }

    private func takeHead() {
        phase = .part
        matched = 0
        let head = head
        let bytes = head.span.bytes
        var isFile = false
        var name: Range<Int>?
        var at = 2
        while at < bytes.byteCount {
            let end = bytes.firstIndex(of: 0x0D, in: at..<bytes.byteCount) ?? bytes.byteCount
            if let colon = bytes.firstIndex(of: 0x3A, in: at..<end),
                HTTPGrammar.equal(bytes, at..<colon, "content-disposition")
            {
                name = Self.parameter("name", bytes, colon + 1..<end)
                isFile =
                    Self.parameter("filename", bytes, colon + 1..<end) != nil
                    || Self.parameter("filename*", bytes, colon + 1..<end) != nil
            }
            at = end + 2
        }
        guard let name, fields.count < run.limits.jsonKeys,
            fields.add(
                bytes.extracting(name), isFile ? ShapeID.nonJSON.raw : ShapeID.string.raw, &run.shapes)
        else {
            phase = .failed
            return
        }
    }

    /// A parameter's value, without its quotes.
    private static func parameter(_ wanted: StaticString, _ bytes: RawSpan, _ range: Range<Int>) -> Range<Int>? {
        var at = range.lowerBound
        while let semicolon = bytes.firstIndex(of: 0x3B, in: at..<range.upperBound) {
            var start = semicolon + 1
            while start < range.upperBound, HTTPGrammar.isBlank(bytes.byte(start)) { start += 1 }
            at = start
            guard let equals = bytes.firstIndex(of: 0x3D, in: start..<range.upperBound) else { return nil }
            let isWanted = HTTPGrammar.equal(bytes, start..<equals, wanted)
            var value = equals + 1..<range.upperBound
            if equals + 1 < range.upperBound, bytes.byte(equals + 1) == 0x22 {
                let end = bytes.firstIndex(of: 0x22, in: equals + 2..<range.upperBound) ?? range.upperBound
                value = equals + 2..<end
            } else {
                let end = bytes.firstIndex(of: 0x3B, in: value) ?? range.upperBound
                value = HTTPGrammar.trimmed(bytes, equals + 1..<end)
            }
            if isWanted { return value }
            at = value.upperBound
        }
        return nil
    }

    func end(isWhole: Bool, _ out: any Output) -> ShapeID {
        let isWanted = isWhole ? phase == .done : phase != .failed
        guard isWanted, fields.count > 0 else { return isWhole ? .nonJSON : .nonJSON.incomplete }
        do throws(ShapeTable.Refusal) {
            let shape = try fields.shape("{multipart}", &run.shapes)
            return isWhole ? shape : shape.incomplete
        } catch {
            return isWhole ? .nonJSON : .nonJSON.incomplete
        }
    }
}
