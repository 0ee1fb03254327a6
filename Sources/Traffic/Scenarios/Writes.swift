import Console

/// How bytes are cut into system calls.
enum Writes {
    static let all = [
        Scenario(
            name: "writev-257", summary: "request and response by one writev of 257 parts each, some of them empty",
            play: playVector, serve: serveVector),
        Scenario(
            name: "byte-writes", summary: "heads of requests and responses, one byte a write", play: playBytes,
            serve: serveBytes),
        Scenario(
            name: "pipelining", summary: "16 requests by one write, before any response is read", play: playPipeline),
    ]

    // MARK: One writev

    /// More than 256, which readers of iovecs like to stop at.
    private static let parts = 257

    private static func playVector(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for number in 0..<4 {
            let request = Message.request("POST", "/echo").sized(stage.content.text(20_000, number))
            try call.wire.socket.send(request.bytes, endingAt: cuts(request.bytes.count, stage.content.seed, number))
            try call.complete(request)
        }
        try call.hangUp()
    }

    private static func serveVector(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        var number = 4
        while let request = try wire.request() {
            let response = stage.answer(to: request).bytes
            try wire.socket.send(response, endingAt: cuts(response.count, stage.content.seed, number))
            number += 1
        }
    }

    private static func cuts(_ count: Int, _ seed: UInt64, _ number: Int) -> [Int] {
        var random = SplitMix64(seed: seed, stream: UInt64(number))
        // Whoever copies a part at a time meets the end of a head within one, and parts of no bytes.
        let within = (1..<parts).map { _ in Int.random(in: 0..<count, using: &random) }.sorted()
        return [within[0]] + [within[0]] + within.dropFirst(2) + [count]
    }

    // MARK: One byte a write

    private static func playBytes(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for number in 0..<3 {
            let request = Message.request("POST", "/echo", ["X-Number": "\(number)"]).sized(
                stage.content.text(100, number))
            try sendHeadByByte(request, &call.wire)
            try call.complete(request)
        }
        try call.hangUp()
    }

    private static func serveBytes(_ wire: inout Wire, _ stage: Backstage) throws(Failure) {
        while let request = try wire.request() { try sendHeadByByte(stage.answer(to: request), &wire) }
    }

    private static func sendHeadByByte(_ message: Message, _ wire: inout Wire) throws(Failure) {
        for byte in message.head { try wire.socket.send([byte]) }
        try wire.socket.send(message.body)
    }

    // MARK: Pipelining

    private static func playPipeline(_ stage: Stage) throws(Failure) {
        let call = try stage.call()
        for round in 0..<4 {
            let requests = (0..<16).map { place in
                let number = round * 16 + place
                return switch place % 4 {
                case 0: Message.request("POST", "/echo").sized(stage.content.text(50 + number, number))
                case 1: Message.request("HEAD", "/text/\(400 + number)/\(number)")
                default: Message.request("GET", "/text/\(400 + number)/\(number)")
                }
            }
            try call.wire.socket.send(requests.flatMap(\.bytes))
            for (place, request) in requests.enumerated() {
                let number = round * 16 + place
                try call.complete(request, request.method == "GET" ? stage.content.text(400 + number, number) : nil)
            }
        }
        try call.hangUp()
    }
}
