/// The number of a shape in a `ShapeTable`.
///
/// Equal shapes of one table have equal numbers; what the numbers are depends on the order of arrival and means
/// nothing.
package struct ShapeID: Hashable, Sendable {
    package let raw: UInt32

    @inline(__always)
    init(raw: UInt32) { self.raw = raw }

    /// No body at all.
    package static var empty: ShapeID { ShapeID(raw: 0) }
    /// A body that is not JSON, or that a limit kept from being read as such.
    package static var nonJSON: ShapeID { ShapeID(raw: 1) }
    package static var null: ShapeID { ShapeID(raw: 2) }
    package static var boolean: ShapeID { ShapeID(raw: 3) }
    package static var number: ShapeID { ShapeID(raw: 4) }
    package static var string: ShapeID { ShapeID(raw: 5) }
    /// An array without elements.
    package static var emptyArray: ShapeID { ShapeID(raw: 6) }
    /// An object without members.
    package static var emptyObject: ShapeID { ShapeID(raw: 7) }
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
