import Testing

@testable import Shared
@testable import replay

@Suite struct `The slots of flows` {
    private func slot(_ serial: UInt64) -> FlowSlots.Slot {
        let flow = Flow(
            local: Endpoint(IPAddress(v4: UInt32(serial)), 1), remote: Endpoint(IPAddress(v4: 7), 2),
            id: ConnectionID(serial), role: .client, stage: .opening, at: 0)
        return FlowSlots.Slot(flow: flow, queue: .opening, queuedAt: Int64(serial))
    }

    /// More than a block, and than the first list of blocks, has room for.
    @Test func `keep what was put into them, and are used again`() {
        var slots = FlowSlots()
        for serial in 0..<10_000 as Range<UInt64> {
            #expect(slots.insert(slot(serial)) == Int(serial))
        }
        for number in 0..<10_000 {
            slots[number].queuedAt += 1
            #expect(slots[number].flow.id.serial == UInt64(number) && slots[number].queuedAt == Int64(number) + 1)
            #expect(slots[number].flow.local.address.v4 == UInt32(number) && slots[number].flow.remote.port == 2)
        }
        for number in [3, 511, 512, 9_999] {
            slots.remove(number)
            #expect(slots.insert(slot(20_000)) == number)
            #expect(slots[number].flow.id.serial == 20_000)
        }
        #expect(slots.insert(slot(1)) == 10_000)
    }
}
