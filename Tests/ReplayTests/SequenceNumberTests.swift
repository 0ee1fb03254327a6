import Testing

@testable import replay

@Suite struct `Sequence numbers` {
    @Test(
        arguments: [
            (0, 0, 0), (1, 0, 1), (0, 1, -1), (0, 0xFFFF_FFFF, 1), (0xFFFF_FFFF, 0, -1), (0x10, 0xFFFF_FFF0, 0x20),
            (0x8000_0000, 0, Int32.min), (0x7FFF_FFFF, 0, Int32.max),
        ] as [(UInt32, UInt32, Int32)])
    func `differences go the shorter way round`(_ a: UInt32, _ b: UInt32, _ distance: Int32) {
        #expect(SequenceNumber(a) - SequenceNumber(b) == distance)
    }

    @Test func `adding wraps`() { #expect(SequenceNumber(0xFFFF_FFFF) + 2 == SequenceNumber(1)) }

    @Test func `positions count on past 4 GiB`() {
        var numbering = StreamNumbering()
        numbering.begin(at: SequenceNumber(0xFFFF_FF00))
        var position: UInt64 = 0
        var sequence = SequenceNumber(0xFFFF_FF00)
        for _ in 0..<20 {
            #expect(numbering.position(of: sequence) == Int64(position))
            numbering.saw(position, position + 1_000_000_000)
            position += 1_000_000_000
            sequence = sequence + 1_000_000_000
        }
        #expect(numbering.contiguous == 20_000_000_000)
    }

    @Test func `positions count on past 4 GiB where nothing is acknowledged and something is missing`() {
        var numbering = StreamNumbering()
        numbering.begin(at: SequenceNumber(0))
        var position: UInt64 = 1000
        var sequence = SequenceNumber(1000)
        for _ in 0..<30 {
            #expect(numbering.position(of: sequence) == Int64(position))
            numbering.saw(position, position + 400_000_000)
            position += 400_000_000
            sequence = sequence + 400_000_000
        }
    }

    @Test func `a hole that is filled leaves nothing missing`() {
        var numbering = StreamNumbering()
        numbering.begin(at: SequenceNumber(0))
        numbering.saw(0, 10)
        numbering.saw(20, 30)
        numbering.saw(30, 40)
        #expect(numbering.contiguous == 10)
        #expect(numbering.highest == 40)
        numbering.saw(10, 20)
        #expect(numbering.contiguous == 40)
    }
}
