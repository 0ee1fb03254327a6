/// One channel of an AMQP connection: what waits on it for an answer.
final class AMQPChannel {
    /// Synchronous methods, in order.
    var asks: [AMQPOperation] = []
    /// Messages of which the contents come, of each side.
    var saying: AMQPOperation?
    var hearing: AMQPOperation?
    /// Bytes of contents that are still to come, of each side; `nil`: their header is.
    var sayingLeft: UInt64?
    var hearingLeft: UInt64?

    /// The server confirms what is published; `nil`: not known.
    var confirms: Bool?
    /// The number of the last message that was published since.
    var published: UInt64 = 0
    /// Published and not confirmed, by number.
    var unconfirmed: [AMQPOperation] = []
    /// Delivered and not acknowledged, by number.
    var unacknowledged: [AMQPOperation] = []
    /// Queues by the tags of their consumers.
    var consumers: [(tag: [UInt8], queue: [UInt8], isSilent: Bool)] = []
    var order: AMQPOrder

    init(isKnown: Bool) {
        confirms = isKnown ? false : nil
        order = AMQPOrder(isKnown: isKnown)
    }
}

/// An operation on a channel.
final class AMQPOperation: PendingOperation {
    var method: UInt32 = 0
    /// Of a delivery, or of a message that is published.
    var tag: UInt64 = 0
    /// What its answer names: the queue, or the consumer; empty: none, or left open.
    var named: [UInt8] = []
    /// No bytes of the client's are missing since it was asked.
    var isBehindLoss = true
    /// Nobody acknowledges it.
    var isSilent = false
    /// Reads what is in the message; `nil`: nobody wants that.
    var payload: PayloadReader?
}
