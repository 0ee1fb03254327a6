/// What a value looks like that should not be shown: by the name that it has, or by its own form.
enum Credential: UInt8, CaseIterable, Sendable {
    case password
    case secret
    case token
    case key
    case authorization
    case cookie
    case session
    case credential
    case signature
    case connectionString
    /// What proves who a client is in the messages by which it logs in.
    case login
    /// Three parts in base64url, the first of them a JSON object (RFC 7519).
    case jsonWebToken
    /// What stands between `-----BEGIN` and `-----END` (RFC 7468).
    case pem
    /// In a URL, before the host (RFC 3986, section 3.2.1).
    case urlPassword
    /// A key of a known service, by its prefix.
    case serviceKey
    /// Of a payment card (ISO/IEC 7812).
    case cardNumber
}
