/// How the end of a body will be known.
enum BodyLength: Equatable, Sendable {
    /// There is no body.
    case none
    /// It has so many bytes.
    case bytes(UInt64)
    /// Its end is marked: a last chunk, a last frame.
    case marked
    /// It goes on until the stream ends, or until nobody can tell.
    case untilEnd
}
