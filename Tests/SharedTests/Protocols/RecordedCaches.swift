@testable import Shared

/// What caches say.
/// Recorded from real software: the folders of Fixtures/ that the comments name say with what.
extension Conversation {
    static let recordedCaches: [Conversation] = [
        // redis/resp3, stream 0, from turn 0.
        Conversation(
            "Redis HELLO 3", .redis, isStreamStart: true,
            .client(hex: "2a320d0a24350d0a48454c4c4f0d0a24310d0a330d0a"),
            .server(
                hex: """
                    25370d0a24360d0a7365727665720d0a24350d0a72656469730d0a24370d0a76657273696f6e0d0a24360d0a372e302e31350d0a2435
                    0d0a70726f746f0d0a3a330d0a24320d0a69640d0a3a330d0a24340d0a6d6f64650d0a2431300d0a7374616e64616c6f6e650d0a2434
                    0d0a726f6c650d0a24360d0a6d61737465720d0a24370d0a6d6f64756c65730d0a2a300d0a
                    """),
            .client(
                hex: """
                    2a350d0a24360d0a434c49454e540d0a2431390d0a4d41494e545f4e4f54494649434154494f4e530d0a24320d0a4f4e0d0a2432300d
                    0a6d6f76696e672d656e64706f696e742d747970650d0a2431330d0a696e7465726e616c2d6671646e0d0a
                    """),
            .server(
                hex: """
                    2d45525220756e6b6e6f776e20737562636f6d6d616e6420274d41494e545f4e4f54494649434154494f4e53272e2054727920434c49
                    454e542048454c502e0d0a
                    """)),
        // redis/inline, stream 0, from turn 0.
        Conversation(
            "Redis inline commands", .redis, isStreamStart: true,
            .client(hex: "50494e470d0a"),
            .server(hex: "2b504f4e470d0a"),
            .client(hex: "534554206772656574696e67202768656c6c6f20776f726c64270d0a"),
            .server(hex: "2b4f4b0d0a")),
        // memcached/text, stream 0, from turn 0.
        Conversation(
            "memcached text", .memcached, isStreamStart: true,
            .client(hex: "736574206772656574696e67203020363020350d0a68656c6c6f0d0a"),
            .server(hex: "53544f5245440d0a"),
            .client(hex: "676574206772656574696e670d0a"),
            .server(hex: "56414c5545206772656574696e67203020350d0a68656c6c6f0d0a454e440d0a"),
            .client(hex: "676574206d697373696e670d0a"),
            .server(hex: "454e440d0a")),
        // memcached/meta, stream 0, from turn 0.
        Conversation(
            "memcached meta commands", .memcached, isStreamStart: true,
            .client(hex: "6d6e0d0a"),
            .server(hex: "4d4e0d0a"),
            .client(hex: "6d73206772656574696e672035205436302046330d0a68656c6c6f0d0a"),
            .server(hex: "48440d0a"),
            .client(hex: "6d67206772656574696e672076206620742063206b204f6162630d0a"),
            .server(hex: "5641203520663320743630206331206b6772656574696e67204f6162630d0a68656c6c6f0d0a")),
        // memcached/binary, stream 0, from turn 0.
        Conversation(
            "memcached binary set and get", .memcached, isStreamStart: true,
            .client(hex: "80010008080000000000001500000000000000000000000000000000000000006772656574696e6768656c6c6f"),
            .server(hex: "810100000000000000000000000000000000000000000001"),
            .client(hex: "8000000800000000000000080000000000000000000000006772656574696e67"),
            .server(hex: "8100000004000000000000090000000000000000000000010000000068656c6c6f")),
        // memcached/late-joined-binary, stream 0, from turn 0.
        Conversation(
            "memcached binary joined late", .memcached, isStreamStart: false,
            .client(hex: "8000000600000000000000060000000000000000000000006265666f7265"),
            .server(hex: "81000000040000000000000f000000000000000000000001000000007468652063617074757265")),
    ]
}
