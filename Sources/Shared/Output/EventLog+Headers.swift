/// The fields of a message's head, each name once.
extension EventLog {
    func writeHeaders(_ fields: [MessageHead.FieldLine], _ wire: RawSpan, _ name: StaticString) {
        json.key(name)
        json.beginObject()
        guard fields.count <= Self.fewFields else { return writeManyHeaders(fields, wire) }
        for index in fields.indices where !Self.isRepetition(fields, index, wire) {
            json.element()
            json.headerText(wire.extracting(fields[index].name))
            json.byte(0x3A)
            writeValues(fields, index, wire)
        }
        json.endObject()
    }

    /// So many fields are compared each with each.
    private static let fewFields = 64

    /// A head of thousands of fields: equal names come together by their hash.
    private func writeManyHeaders(_ fields: [MessageHead.FieldLine], _ wire: RawSpan) {
        var places: [[UInt8]: Int] = [:]
        var groups: [[MessageHead.FieldLine]] = []
        for field in fields {
            let name = [UInt8](wire.extracting(field.name)).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
            if let place = places[name] {
                groups[place].append(field)
            } else {
                places[name] = groups.count
                groups.append([field])
            }
        }
        for group in groups {
            json.element()
            json.headerText(wire.extracting(group[0].name))
            json.byte(0x3A)
            writeValues(group, wire)
        }
        json.endObject()
    }

    /// A field that was there before under the same name is part of the first one's value.
    private static func isRepetition(_ fields: [MessageHead.FieldLine], _ index: Int, _ wire: RawSpan) -> Bool {
        for earlier in 0..<index where isSameName(fields[earlier], fields[index], wire) { return true }
        return false
    }

    private static func isRepeated(_ fields: [MessageHead.FieldLine], _ index: Int, _ wire: RawSpan) -> Bool {
        for later in (index &+ 1)..<fields.count where isSameName(fields[index], fields[later], wire) { return true }
        return false
    }

    @inline(__always)
    private static func isSameName(_ a: MessageHead.FieldLine, _ b: MessageHead.FieldLine, _ wire: RawSpan) -> Bool {
        guard a.name.count == b.name.count else { return false }
        for i in 0..<Int(a.name.count) {
            guard let x = wire.u8(at: Int(a.name.start) &+ i), let y = wire.u8(at: Int(b.name.start) &+ i) else {
                return false
            }
            if x != y, x ^ y != 0x20 || (x | 0x20) &- 0x61 >= 26 { return false }
        }
        return true
    }

    /// A repeated name's values become one, joined by ", " (RFC 9110, section 5.3), except Set-Cookie, whose values may
    /// hold commas: it becomes an array.
    private func writeValues(_ fields: [MessageHead.FieldLine], _ index: Int, _ wire: RawSpan) {
        guard Self.isRepeated(fields, index, wire) else { return writeValue(fields[index], wire) }
        writeValues(fields[index...].filter { Self.isSameName(fields[index], $0, wire) }, wire)
    }

    /// What stands between the values of one name: the crumbs of a cookie are joined as cookies are (RFC 9113, section 8.2.3).
    private static func separator(_ name: RawSpan) -> StaticString {
        HTTPGrammar.equal(name, 0..<name.byteCount, "cookie") ? "; " : ", "
    }

    /// - Parameter fields: those of one name.
    private func writeValues(_ fields: [MessageHead.FieldLine], _ wire: RawSpan) {
        guard fields.count > 1 else { return writeValue(fields[0], wire) }
        let isSetCookie = HTTPGrammar.equal(wire, fields[0].name.range, "set-cookie")
        if isSetCookie { json.beginArray() } else { json.byte(0x22) }
        for (index, field) in fields.enumerated() {
            if isSetCookie {
                json.element()
                writeValue(field, wire)
            } else {
                if index > 0 { json.raw(Self.separator(wire.extracting(field.name))) }
                appendValue(field, wire)
            }
        }
        if isSetCookie { json.endArray() } else { json.byte(0x22) }
    }

    private func writeValue(_ field: MessageHead.FieldLine, _ wire: RawSpan) {
        guard field.isFolded else { return json.headerText(wire.extracting(field.value)) }
        json.byte(0x22)
        appendValue(field, wire)
        json.byte(0x22)
    }

    /// A folded value is one line again: each fold becomes one space (RFC 9112, section 5.2).
    private func appendValue(_ field: MessageHead.FieldLine, _ wire: RawSpan) {
        guard field.isFolded else { return json.appendHeaderText(wire.extracting(field.value)) }
        var rest = field.value.range
        while let feed = wire.firstIndex(of: 0x0A, from: rest.lowerBound), feed < rest.upperBound {
            json.appendHeaderText(wire.extracting(HTTPGrammar.trimmed(wire, rest.lowerBound..<feed)))
            json.byte(0x20)
            rest = HTTPGrammar.trimmed(wire, (feed &+ 1)..<rest.upperBound)
        }
        json.appendHeaderText(wire.extracting(rest))
    }
}
