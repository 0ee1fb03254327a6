private import CLibyaml
import Console
import Glibc
import Shared

/// Reads a document of YAML or JSON that somebody has written, by libyaml.
///
/// One document. A few lines of aliases can stand for more than fits into memory: of a document with all of them written out there is a most.
struct YAMLFile: ~Copyable {
    // libyaml keeps a pointer to its parser within it, so it must not move.
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)
    private var line = 1
    /// What the last event gives a name to.
    private var anchor: String?
    private var anchors: [String: Part] = [:]
    /// Nodes of the document, with those that aliases stand for.
    private var count = 0

    /// What people write by hand has some kilobytes, what programs write a few hundred.
    static let mostBytes = 8 << 20
    /// More than one for each second byte of the largest file without aliases.
    private static let mostNodes = 5 << 20
    /// Levels of mappings and lists.
    static let deepest = 64

    private enum Event {
        case begin, end
        case alias(String)
        case scalar(String, isPlain: Bool)
        case mapping, sequence, close
    }

    /// A node, and how much there is within it.
    private struct Part {
        var node: DocumentNode
        var count: Int
        /// Levels.
        var height: Int
    }

    /// The document in these bytes.
    static func document(_ bytes: [UInt8]) throws(DocumentFault) -> DocumentNode {
        guard bytes.count <= mostBytes else {
            throw DocumentFault(line: 1, "is larger than \(mostBytes >> 20) MiB, which nobody writes")
        }
        return try bytes.withUnsafeBufferPointer { (buffer) throws(DocumentFault) in
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

    private mutating func document() throws(DocumentFault) -> DocumentNode {
        guard case .begin = try next() else { throw DocumentFault(line: 1, "is empty") }
        let root = try node(try next(), depth: 0).node
        guard case .end = try next(), case .end = try next() else {
            throw DocumentFault(line: line, "has more than one document; give one of them")
        }
        return root
    }

    private mutating func node(_ event: Event, depth: Int) throws(DocumentFault) -> Part {
        let (start, name) = (line, anchor)
        if case .alias(let name) = event {
            guard let part = anchors[name] else {
                throw DocumentFault(line: line, "refers to \(name), which is not there before it")
            }
            guard depth + part.height < Self.deepest else { throw DocumentFault(line: line, "lies too deep") }
            try add(part.count)
            return part
        }
        guard depth < Self.deepest else { throw DocumentFault(line: line, "lies too deep") }
        try add(1)
        let before = count
        var part = Part(node: DocumentNode(line: start, .sequence([])), count: 1, height: 1)
        switch event {
        case .scalar(let text, let isPlain): part.node.value = .scalar(text, isPlain: isPlain)
        case .sequence:
            var elements: [DocumentNode] = []
            while true {
                let event = try next()
                if case .close = event { break }
                let element = try node(event, depth: depth + 1)
                part.height = max(part.height, element.height + 1)
                elements.append(element.node)
            }
            part.node.value = .sequence(elements)
        case .mapping:
            var members: [DocumentNode.Member] = []
            while true {
                let event = try next()
                if case .close = event { break }
                let keyLine = line
                guard case .scalar(let key, _) = event else {
                    throw DocumentFault(line: line, "a key is no text")
                }
                let value = try node(try next(), depth: depth + 1)
                part.height = max(part.height, value.height + 1)
                members.append(DocumentNode.Member(key: key, line: keyLine, node: value.node))
            }
            part.node.value = .mapping(members)
        case .begin, .end, .close, .alias: throw DocumentFault(line: line, "is empty")
        }
        part.count += count - before
        if let name { anchors[name] = part }
        return part
    }

    private mutating func add(_ nodes: Int) throws(DocumentFault) {
        count += nodes
        guard count <= Self.mostNodes else {
            throw DocumentFault(line: line, "stands for more than \(Self.mostNodes) values by its aliases")
        }
    }

    /// The next event that says something.
    private mutating func next() throws(DocumentFault) -> Event {
        while true {
            guard yaml_parser_parse(parser, event) == 1 else {
                let problem = parser.pointee.problem.map { String(cString: $0) } ?? "can't be read"
                let mark = Int(clamping: parser.pointee.problem_mark.line)
                throw DocumentFault(line: mark + 1, "is no YAML: \(problem)")
            }
            defer { yaml_event_delete(event) }
            line = Int(clamping: event.pointee.start_mark.line) + 1
            anchor = nil
            switch event.pointee.type {
            case YAML_DOCUMENT_START_EVENT: return .begin
            case YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT: return .end
            case YAML_MAPPING_START_EVENT:
                anchor = Self.text(event.pointee.data.mapping_start.anchor)
                return .mapping
            case YAML_SEQUENCE_START_EVENT:
                anchor = Self.text(event.pointee.data.sequence_start.anchor)
                return .sequence
            case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT: return .close
            case YAML_ALIAS_EVENT: return .alias(Self.text(event.pointee.data.alias.anchor) ?? "")
            case YAML_SCALAR_EVENT:
                let scalar = event.pointee.data.scalar
                anchor = Self.text(scalar.anchor)
                let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
                return .scalar(String(decoding: bytes, as: UTF8.self), isPlain: scalar.plain_implicit == 1)
            default: continue
            }
        }
    }

    private static func text(_ characters: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        characters.map { String(decoding: UnsafeBufferPointer(start: $0, count: strlen($0)), as: UTF8.self) }
    }
}
