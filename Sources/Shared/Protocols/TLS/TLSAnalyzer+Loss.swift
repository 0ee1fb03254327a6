/// What becomes of records of which bytes are missing.
extension TLSAnalyzer {
    /// From a place on, records of the direction are missing, nobody knows how many.
    func lose(_ direction: TLSDirection, from position: UInt64) {
        direction.lostFrom = position
        direction.message.removeAll(keepingAtMost: 0)
    }

    /// Records that may have been lost at once: of the least length more than any buffer of a kernel holds.
    private static let lostRecords = 4096

    /// Finds out which record this is that comes behind a loss, by trying.
    /// - Returns: `false` where it is none of the direction's.
    func find(
        _ record: RawSpan, _ direction: TLSDirection, _ position: UInt64, _ now: Timestamp, _ out: any Output
    ) -> Bool {
        guard let cipher = direction.cipher, let from = direction.lostFrom else { return false }
        let lost = position &- from
        // A byte of content, or less: a header, and what protection adds.
        let least = UInt64(cipher.overhead ?? TLSRecord.header &+ 16)
        let most = Int(clamping: Swift.min(lost / least, UInt64(Self.lostRecords)))
        var plain = UniqueBytes()
        run.buffers.lend(to: &plain)
        defer { run.buffers.take(from: &plain) }
        var missing = 0
        while missing <= most, !Self.open(record, cipher, direction.sequence &+ UInt64(missing), &plain) {
            missing &+= 1
        }
        if missing > most {
            guard tryNext(record, direction, &plain) else {
                direction.tries &+= 1
                cipher.pass(record)
                if direction.tries >= Self.tryLimit { close(direction, .placeLost, out) }
                return false
            }
            direction.tries = 0
            direction.sequence = 0
            direction.lostFrom = nil
            restart(now, out)
            return true
        }
        direction.lostFrom = nil
        direction.tries = 0
        guard direction.epoch == .application else {
            direction.sequence &+= UInt64(missing)
            return true
        }
        run.summary.tls.lost &+= UInt64(missing)
        if let overhead = cipher.overhead {
            let content = lost.subtractingReportingOverflow(UInt64(overhead) &* UInt64(missing))
            if !content.overflow, missing > 0 || lost == 0 {
                tellGap(content.partialValue, direction.side, now, out)
            } else {
                restart(now, out)
            }
        } else if lost > 0 {
            restart(now, out)
        }
        direction.sequence &+= UInt64(missing)
        return true
    }

    /// What looked like a record and was none: after so many in a row it is not looked for any more.
    private static let tryLimit = 64

    // MARK: Records that are cut

    /// A record begins whose rest is missing, or a part of it: what is there is shown.
    func beginCut(
        _ start: RawSpan, _ whole: Int, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output
    ) {
        var cut = TLSDirection.Cut(sequence: direction.sequence, rest: whole &- start.byteCount)
        direction.sequence &+= 1
        defer { direction.cut = cut }
        let isContent = session.isVersion13 || start.u8(at: 0) == TLSRecord.application
        guard direction.epoch == .application, isContent, let cipher = direction.cipher else { return }
        guard let overhead = cipher.overhead, whole >= overhead else { return restart(now, out) }
        run.summary.tls.unverified &+= 1
        cut.content = whole &- overhead
        let first = TLSRecord.header &+ cipher.explicitNonce
        // Without its nonce nothing of it can be read.
        guard start.byteCount >= first else { return }
        cut.nonce = [UInt8](start.extracting(TLSRecord.header..<first))
        showCut(start.extracting(first...), &cut, direction, now, out)
    }

    /// Shows more of a record that is cut.
    /// - Returns: how many of the bytes are its own.
    func goOn(cut bytes: RawSpan, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output) -> Int {
        guard var cut = direction.cut else { return 0 }
        let own = bytes.extracting(first: cut.rest)
        cut.rest &-= own.byteCount
        showCut(own, &cut, direction, now, out)
        direction.cut = cut.rest > 0 ? cut : nil
        return own.byteCount
    }

    /// Bytes of a record that is cut are missing.
    /// - Returns: how many of them are behind it.
    func goOn(cut length: UInt64, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output) -> UInt64 {
        guard var cut = direction.cut else { return length }
        let own = Int(clamping: Swift.min(length, UInt64(cut.rest)))
        cut.rest &-= own
        let before = Swift.min(cut.offset, cut.content)
        cut.offset &+= own
        // Nothing of it can be read, so all of it is missing.
        if cut.nonce == nil, cut.rest > 0 {
            cut.offset = before
        } else {
            let end = cut.rest == 0 ? cut.content : Swift.min(cut.offset, cut.content)
            tellGap(UInt64(end &- before), direction.side, now, out)
        }
        direction.cut = cut.rest > 0 ? cut : nil
        return length &- UInt64(own)
    }

    /// Nothing proves that it is what was sent: that would take the whole record.
    private func showCut(
        _ bytes: RawSpan, _ cut: inout TLSDirection.Cut, _ direction: TLSDirection, _ now: Timestamp, _ out: any Output
    ) {
        guard let nonce = cut.nonce else {
            if cut.rest == 0 { tellGap(UInt64(cut.content &- cut.offset), direction.side, now, out) }
            return
        }
        let shown = bytes.extracting(first: Swift.max(cut.content &- cut.offset, 0))
        if shown.byteCount > 0, let cipher = direction.cipher {
            var plain = UniqueBytes()
            run.buffers.lend(to: &plain)
            plain.append(upTo: shown.byteCount) {
                cipher.openUnverified(shown, nonce: nonce, cut.sequence, from: cut.offset, into: $0)
            }
            deliver(plain.bytes, direction.side, now, out)
            tellGap(UInt64(shown.byteCount &- plain.count), direction.side, now, out)
            run.buffers.take(from: &plain)
        }
        cut.offset &+= bytes.byteCount
    }
}
