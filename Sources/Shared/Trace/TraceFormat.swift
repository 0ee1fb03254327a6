/// The recorded form of events, `.tape`: a header, then one frame an event.
///
/// The layout is in the article <doc:Traces>. All numbers are little endian.
package enum TraceFormat {
    /// What this code writes, and the newest that it reads.
    ///
    /// It is raised only when a reader of the old version would misread the file; new kinds of frames and new fields at
    /// the end of known ones need no new version.
    package static let version: UInt16 = 1

    /// No text begins so, and a transfer that mangles line ends shows at once (as with PNG's).
    static let magic: StaticString = "\u{7F}TAPE\r\n\u{1A}"
    static let headerLength = 16

    /// Begins every frame: after damage the next frame is looked for by it.
    static let marker: UInt16 = 0x54F5
    static let markerFirstByte: UInt8 = 0xF5
    /// Marker, type and length.
    static let frameHeaderLength = 8
    /// What a frame has beside its body: its header, and the checksum behind the body.
    static let frameOverhead = frameHeaderLength + 4

    /// The types of frames; each holds one event.
    enum FrameType: UInt16 {
        case open = 1
        case data = 2
        case gap = 3
        case acknowledged = 4
        case finished = 5
        case close = 6
        case process = 7
        case exit = 8
        case listening = 9
        case container = 10
        case lost = 11
        case sequenceNumbers = 12
        case unixSocket = 13
        /// An `open` with endpoints of any kind: readers that know only addresses take it for none of theirs, and pass over
        /// it.
        case openUnix = 14
        case listeningUnix = 15
        case datagram = 16
        case secret = 17
        case tape = 18
        case end = 19
        case continued = 20
        case name = 21
        case expected = 22
    }

    /// Bytes of a `data` frame's body in front of the payload.
    static let dataFieldsLength = 32
    /// Bytes of a `datagram` frame's body in front of the payload.
    static let datagramFieldsLength = 69

    /// Whether a file that begins so is a trace.
    package static func isTrace(_ head: RawSpan) -> Bool { head.has(magic) }
}

/// The bounds of a trace, with their reasons.
enum TraceLimits {
    /// Bytes of a frame's body; what claims more is damage.
    ///
    /// Above the largest event that a source makes, a process with six megabytes of arguments and as many of environment.
    static let frameBytes = 16 << 20
    /// Bytes of a command line or of an environment: Linux gives a process no more for both together
    /// (`fs/exec.c`: three quarters of `_STK_LIM`).
    static let blockBytes = 6 << 20
    /// Bytes of any other text: Linux's bound on one argument or variable (`MAX_ARG_STRLEN`).
    static let textBytes = 128 << 10
    /// Bytes of a payload in one frame; a longer one becomes several, and of a datagram, which can't, the rest is cut off
    /// (no datagram of IP is a hundredth of it).
    static let payloadBytes = 8 << 20
    /// Bytes of a line of the text form: a frame's bytes, each as a `\u00xx` escape, and the fields' names.
    static let lineBytes = 6 * frameBytes + 64 << 10
    /// Bytes whose checksum is computed until so many bytes of the file are passed, the intact frames' among them.
    ///
    /// A file could be made of nothing but beginnings of long frames, and would be read a thousand times over.
    static func checkedBytes(ofPassed count: Int) -> Int { 4 * frameBytes &+ count &* 5 }
    /// Complaints about single lines that are kept as text; the rest is only counted.
    static let complaints = 8
}

/// What a reader of a trace did with the bytes that it was shown.
package enum TraceStep: Equatable, Sendable {
    /// It is done with so many bytes, at least one; an event, damage, or what it has no use for.
    case taken(Int)
    /// It needs so many bytes from the same place on, or to know that the file ends.
    case needs(Int)
    /// The file has ended.
    case end
}

/// Why a file can't be read as a trace at all.
package enum TraceError: Error, Equatable, CustomStringConvertible {
    /// The header is none, or makes no sense.
    case notATrace
    /// An old reader would misread it: its version is above `TraceFormat.version`.
    case tooNew(version: UInt64)
    /// It uses something that a reader must understand, by these bits of the header's flags.
    case unknownFlags(UInt16)

    package var description: String {
        switch self {
        case .notATrace: "not a trace: its header is damaged"
        case .tooNew(let version):
            "is a trace of version \(version), and this program reads version \(TraceFormat.version); "
                + "read it with a newer one"
        case .unknownFlags(let flags):
            "is a trace with features (0x\(String(flags, radix: 16))) that this program does not know; "
                + "read it with a newer one"
        }
    }
}
