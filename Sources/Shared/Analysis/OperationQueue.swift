/// Operations that were asked for and are not answered yet, in the order in which they were sent.
///
/// Whoever knows answers by a number looks for it from the oldest on, since answers come nearly in order.
typealias OperationQueue<Detail> = TextQueue<QueuedOperation<Detail>>

struct QueuedOperation<Detail>: TextHolder {
    var operation = ServiceOperation()
    /// What has to be known of it while its answer is read.
    var detail: Detail

    var textStart: Int? { operation.textStart }

    mutating func moveText(by distance: Int) { operation.moveText(by: distance) }
}

extension TextQueue {
    mutating func append<Detail>(_ operation: ServiceOperation, _ detail: Detail)
    where Entry == QueuedOperation<Detail> {
        append(QueuedOperation(operation: operation, detail: detail))
    }

    func tell(_ operation: borrowing ServiceOperation, _ out: any Output) { out.operation(operation, text.bytes) }
}

extension ServiceOperation: TextHolder {
    var textStart: Int? {
        let ranges = [namespace, name, targets, statement, summary, code, answers]
        return ranges.lazy.filter { !$0.isEmpty }.map { Int($0.start) }.min()
    }

    mutating func moveText(by distance: Int) {
        namespace = namespace.moved(by: distance)
        name = name.moved(by: distance)
        targets = targets.moved(by: distance)
        statement = statement.moved(by: distance)
        summary = summary.moved(by: distance)
        code = code.moved(by: distance)
        answers = answers.moved(by: distance)
    }
}
