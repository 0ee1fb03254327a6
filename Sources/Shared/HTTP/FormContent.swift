/// Fields of a form (`application/x-www-form-urlencoded`, WHATWG URL, section 5): `a=1&b=2`.
///
/// Clients say so of anything that they send, by default: what has no `=` is no form.
final class FormContent: ContentReader {
    private let run: Run
    private var fields = FieldShapes()
    private var name: [UInt8] = []
    private var phase = Phase.name
    /// Of the name: bytes that `%` has still to come.
    private var digits: UInt8 = 0
    private var decoded: UInt8 = 0

    private enum Phase {
        case name, value, failed
    }

    /// Bytes of a name; forms that people made have shorter ones.
    private static let longestName = 256

    init(_ run: Run) { self.run = run }

    func begin() {
        phase = .name
        fields.removeAll()
        name.removeAll(keepingCapacity: true)
        digits = 0
    }

    func feed(_ bytes: RawSpan) {
        var at = 0
        while at < bytes.byteCount {
            switch phase {
            case .name:
                take(bytes.byte(at))
                at += 1
            case .value:
                at = bytes.firstIndex(of: 0x26, in: at..<bytes.byteCount) ?? bytes.byteCount
                if at < bytes.byteCount {
                    at += 1
                    phase = .name
                    name.removeAll(keepingCapacity: true)
                }
            case .failed: return
            }
        }
    }

    /// Takes a byte of a name.
    private func take(_ byte: UInt8) {
        if digits > 0 {
            let folded = byte | 0x20
            let isDigit = byte &- 0x30 < 10
            guard isDigit || folded &- 0x61 < 6 else { return fail() }
            decoded = decoded << 4 | (isDigit ? byte &- 0x30 : folded &- 0x57)
            digits -= 1
            if digits == 0 { append(decoded) }
            return
        }
        switch byte {
        case 0x3D:
            let name = name
            guard !name.isEmpty, fields.count < run.limits.jsonKeys,
                fields.add(name.span.bytes, ShapeID.string.raw, &run.shapes)
            else { return fail() }
            phase = .value
        case 0x25: (digits, decoded) = (2, 0)
        case 0x2B: append(0x20)
        // A name without a value may as well be a value.
        case 0x26: if !name.isEmpty { fail() }
        default: append(byte)
        }
    }

    private func append(_ byte: UInt8) {
        guard byte >= 0x20, byte != 0x7F, name.count < Self.longestName else { return fail() }
        name.append(byte)
    }

    private func fail() { phase = .failed }

    func end(isWhole: Bool, _ out: any Output) -> ShapeID {
        let isCut = phase == .name && (!name.isEmpty || digits > 0)
        guard phase != .failed, fields.count > 0, !isCut || !isWhole else {
            return isWhole ? .nonJSON : .nonJSON.incomplete
        }
        do throws(ShapeTable.Refusal) {
            let shape = try fields.shape("{form}", &run.shapes)
            return isWhole ? shape : shape.incomplete
        } catch {
            return isWhole ? .nonJSON : .nonJSON.incomplete
        }
    }
}
