private import CNatsOnDemand
import Console
import Glibc
import Shared

/// Why a server did not do what it was asked.
struct StreamFault: Error, Equatable, CustomStringConvertible {
    var description: String
    /// There is no such stream.
    var isNoStream = false
}

/// A connection to a NATS server with JetStream, for as long as it lasts: when it breaks, another one is made.
///
/// One thread uses it.
final class JetStream {
    /// Milliseconds for a connection, and for an answer.
    private static let patience: Int64 = 5000
    /// Bytes of a message beside its content: the names of headers, and what the server adds.
    private static let headerRoom = 4096

    private let connection: OpaquePointer
    private let context: OpaquePointer
    private let address: StreamAddress

    init(_ address: StreamAddress) throws(StreamFault) {
        self.address = address
        if let fault = tapedeck_nats_fault() { throw StreamFault(description: String(cString: fault)) }
        var options: OpaquePointer?
        try Self.check(natsOptions_Create(&options))
        defer { natsOptions_Destroy(options) }
        try Self.check(natsOptions_SetURL(options, address.server))
        natsOptions_SetName(options, "tapedeck")
        natsOptions_SetTimeout(options, Self.patience)
        natsOptions_SetAllowReconnect(options, false)
        if address.isEncrypted {
            try Self.check(natsOptions_SetSecure(options, true))
            try Self.check(natsOptions_SetExpectedHostname(options, address.host))
        }
        var connection: OpaquePointer?
        try Self.check(natsConnection_Connect(&connection, options))
        guard let connection else { throw StreamFault(description: "no connection") }
        var jetStream = jsOptions()
        jsOptions_Init(&jetStream)
        jetStream.Wait = Self.patience
        var context: OpaquePointer?
        let status = natsConnection_JetStream(&context, connection, &jetStream)
        guard let context, status == NATS_OK else {
            natsConnection_Destroy(connection)
            throw Self.fault(status)
        }
        self.connection = connection
        self.context = context
    }

    deinit {
        jsCtx_Destroy(context)
        natsConnection_Destroy(connection)
    }

    // MARK: Sending

    /// Makes the stream where it is not there yet; one that is there stays as it is.
    func makeStream() throws(StreamFault) {
        var info: UnsafeMutablePointer<jsStreamInfo>?
        defer { jsStreamInfo_Destroy(info) }
        var code = jsErrCode(0)
        let status = js_GetStreamInfo(&info, context, address.stream, nil, &code)
        if status == NATS_OK { return }
        guard status == NATS_NOT_FOUND || code == JSStreamNotFoundErr else { throw Self.fault(status) }
        let made = address.stream.withCString { name in
            address.subjects.withCString { subjects in
                var list: [UnsafePointer<CChar>?] = [subjects]
                return list.withUnsafeMutableBufferPointer { list in
                    var configuration = jsStreamConfig()
                    jsStreamConfig_Init(&configuration)
                    configuration.Name = name
                    configuration.Subjects = list.baseAddress
                    configuration.SubjectsLen = 1
                    return js_AddStream(nil, context, &configuration, nil, nil)
                }
            }
        }
        guard made != NATS_OK else { return }
        let fault = Self.fault(made)
        // Another host may have made it at the same moment.
        guard js_GetStreamInfo(&info, context, address.stream, nil, &code) == NATS_OK else { throw fault }
    }

    /// Returns when the stream has the piece: stored now, or before.
    func publish(_ piece: Piece) throws(StreamFault) {
        let most = max(min(Piece.usualBytes, Int(natsConnection_GetMaxPayload(connection)) - Self.headerRoom), 1)
        var start = 0
        while start < piece.bytes.count {
            let range = start..<min(start + most, piece.bytes.count)
            try publish(piece, range)
            start = range.upperBound
        }
    }

