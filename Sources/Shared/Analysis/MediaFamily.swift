/// How the shape of a body is found, by what its message says that it is.
enum MediaFamily: UInt8, Sendable {
    /// Anything else: tried as JSON, and as XML where it begins so.
    case other
    /// A JSON text a line.
    case jsonLines
    /// `application/x-www-form-urlencoded`.
    case form
    /// `multipart/form-data` (RFC 7578).
    case multipart
    case xml
    /// What begins like XML and is none: pages, drawings.
    case page
    /// A document of GraphQL as it is, without JSON around it.
    case graphQL
}
