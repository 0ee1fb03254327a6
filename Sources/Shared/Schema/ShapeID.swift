/// The number of a shape in a `ShapeTable`.
///
/// Equal shapes of one table have equal numbers; what the numbers are depends on the order of arrival and means
/// nothing.
struct ShapeID: Hashable, Sendable {
    let raw: UInt32

    @inline(__always)
    init(raw: UInt32) { self.raw = raw }

    /// Of a body of which a part is missing: the shape of what was seen of it.
    @inline(__always) var isIncomplete: Bool { raw & Self.incompleteBit != 0 }

    var incomplete: ShapeID { ShapeID(raw: raw | Self.incompleteBit) }

    /// The number in the table, whether or not the body was complete.
    @inline(__always) var index: Int { Int(raw & ~Self.incompleteBit) }

    /// Tables hold far fewer shapes.
    private static var incompleteBit: UInt32 { 1 << 31 }

    /// No body at all.
    static var empty: ShapeID { ShapeID(raw: 0) }
    /// A body that is not JSON, or that a limit kept from being read as such.
    static var nonJSON: ShapeID { ShapeID(raw: 1) }
    static var null: ShapeID { ShapeID(raw: 2) }
    static var boolean: ShapeID { ShapeID(raw: 3) }
    static var number: ShapeID { ShapeID(raw: 4) }
    static var string: ShapeID { ShapeID(raw: 5) }
    /// An array without elements.
    static var emptyArray: ShapeID { ShapeID(raw: 6) }
    /// An object without members.
    static var emptyObject: ShapeID { ShapeID(raw: 7) }
    /// A number without fraction and exponent.
    static var integer: ShapeID { ShapeID(raw: 8) }
    /// A string all of which has a format.
    static func text(_ format: StringFormat) -> ShapeID { ShapeID(raw: firstText + UInt32(format.rawValue)) }
    static var firstText: UInt32 { 9 }

    /// In place of shapes of a table: what an endpoint's bodies have in common, and (`kept`) a shape that the map itself keeps.
    static var general: ShapeID { ShapeID(raw: generalBit) }
    private static var generalBit: UInt32 { 1 << 29 }
    /// Whether or not a body was complete, it is told of by what all have in common.
    var isGeneral: Bool { index == Self.general.index }
    private static var keptBit: UInt32 { 1 << 30 }

    init(kept number: UInt32) { raw = number | Self.keptBit }

    /// The number of a shape that the map keeps; `nil` for one of the table.
    var kept: UInt32? { raw & Self.keptBit == 0 ? nil : raw & ~(Self.keptBit | Self.incompleteBit) }

    /// Of a table: a JSON value of which nothing is missing.
    @inline(__always) var isWholeJSON: Bool { raw > Self.nonJSON.raw && raw < Self.generalBit }
}

/// A part of a container's shape: what an object holds under a key, or a shape that an array's elements have.
///
/// The key is above the shape, so that numeric order puts the members of an object by key and then by shape.
struct ShapePart: Comparable {
    var packed: UInt64

    /// The key of array elements, which have none.
    static var noKey: UInt32 { UInt32.max }

    @inline(__always)
    init(key: UInt32, shape: UInt32) { packed = UInt64(key) &<< 32 | UInt64(shape) }

    @inline(__always) var key: UInt32 { UInt32(truncatingIfNeeded: packed &>> 32) }
    @inline(__always) var shape: UInt32 { UInt32(truncatingIfNeeded: packed) }

    @inline(__always)
    static func < (a: ShapePart, b: ShapePart) -> Bool { a.packed < b.packed }
}
