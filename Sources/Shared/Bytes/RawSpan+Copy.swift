import Glibc

extension [UInt8] {
    /// Appends bytes that are borrowed.
    @inline(__always)
    package mutating func append(_ bytes: RawSpan) {
        // With nothing to append, the library writes to the empty array that all threads share.
        guard bytes.byteCount > 0 else { return }
        append(addingCapacity: bytes.byteCount) { free in
            free.withUnsafeMutableBufferPointer { buffer, count in
                bytes.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]).copyMemory(
                        from: $0)
                }
                count &+= bytes.byteCount
            }
        }
    }

    /// Copies bytes that are borrowed.
    package init(_ bytes: RawSpan) {
        self = bytes.withUnsafeBytes { [UInt8]($0) }
    }
}

extension RawSpan {
    /// The offset of the first `byte` at or after `start`.
    @inline(__always)
    package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        guard start >= 0, start < byteCount else { return nil }
        return withUnsafeBytes { all in
            guard let base = all.baseAddress,
                let found = memchr(base + start, Int32(byte), all.count &- start)
            else { return nil }
            return base.distance(to: found)
        }
    }

    /// The offset of the first `byte` within a range; what lies behind it is not looked at.
    @inline(__always)
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        extracting(first: range.upperBound).firstIndex(of: byte, from: range.lowerBound)
    }

    /// Whether the same bytes are here.
    @inline(__always)
    package func equals(_ other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        return withUnsafeBytes { a in
            other.withUnsafeBytes { b in
                guard let first = a.baseAddress, let second = b.baseAddress else { return true }
                return memcmp(first, second, a.count) == 0
            }
        }
    }

    /// How many bytes differ from `other`, which is as long.
    package func differences(from other: RawSpan) -> UInt64 {
        guard !equals(other) else { return 0 }
        var count: UInt64 = 0
        for i in 0..<Swift.min(byteCount, other.byteCount) where u8(at: i) != other.u8(at: i) { count &+= 1 }
        return count
    }
}
