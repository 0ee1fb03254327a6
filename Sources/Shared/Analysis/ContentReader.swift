/// Reads what is inside one message, whatever carried it: shapes come from here.
///
/// It is used again for the next message, with its buffers.
protocol ContentReader: AnyObject {
    /// Makes ready for the content of a message.
    func begin()

    /// Takes the next bytes of the content, decoded.
    func feed(_ bytes: RawSpan)

    /// The content is over, as far as it goes.
    /// - Parameter isWhole: nothing of it is missing; else its shape is that of what was fed, and says so.
    /// - Returns: its shape.
    func end(isWhole: Bool, _ out: any Output) -> ShapeID
}
