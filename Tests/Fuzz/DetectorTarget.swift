@testable import Shared

/// The contract of detectors (`Detector`) on what both sides said: once it is said of some bytes, an answer stays the
/// same when more bytes follow on either side, and when no more will come.
///
/// The input: one byte says whether the streams begin here, then a run of the client's bytes, then the server's.
func fuzzDetectors(_ input: [UInt8]) {
    var fields = FuzzedFields(input)
    let isStreamStart = fields.byte() & 1 == 0
    let client = fields.run()
    let server = Array(fields.rest)
    var random = SeededRandom(of: input)
    var (heardOfClient, heardOfServer) = (0, 0)
    var answers = [Finding](repeating: .needMore, count: Registry.standard.detectors.count)
    while true {
        for (place, detector) in Registry.standard.detectors.map(\.detector).enumerated() {
            func examine(isFinal: Bool) -> Finding {
                withExactCopy(client.prefix(heardOfClient)) { client in
                    withExactCopy(server.prefix(heardOfServer)) { server in
                        let context = DetectionContext(isStreamStart: isStreamStart, isFinal: isFinal)
                        return detector.examine(client: client, server: server, context)
                    }
                }
            }
            let answer = examine(isFinal: false)
            let spot = "\(detector), \(heardOfClient) and \(heardOfServer) bytes, stream start: \(isStreamStart)"
            if answers[place] != .needMore {
                require(answer == answers[place], "\(spot): \(answers[place]), and now \(answer)")
            }
            let final = examine(isFinal: true)
            if answer != .needMore { require(final == answer, "\(spot): \(answer), and at the end \(final)") }
            answers[place] = answer
        }
        if heardOfClient == client.count, heardOfServer == server.count { return }
        let longest = random.chance(oneIn: 2) ? 4 : 1 + (client.count + server.count) / 4
        let isClient = heardOfServer == server.count || heardOfClient < client.count && random.chance(oneIn: 2)
        if isClient {
            heardOfClient = min(client.count, heardOfClient + 1 + random.below(longest))
        } else {
            heardOfServer = min(server.count, heardOfServer + 1 + random.below(longest))
        }
    }
}
