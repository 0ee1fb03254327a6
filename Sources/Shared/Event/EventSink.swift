/// Where the events of a tape go, one after the other: the pipeline, a recorder, or a test that looks at them.
package protocol EventSink: AnyObject {
    /// `payload` holds the bytes of a `data` event or of a `datagram`, is empty for all others, and is not kept.
    func consume(_ event: borrowing CapturedEvent, payload: RawSpan)
}
