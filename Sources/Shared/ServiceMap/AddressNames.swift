/// Names that the user gave to addresses: `--name 10.0.0.5=web`, `--name 10.0.0.5:5432=orders-db`, `--names FILE`.
package struct AddressNames: Equatable, Sendable {
    package init() {}
    package private(set) var byAddress: [IPAddress: String] = [:]
    package private(set) var byEndpoint: [Endpoint: String] = [:]
}
