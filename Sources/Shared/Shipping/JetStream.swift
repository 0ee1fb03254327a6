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
    /// The number of the first message that the stream had when it first acknowledged one again.
    private var first: UInt64?

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

    /// Returns when the server has acknowledged the piece: stored now, or before.
    /// - Returns: bytes that it stored before and that were deleted since: it stores them no second time within its window for duplicates.
    func publish(_ piece: Piece) throws(StreamFault) -> UInt64 {
        var deleted: UInt64 = 0
        let most = max(min(Piece.usualBytes, Int(natsConnection_GetMaxPayload(connection)) - Self.headerRoom), 1)
        var start = 0
        while start < piece.bytes.count {
            let range = start..<min(start + most, piece.bytes.count)
            if try isDeleted(publish(piece, range)) { deleted &+= UInt64(range.count) }
            start = range.upperBound
        }
        return deleted
    }

    /// - Parameter number: of a message that was stored before; `nil` where it was stored now.
    private func isDeleted(_ number: UInt64?) throws(StreamFault) -> Bool {
        guard let number else { return false }
        if first == nil { first = try state()?.FirstSeq }
        return first.map { number < $0 } ?? false
    }

    /// - Returns: the number that the message has in the stream since it was stored before; `nil` where it was stored now.
    private func publish(_ piece: Piece, _ range: Range<Int>) throws(StreamFault) -> UInt64? {
        var answer: UnsafeMutablePointer<jsPubAck>?
        defer { jsPubAck_Destroy(answer) }
        let status = piece.bytes.withUnsafeBytes { bytes in
            address.stream.withCString { stream in
                piece.messageID(range).withCString { id in
                    var options = jsPubOptions()
                    jsPubOptions_Init(&options)
                    options.MsgId = id
                    options.ExpectStream = stream
                    return js_Publish(
                        &answer, context, piece.file.subject(on: address),
                        bytes.baseAddress.map { $0 + range.lowerBound }, Int32(range.count), &options, nil)
                }
            }
        }
        if status == NATS_NO_RESPONDERS {
            throw StreamFault(description: "the stream does not take \(address.subjects); add it to its subjects")
        }
        try Self.check(status)
        return answer.flatMap { $0.pointee.Duplicate ? $0.pointee.Sequence : nil }
    }

    // MARK: Reading

    /// Gives each message that the stream has by now, in its order.
    ///
    /// Any of them may be deleted before it comes, the last one too: where nothing comes any more, the server is asked
    /// whether there is anything left.
    /// - Parameter take: gets subject, identity and content; says whether to go on.
    func read(_ take: (_ subject: String, _ id: String?, _ content: RawSpan) -> Bool) throws(StreamFault) {
        guard let last = try lastNumber() else { return }
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
        var place = Place()
        var silence: Int64 = 0
        while !Interruption.isRequested {
            var message: OpaquePointer?
            let status = natsSubscription_NextMsg(&message, subscription, Self.pause)
            if status == NATS_TIMEOUT {
                if try Self.isThrough(subscription, at: place) { return }
                silence += Self.pause
                guard silence < 6 * Self.patience else { throw Self.silent }
                continue
            }
            silence = 0
            try Self.check(status)
            defer { natsMsg_Destroy(message) }
            place = try Place(message)
            // One that came later.
            guard place.number <= last else { return }
            var id: UnsafePointer<CChar>?
            natsMsgHeader_Get(message, "Nats-Msg-Id", &id)
            let subject = natsMsg_GetSubject(message).map { String(cString: $0) } ?? ""
            let content = UnsafeRawBufferPointer(
                start: natsMsg_GetData(message), count: Int(natsMsg_GetDataLength(message)))
            guard take(subject, id.map { String(cString: $0) }, RawSpan(_unsafeBytes: content)), place.number < last
            else { return }
        }
    }

    /// Milliseconds without a message after which the server is asked for what is left.
    private static let pause: Int64 = 100
    private static let silent = StreamFault(description: "the server has fallen silent")

    /// How far a stream was read.
    private struct Place {
        /// The last message's number in the stream.
        var number: UInt64 = 0
        /// Who delivered it, and as which of its messages: after a break it is another, that counts anew.
        var consumer = ""
        var delivered: UInt64 = 0

        init() {}

        init(_ message: OpaquePointer?) throws(StreamFault) {
            var facts: UnsafeMutablePointer<jsMsgMetaData>?
            try check(natsMsg_GetMetaData(&facts, message))
            defer { jsMsgMetaData_Destroy(facts) }
            guard let facts = facts?.pointee else { throw StreamFault(description: "a message without a number") }
            number = facts.Sequence.Stream
            consumer = facts.Consumer.map { String(cString: $0) } ?? ""
            delivered = facts.Sequence.Consumer
        }
    }

    /// Whether all that was delivered has come, and nothing is left to deliver.
    private static func isThrough(_ subscription: OpaquePointer?, at place: Place) throws(StreamFault) -> Bool {
        var info: UnsafeMutablePointer<jsConsumerInfo>?
        defer { jsConsumerInfo_Destroy(info) }
        let status = natsSubscription_GetConsumerInfo(&info, subscription, nil, nil)
        guard status != NATS_TIMEOUT else { throw silent }
        try check(status)
        guard let info = info?.pointee, info.NumPending == 0 else { return false }
        let isSame = info.Name.map { String(cString: $0) } == place.consumer
        return info.Delivered.Consumer == (isSame ? place.delivered : 0)
    }

    /// The number of the last message that the stream was given; `nil` where it has none.
    private func lastNumber() throws(StreamFault) -> UInt64? {
        guard let state = try state(), state.Msgs > 0 else { return nil }
        return state.LastSeq
    }

    private func state() throws(StreamFault) -> jsStreamState? {
        var info: UnsafeMutablePointer<jsStreamInfo>?
        defer { jsStreamInfo_Destroy(info) }
        var code = jsErrCode(0)
        let status = js_GetStreamInfo(&info, context, address.stream, nil, &code)
        if status == NATS_NOT_FOUND || code == JSStreamNotFoundErr {
            throw StreamFault(description: "the server has no stream of that name", isNoStream: true)
        }
        try Self.check(status)
        return info?.pointee.State
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
