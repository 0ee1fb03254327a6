/// Fields of headers whose length has been checked once, as a whole. A wrong offset would trap, it can't read beyond the
/// packet; the tests on cut and flipped captures show that none does.
///
/// `RawSpan.big(_:at:)` of Shared checks each field and would be called, not inlined, across the modules.
extension RawSpan {
    /// The byte at `offset`, which must be within.
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The big-endian field at `offset`, all of which must be within, as with those below.
    @inline(__always)
    func field16(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func field32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    func field64(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
