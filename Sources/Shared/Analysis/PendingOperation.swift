/// An operation that waits for its answer where answers come in any order, with its texts.
class PendingOperation {
    final var operation = ServiceOperation()
    /// What its ranges lie in.
    final var text = UniqueBytes()

    init() {}

    func removeAll() {
        operation = ServiceOperation()
        text.removeAll(keepingAtMost: 4 << 10)
    }

    final func store(_ write: (inout UniqueBytes) -> Void) -> ByteRange {
        let start = text.count
        write(&text)
        return ByteRange(start, text.count)
    }

    final func setName(_ word: StaticString) { operation.name = store { $0.append(word) } }

    final func setName(_ word: RawSpan) { operation.name = store { $0.append(word) } }

    final func setCode(_ word: StaticString) { operation.code = store { $0.append(word) } }

    final func setCode(_ word: RawSpan) { operation.code = store { $0.append(word) } }

    final func setCode(_ number: Int) { operation.code = store { $0.append(decimal: number) } }

    /// The one target: the pattern of a key or subject.
    final func setTarget(_ key: RawSpan, isWhole: Bool) {
        operation.targets = store { KeyPattern.append(key, isWhole: isWhole, to: &$0) }
    }

    /// Of what was asked.
    final func setRequest(_ bytes: UInt64, _ first: Timestamp, _ last: Timestamp) {
        operation.requestBytes = bytes
        operation.requestFirst = first
        operation.requestLast = last
        operation.ended = last
    }

    final func setResponse(_ bytes: UInt64, _ first: Timestamp, _ last: Timestamp) {
        operation.responseBytes = bytes
        operation.responseFirst = first
        operation.ended = last
    }

    final func tell(_ status: ServiceOperation.Status, _ system: StaticString, _ out: any Output) {
        operation.status = status
        operation.system = system
        if status == .unanswered {
            operation.pairing = .none
            operation.incomplete.insert(.response)
        }
        text.withBytes { out.operation(operation, $0) }
    }
}
