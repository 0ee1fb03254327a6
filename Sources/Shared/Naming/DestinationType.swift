/// Where a destination runs, as `destination_type` has it.
enum DestinationType: UInt8, Sendable {
    case container, process, external
}
