/// What a parser found odd in traffic.
///
/// Strange traffic is data, not an error: it is named on the message (`"anomalies"`) and counted in the summary.
enum Anomaly: UInt8, Sendable, CaseIterable {
    /// Two Content-Length fields that differ (RFC 9112, section 6.3).
    case contentLengthConflict
    /// A Content-Length that is no number or overflows (RFC 9110, section 8.6).
    case contentLengthInvalid
    /// Content-Length beside Transfer-Encoding (RFC 9112, section 6.1): chunked wins.
    case contentLengthWithTransferEncoding
    /// Transfer-Encoding without chunked as the last coding (RFC 9112, section 6.1).
    case transferEncodingUnknown
    /// A chunk size that is no hexadecimal number or overflows (RFC 9112, section 7.1).
    case chunkSizeInvalid
    /// A chunk's data is not followed by CRLF (RFC 9112, section 7.1).
    case chunkTerminatorMissing
    /// A line that ends in LF alone (RFC 9112, section 2.2).
    case bareLineFeed
    /// A carriage return that is not followed by a line feed (RFC 9112, section 2.2).
    case bareCarriageReturn
    /// A field line that goes on in the next line (obs-fold: RFC 9112, section 5.2).
    case foldedHeader
    /// A field line without a colon, or with an empty or impossible name (RFC 9112, section 5.1).
    case headerMalformed
    /// White space between field name and colon (RFC 9112, section 5.1).
    case headerNameSpace
    /// A header section beyond the limit.
    case headTooLarge
    /// The stream ended, or has a gap, before the head's empty line (RFC 9112, section 8).
    case headIncomplete
    /// A start line that is not of the grammar, and yet is one (RFC 9112, sections 3 and 4).
    case startLineMalformed
    /// A version other than 1.0 and 1.1.
    case versionUnknown
    /// A body that ends before its framing says (RFC 9112, section 8).
    case bodyIncomplete
    /// Bytes of the message are missing from the capture.
    case gap
    /// The content coding could not be decoded; the body is given as it was on the wire.
    case contentCodingFailed
    /// A content coding that Tapedeck has no decoder for.
    case contentCodingUnknown
    /// Decoded content beyond the limit of expansion.
    case contentCodingLimit
    /// A response to which no request is known.
    case responseWithoutRequest
    /// Bytes between messages that are none.
    case bytesBetweenMessages
    /// The parser lost its place in the stream and found it again at this message.
    case resynchronised
    /// A retransmission brought other bytes than the first copy; the first copy counts (seen since the last message).
    case retransmissionDiffers

    /// The name in the event log and in the summary.
    var name: StaticString {
        switch self {
        case .contentLengthConflict: "content_length_conflict"
        case .contentLengthInvalid: "content_length_invalid"
        case .contentLengthWithTransferEncoding: "content_length_with_transfer_encoding"
        case .transferEncodingUnknown: "transfer_encoding_unknown"
        case .chunkSizeInvalid: "chunk_size_invalid"
        case .chunkTerminatorMissing: "chunk_terminator_missing"
        case .bareLineFeed: "bare_line_feed"
        case .bareCarriageReturn: "bare_carriage_return"
        case .foldedHeader: "folded_header"
        case .headerMalformed: "header_malformed"
        case .headerNameSpace: "header_name_space"
        case .headTooLarge: "head_too_large"
        case .headIncomplete: "head_incomplete"
        case .startLineMalformed: "start_line_malformed"
        case .versionUnknown: "version_unknown"
        case .bodyIncomplete: "body_incomplete"
        case .gap: "gap"
        case .contentCodingFailed: "content_coding_failed"
        case .contentCodingUnknown: "content_coding_unknown"
        case .contentCodingLimit: "content_coding_limit"
        case .responseWithoutRequest: "response_without_request"
        case .bytesBetweenMessages: "bytes_between_messages"
        case .resynchronised: "resynchronised"
        case .retransmissionDiffers: "retransmission_differs"
        }
    }
}
