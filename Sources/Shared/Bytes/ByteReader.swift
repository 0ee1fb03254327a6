/// Bounds-checked reads from bytes that nobody vouches for. All multi-byte reads of captured bytes go through
/// here; each gives `nil` where the bytes end, whatever the offset.
extension RawSpan {
    @inline(__always)
    package func u8(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// A big-endian (network order) integer.
    @inline(__always)
    package func big<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T? {
        guard offset >= 0, byteCount >= MemoryLayout<T>.size, offset <= byteCount &- MemoryLayout<T>.size else {
            return nil
        }
        return T(bigEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self))
    }

    /// A little-endian integer.
    @inline(__always)
    package func little<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T? {
        guard offset >= 0, byteCount >= MemoryLayout<T>.size, offset <= byteCount &- MemoryLayout<T>.size else {
            return nil
        }
        return T(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self))
    }

    /// Whether the bytes from `offset` begin with `text`; `false` where too few are there.
    @inline(__always)
    package func has(_ text: StaticString, at offset: Int = 0) -> Bool {
        let count = text.utf8CodeUnitCount
        guard offset >= 0, byteCount >= count, offset <= byteCount &- count else { return false }
        for i in 0..<count
        where unsafeLoad(fromUncheckedByteOffset: offset &+ i, as: UInt8.self) != text.utf8Start[i] { return false }
        return true
    }

    /// Whether what is here is `text` or the beginning of it: "not yet" differs from "no".
    @inline(__always)
    func mayBecome(_ text: StaticString, at offset: Int = 0) -> Bool {
        guard offset >= 0, offset <= byteCount else { return false }
        let count = Swift.min(byteCount &- offset, text.utf8CodeUnitCount)
        for i in 0..<count
        where unsafeLoad(fromUncheckedByteOffset: offset &+ i, as: UInt8.self) != text.utf8Start[i] { return false }
        return true
    }
}