    private func publish(_ piece: Piece, _ range: Range<Int>) throws(StreamFault) {
        let status = piece.bytes.withUnsafeBytes { bytes in
            address.stream.withCString { stream in
                piece.messageID(range).withCString { id in
                    var options = jsPubOptions()
                    jsPubOptions_Init(&options)
                    options.MsgId = id
                    options.ExpectStream = stream
                    return js_Publish(
                        nil, context, piece.file.subject(on: address),
                        bytes.baseAddress.map { $0 + range.lowerBound }, Int32(range.count), &options, nil)
                }
            }
        }
        if status == NATS_NO_RESPONDERS {
            throw StreamFault(description: "the stream does not take \(address.subjects); add it to its subjects")
        }
        try Self.check(status)
    }

    // MARK: Reading

    /// Gives each message that the stream has by now, in its order.
    /// - Parameter take: gets subject, identity and content; says whether to go on.
    func read(_ take: (_ subject: String, _ id: String?, _ content: RawSpan) -> Bool) throws(StreamFault) {
        guard let last = try lastMessage() else { return }
        var options = jsSubOptions()
        jsSubOptions_Init(&options)
        options.Ordered = true
        var subscription: OpaquePointer?
        let status = address.stream.withCString { stream in
            options.Stream = stream
            return js_SubscribeSync(
                &subscription, context, address.subject ?? address.subjects, nil, &options, nil)
        }
        try Self.check(status)
        defer { natsSubscription_Destroy(subscription) }
        var silence: Int64 = 0
        while !Interruption.isRequested {
            var message: OpaquePointer?
            let status = natsSubscription_NextMsg(&message, subscription, 500)
            if status == NATS_TIMEOUT {
                silence += 500
                guard silence < 6 * Self.patience else {
                    throw StreamFault(description: "the server has fallen silent")
                }
                continue
            }
            silence = 0
            try Self.check(status)
            defer { natsMsg_Destroy(message) }
            var id: UnsafePointer<CChar>?
            natsMsgHeader_Get(message, "Nats-Msg-Id", &id)
            let subject = natsMsg_GetSubject(message).map { String(cString: $0) } ?? ""
            let content = UnsafeRawBufferPointer(
                start: natsMsg_GetData(message), count: Int(natsMsg_GetDataLength(message)))
            guard take(subject, id.map { String(cString: $0) }, RawSpan(_unsafeBytes: content)),
                try Self.number(message) < last
            else { return }
        }
    }

    /// A message's place in the stream.
    private static func number(_ message: OpaquePointer?) throws(StreamFault) -> UInt64 {
        var facts: UnsafeMutablePointer<jsMsgMetaData>?
        try check(natsMsg_GetMetaData(&facts, message))
        defer { jsMsgMetaData_Destroy(facts) }
        return facts?.pointee.Sequence.Stream ?? .max
    }

    /// The number of the last message that is wanted; `nil` where there is none.
    private func lastMessage() throws(StreamFault) -> UInt64? {
        var message: OpaquePointer?
        defer { natsMsg_Destroy(message) }
        var code = jsErrCode(0)
        let status = js_GetLastMsg(
            &message, context, address.stream, address.subject ?? address.subjects, nil, &code)
        if code == JSNoMessageFoundErr { return nil }
        if code == JSStreamNotFoundErr {
            throw StreamFault(description: "the server has no stream of that name", isNoStream: true)
        }
        try Self.check(status)
        return natsMsg_GetSequence(message)
    }

    // MARK: Faults

    private static func check(_ status: natsStatus) throws(StreamFault) {
        guard status != NATS_OK else { return }
        throw fault(status)
    }

    private static func fault(_ status: natsStatus) -> StreamFault {
        if status == NATS_NO_RESPONDERS {
            return StreamFault(description: "the server runs without JetStream; start it as nats-server -js")
        }
        // What the server or OpenSSL said is more than a code's name, where the library has kept it.
        var last = natsStatus(0)
        let words = nats_GetLastError(&last).map { String(cString: $0) } ?? ""
        // It begins with the place in the library: `(conn.c:2088): `.
        let said =
            words.hasPrefix("(") ? words.firstRange(of: "): ").map { String(words[$0.upperBound...]) } ?? words : words
        let name = String(cString: natsStatus_GetText(status))
        return StreamFault(description: said.isEmpty || last != status || said == name ? name.lowercased() : said)
    }
}
