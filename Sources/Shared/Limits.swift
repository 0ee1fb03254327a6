/// Every bound of the pipeline, with its reason.
///
/// Reaching one is counted in the summary, never silent.
package struct Limits: Equatable, Sendable {
    init() {}

    /// Bytes of a body, and of `raw_payload`, that an event shows.
    ///
    /// Beyond it the event says `"truncated":true`.
    package var bodyBytes = 64 << 10
    /// Bytes of a message's head.
    ///
    /// Servers refuse more than 8 to 64 KiB; beyond this it is no head.
    package var headBytes = 256 << 10
    /// Bytes that wait for missing ones in one direction.
    ///
    /// Above the largest receive window seen in practice a hole will not be filled any more.
    var outOfOrderBytes = 1 << 20
    /// Pieces that wait for missing bytes in one direction: one-byte segments cost more than their bytes.
    var outOfOrderPieces = 4096
    /// Nanoseconds of the tape for which a hole is kept open once the receiver has confirmed its bytes: packets
    /// overtake each other in a capture by far less.
    var holeAge: Int64 = 2_000_000_000
    /// Bytes of a turn that detectors look at.
    var detectionBytes = 16 << 10
    /// Turns of a conversation that detectors look at before they give up.
    var detectionTurns = 12
    /// Requests that wait for their response on one connection.
    var pipelinedRequests = 4096
    /// Bytes of their verbs and targets: as many as of `pipelinedRequests` that are long, and few of those that no server
    /// takes.
    var pipelinedBytes = 1 << 20
    /// Bytes that the streams of one connection keep together, once there are many.
    var streamBytes = 16 << 20
    /// Layers within a connection, one in the other: what a stranger nests deeper is not read.
    var layers = 8
    /// Open connections.
    package var connections = 1 << 20
    /// Entries of the service map (endpoints and connections), and distinct paths.
    var serviceMapEntries = 100_000
    /// Words below one place of a destination's paths; one more, and any is a parameter.
    ///
    /// No interface that people wrote has as many side by side.
    var pathWords = 256
    /// Places among the paths of one destination, while they are recorded, and a sixteenth of those of all: what lies deeper
    /// than the depth at which there are more is `/**`.
    ///
    /// The largest interfaces have some thousands; names that are to become parameters take room until they do.
    var pathNodes = 1 << 14
    /// Places among the paths of one destination that are written; what lies deeper is `/**`.
    var templateNodes = 4096
    /// Endpoints and operations of one service that are told of each, whatever their bodies; the others are one, `_other`.
    ///
    /// More of them nobody reads, and each is a series of a metric.
    var series = 2000
    /// Shapes of one endpoint's bodies that are held each; of more only what they have in common, and as many variants as are written.
    var heldShapes = 64
    /// Variants of one endpoint that are written, which differ in the shape of a body; of more the shape is one that holds for all.
    var schemaVariants = 8
    /// Processes, listeners and containers, each: a machine has fewer of those that opted in.
    var participants = 1 << 16
    /// Secrets of TLS sessions: five a connection, each with some hundred bytes.
    var secrets = 1 << 20
    /// Bytes of an HTTP Archive's entries, which are held until all are there; a program that reads it holds more.
    var archiveBytes = 1 << 30
    /// Depth of JSON that a schema follows; deeper it is `non-json`.
    var jsonDepth = 64
    /// Distinct object keys of one schema.
    var jsonKeys = 10_000
    /// A decoded body may be this many times its encoded size, once above `bodyBytes`: zip bombs.
    var expansion = 1000
}

/// The bounds that the summary counts.
package enum Limit: UInt8, Sendable, CaseIterable {
    case headBytes, outOfOrder, streamDistance, pipelinedRequests, connections, serviceMapEntries, pathNodes, jsonDepth,
        jsonKeys, expansion, layers, preparedStatements, streamBytes,
        secrets, series, spans

    /// Whether what lies beyond it is missing from the results; otherwise it is in them in a coarser form.
    var isLoss: Bool {
        switch self {
        case .pathNodes, .jsonDepth, .jsonKeys, .series: false
        case .headBytes, .outOfOrder, .streamDistance, .pipelinedRequests, .connections, .serviceMapEntries,
            .expansion, .layers, .preparedStatements, .streamBytes, .secrets, .spans:
            true
        }
    }
}
