@testable import Shared

/// What clients and servers of name services really said, from the fixtures.
extension Conversation {
    static let recordedNameServices: [Conversation] = [
        // dns/tcp, stream 0, from turn 0.
        Conversation(
            "DNS over TCP", .dns, isStreamStart: true,
            .client(
                hex:
                    "00328d2c012000010000000000010473686f700474657374000001000100002904d000000000000c000a00088581b327f5580c63"
            ),
            .server(
                hex: """
                    00368d2c858000010001000000010473686f7004746573740000010001c00c000100010000000000040a01020300002904d000000000
                    0000
                    """),
            .client(
                hex:
                    "003237ab012000010000000000010473686f700474657374000010000100002904d000000000000c000a00088581b327f5580c63"
            ),
            .server(
                hex: """
                    003837ab858000010001000000010473686f7004746573740000100001c00c001000010000000000060568656c6c6f00002904d00000
                    00000000
                    """))
    ]
}
