import Glibc

/// Steps over what is agreed with a SOCKS server; whatever follows its consent is for the detectors.
final class SOCKSAnalyzer: Analyzer {
    /// What the client says next.
    private enum Asking {
        case offer, password, request, nothing
    }

    /// What the server says next.
    private enum Answering {
        case choice, password, reply, secondReply, nothing
    }

    private var asking = Asking.offer
    private var answering = Answering.choice
    private var version: UInt8 = 5
    private var request: SOCKSRequest?

    init(_ run: Run) {}

    func begin(_ start: Start) {
        asking = .offer
        answering = .choice
        version = 5
        request = nil
    }

    func consume(_ bytes: RawSpan, _ side: Side, _ at: Arrival, _ out: any Output) -> Step {
        side == .client ? ask(bytes) : answer(bytes)
    }

    // MARK: The client

    private func ask(_ bytes: RawSpan) -> Step {
        switch asking {
        case .offer:
            if bytes.u8(at: 0) == 4 { return ask(bytes, SOCKSRequest.version4(bytes), version: 4) }
            guard let count = bytes.u8(at: 1), bytes.byteCount >= 2 &+ Int(count) else { return .took(0) }
            asking = .nothing
            return .hold(took: 2 &+ Int(count))
        case .password:
            guard let length = Self.passwordLength(bytes, at: 0) else { return .took(0) }
            asking = .nothing
            return .hold(took: length)
        case .request: return ask(bytes, SOCKSRequest.version5(bytes, at: 0), version: 5)
        case .nothing:
            // What comes before the server's consent is for whom it connects to.
            return answering == .nothing ? .took(bytes.byteCount) : .hold(took: 0)
        }
    }

    private func ask(_ bytes: RawSpan, _ reading: SOCKSRequest.Reading, version: UInt8) -> Step {
        switch reading {
        case .needMore: return .took(0)
        case .no: return giveUp(bytes)
        case .request(let length, let request):
            asking = .nothing
            answering = .reply
            self.version = version
            self.request = request
            return .hold(took: length)
        }
    }

    /// Version 1, and user and password with their lengths (RFC 1929, section 2).
    static func passwordLength(_ bytes: RawSpan, at offset: Int) -> Int? {
        guard let user = bytes.u8(at: offset &+ 1), let password = bytes.u8(at: offset &+ 2 &+ Int(user)) else {
            return nil
        }
        let length = 3 &+ Int(user) &+ Int(password)
        return bytes.byteCount >= offset &+ length ? length : nil
    }

    // MARK: The server

    private func answer(_ bytes: RawSpan) -> Step {
        switch answering {
        case .choice:
            if asking == .offer { return .hold(took: 0) }
            guard let choice = bytes.u8(at: 1) else { return .took(0) }
            switch choice {
            case 0: (asking, answering) = (.request, .reply)
            case 2: (asking, answering) = (.password, .password)
            default: return giveUp(bytes)
            }
            return .took(2, next: 0)
        case .password:
            guard let status = bytes.u8(at: 1) else { return .took(0) }
            guard status == 0 else { return giveUp(bytes) }
            (asking, answering) = (.request, .reply)
            return .took(2, next: 0)
        case .reply, .secondReply:
            guard let request else { return .hold(took: 0) }
            guard let length = replyLength(bytes), let code = bytes.u8(at: 1) else { return .took(0) }
            guard code == (version == 4 ? 90 : 0) else {
                // Refused: nothing follows, and it was meant for there all the same.
                guard request.command == .connect else { return .handOver(took: length, .detect(Announcement())) }
                return .handOver(
                    took: length,
                    .detect(Announcement(destination: request.destination, refusal: refusal(code))))
            }
            if request.command == .connect {
                return .handOver(took: length, .detect(Announcement(destination: request.destination)))
            }
            if request.command == .bind, answering == .secondReply {
                return .handOver(took: length, .detect(Announcement()))
            }
            answering = request.command == .bind ? .secondReply : .nothing
            return .took(length, next: 0)
        case .nothing: return .took(bytes.byteCount)
        }
    }

    /// What a connect of the server's own has come to, by its reply (RFC 1928, section 6; of version 4, which says less, 92
    /// and 93 are about who asks).
    private func refusal(_ code: UInt8) -> Int32 {
        switch (version, code) {
        case (5, 2), (4, 92), (4, 93): EACCES
        case (5, 3): ENETUNREACH
        // Or its time to live has run out.
        case (5, 4), (5, 6): EHOSTUNREACH
        case (5, 5): ECONNREFUSED
        case (5, 8): EAFNOSUPPORT
        default: EIO
        }
    }

    private func replyLength(_ bytes: RawSpan) -> Int? {
        if version == 4 { return bytes.byteCount >= 8 ? 8 : nil }
        guard bytes.byteCount >= 4, let length = SOCKSRequest.addressLength(bytes, at: 3) else { return nil }
        return bytes.byteCount >= 5 &+ length ? 5 &+ length : nil
    }

    /// Refused, or agreed on in a way that is not known here: nothing follows that could be read.
    private func giveUp(_ bytes: RawSpan) -> Step {
        (asking, answering) = (.nothing, .nothing)
        return .took(bytes.byteCount)
    }

    // MARK: The end

    func gap(_ length: UInt64, _ side: Side, after tail: RawSpan, _ at: Arrival, _ out: any Output) -> Step {
        (asking, answering) = (.nothing, .nothing)
        return .took(tail.byteCount)
    }

    func end(_ side: Side, after tail: RawSpan, _ at: Timestamp, _ out: any Output) -> Int { tail.byteCount }

    func finish(_ out: any Output) {}

    var held: Int { 0 }

    var takesApart: Bool { false }
}
