private import CLibyaml
import Console
import Glibc
import Shared

/// Reads a document of YAML or JSON that somebody has written, by libyaml.
///
/// One document, without anchors: a few lines of them could stand for more than fits into memory.
struct YAMLFile: ~Copyable {
    // libyaml keeps a pointer to its parser within it, so it must not move.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)
    private var line = 1

    /// A profile of a hundred conditions has some 50 kB.
    static let mostBytes = 8 << 20
    /// Levels of mappings and lists.
    static let deepest = 64

    private enum Event {
        case begin, end
        case scalar(String, isPlain: Bool)
        case mapping, sequence, close
    }

    /// The document in these bytes.
    static func document(_ bytes: [UInt8]) throws(ProfileFault) -> ProfileNode {
        guard bytes.count <= mostBytes else {
            throw ProfileFault(.structural, line: 1, "is larger than \(mostBytes >> 20) MiB, which no profile is")
        }
        return try bytes.withUnsafeBufferPointer { (buffer) throws(ProfileFault) in
            var file = YAMLFile(buffer)
            return try file.document()
        }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        event.initialize(to: yaml_event_t())
        parser.initialize(to: yaml_parser_t())
        _ = yaml_parser_initialize(parser)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        event.deallocate()
    }

    private mutating func document() throws(ProfileFault) -> ProfileNode {
        guard case .begin = try next() else { throw ProfileFault(.structural, line: 1, "is empty") }
        let root = try node(try next(), depth: 0)
        guard case .end = try next(), case .end = try next() else {
            throw ProfileFault(.structural, line: line, "has more than one document; a profile is one")
        }
        return root
    }

    private mutating func node(_ event: Event, depth: Int) throws(ProfileFault) -> ProfileNode {
        let start = line
        guard depth < Self.deepest else { throw ProfileFault(.structural, line: line, "lies too deep") }
        switch event {
        case .scalar(let text, let isPlain): return ProfileNode(line: start, .scalar(text, isPlain: isPlain))
        case .sequence:
            var elements: [ProfileNode] = []
            while true {
                let event = try next()
                if case .close = event { return ProfileNode(line: start, .sequence(elements)) }
                elements.append(try node(event, depth: depth + 1))
            }
        case .mapping:
            var members: [ProfileNode.Member] = []
            while true {
                let event = try next()
                if case .close = event { return ProfileNode(line: start, .mapping(members)) }
                let keyLine = line
                guard case .scalar(let key, _) = event else {
                    throw ProfileFault(.structural, line: line, "a key is no text")
                }
                members.append(
                    ProfileNode.Member(key: key, line: keyLine, node: try node(try next(), depth: depth + 1)))
            }
        case .begin, .end, .close: throw ProfileFault(.structural, line: line, "is empty")
        }
    }

    /// The next event that says something.
    private mutating func next() throws(ProfileFault) -> Event {
        while true {
            guard yaml_parser_parse(parser, event) == 1 else {
                let problem = parser.pointee.problem.map { String(cString: $0) } ?? "can't be read"
                let mark = Int(clamping: parser.pointee.problem_mark.line)
                throw ProfileFault(.structural, line: mark + 1, "is no YAML: \(problem)")
            }
            defer { yaml_event_delete(event) }
            line = Int(clamping: event.pointee.start_mark.line) + 1
            switch event.pointee.type {
            case YAML_DOCUMENT_START_EVENT: return .begin
            case YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT: return .end
            case YAML_MAPPING_START_EVENT: return .mapping
            case YAML_SEQUENCE_START_EVENT: return .sequence
            case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT: return .close
            case YAML_ALIAS_EVENT:
                throw ProfileFault(.structural, line: line, "refers to an anchor; write it out where it is meant")
            case YAML_SCALAR_EVENT:
                let scalar = event.pointee.data.scalar
                let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
                return .scalar(String(decoding: bytes, as: UTF8.self), isPlain: scalar.plain_implicit == 1)
            default: continue
            }
        }
    }
}
