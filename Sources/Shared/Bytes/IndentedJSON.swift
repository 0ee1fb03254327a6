/// JSON for programs that people read, too: one object, each member on a line of its own, indented by its depth.
package struct IndentedJSON: ~Copyable {
    private var json = JSONWriter(capacity: 1 << 12)
    private var depth = 0
    private var isFirst = true

    /// An object with these members, and a line's end.
    package static func text(_ members: (inout IndentedJSON) -> Void) -> String {
        var json = IndentedJSON()
        json.nested(0x7B, 0x7D, members)
        json.json.byte(0x0A)
        return json.json.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    private init() {}

    // MARK: Members

    package mutating func number(_ key: String, _ value: UInt64) {
        member(key)
        json.number(value)
    }

    /// - Parameter text: a number as JSON has it.
    package mutating func number(_ key: String, _ text: String) {
        member(key)
        json.raw(text.utf8.span.bytes)
    }

    package mutating func boolean(_ key: String, _ value: Bool) {
        member(key)
        json.boolean(value)
    }

    package mutating func string(_ key: String, _ value: String) {
        member(key)
        json.string(value)
    }

    package mutating func object(_ key: String, _ members: (inout IndentedJSON) -> Void) {
        member(key)
        nested(0x7B, 0x7D, members)
    }

    /// An array of objects.
    package mutating func array<Element>(
        _ key: String, _ elements: [Element], _ body: (inout IndentedJSON, Element) -> Void
    ) {
        member(key)
        nested(0x5B, 0x5D) { json in
            for element in elements {
                json.next()
                json.nested(0x7B, 0x7D) { body(&$0, element) }
            }
        }
    }

    /// An array of strings, on one line.
    package mutating func strings(_ key: String, _ elements: [String]) {
        member(key)
        json.byte(0x5B)
        for (place, element) in elements.enumerated() {
            if place > 0 { json.raw(", ") }
            json.string(element)
        }
        json.byte(0x5D)
    }

    // MARK: Lines

    private mutating func nested(_ open: UInt8, _ close: UInt8, _ body: (inout IndentedJSON) -> Void) {
        json.byte(open)
        depth += 1
        isFirst = true
        body(&self)
        depth -= 1
        if !isFirst { newline() }
        isFirst = false
        json.byte(close)
    }

    private mutating func member(_ key: String) {
        next()
        json.string(key)
        json.raw(": ")
    }

    private mutating func next() {
        if !isFirst { json.byte(0x2C) }
        isFirst = false
        newline()
    }

    private mutating func newline() {
        json.byte(0x0A)
        for _ in 0..<depth { json.raw("  ") }
    }
}
