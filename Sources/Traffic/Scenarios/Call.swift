import Console
import Digest
import Shared

/// The client's side of one connection, which tells the manifest what it did.
final class Call {
    let tuple: Manifest.Tuple
    var wire: Wire
    private unowned let stage: Stage

    init(_ socket: consuming Socket, _ stage: Stage) throws(Failure) {
        guard let tuple = Manifest.Tuple(ofClient: socket.descriptor) else {
            throw Failure("the ends of a connection can't be known: \(Socket.reason)")
        }
        self.tuple = tuple
        self.stage = stage
        wire = Wire(socket)
    }

    // MARK: Exchanges

    /// Sends a request by one write, and awaits its response.
    /// - Parameter expected: the response's body; `nil`: the request's.
    func exchange(_ request: Message, _ expected: [UInt8]? = nil, status: Int = 200) throws(Failure) {
        try wire.send(request)
        try complete(request, expected, status: status)
    }

    /// Awaits the response to a request that was sent, and tells of both.
    func complete(_ request: Message, _ expected: [UInt8]? = nil, status: Int = 200) throws(Failure) {
        let response = try wire.response(to: request.method)
        try check(response, to: request, expected ?? request.content, status: status)
        tell(request, response, response.body)
    }

    func check(_ response: Received, to request: Message, _ body: [UInt8], status: Int = 200) throws(Failure) {
        guard response.status == status else {
            throw Failure("\(request.name) has status \(response.status) in place of \(status)")
        }
        guard response.body == body else {
            throw Failure("the response to \(request.name) has another body than it should have")
        }
    }

    /// - Parameters:
    ///   - sent: bytes of the request on the wire and its body, where it was not sent whole.
    ///   - content: the response's body with all codings undone.
    func tell(
        _ request: Message, sent: (bytes: Int, content: [UInt8])? = nil, _ response: Received? = nil,
        _ content: [UInt8] = []
    ) {
        let sent = sent ?? (request.bytes.count, request.content)
        stage.tell(
            tuple,
            Manifest.Exchange(
                method: request.method, path: request.target, request: Self.told(sent.bytes, sent.content),
                response: response.map { ($0.status, Self.told($0.wireBytes, content)) }))
    }

    static func told(_ bytes: Int, _ content: [UInt8]) -> Manifest.Message {
        Manifest.Message(wireBytes: UInt64(bytes), body: BodyDigest(of: content.span.bytes))
    }

    // MARK: The end

    /// Ends the stream, and closes when the server has, too.
    func hangUp(_ talk: Manifest.Talk = .http) throws(Failure) {
        try wire.socket.shutDown()
        tell(try wire.closeLast(), talk)
    }

    /// Closes without a look at the other side.
    func close() {
        wire.socket.close()
        tell(.orderly)
    }

    /// Ends the connection by a reset.
    func reset() throws(Failure) {
        try wire.socket.reset()
        tell(.reset)
    }

    /// Tells of an end that has happened.
    func tell(_ end: Manifest.End, _ talk: Manifest.Talk = .http) {
        stage.tell(endOf: tuple, talk, sent: wire.socket.sent, received: wire.socket.received, end)
    }
}
