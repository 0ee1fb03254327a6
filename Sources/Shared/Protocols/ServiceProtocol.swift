/// What a connection that is not HTTP may talk: the protocols that a service map names.
package enum ServiceProtocol: UInt8, Sendable, CaseIterable {
    case postgres, mysql, mongodb, mssql, redis, memcached, kafka, amqp, nats

    /// As `protocol` in events and in the map has it.
    package var name: StaticString {
        switch self {
        case .postgres: "postgres"
        case .mysql: "mysql"
        case .mongodb: "mongodb"
        case .mssql: "mssql"
        case .redis: "redis"
        case .memcached: "memcached"
        case .kafka: "kafka"
        case .amqp: "amqp"
        case .nats: "nats"
        }
    }

    package var category: Category {
        switch self {
        case .postgres, .mysql, .mongodb, .mssql: .database
        case .redis, .memcached: .cache
        case .kafka, .amqp, .nats: .messageBus
        }
    }

    /// The ports on which the protocol is at home.
    ///
    /// A port alone is worth confidence 60 and never more.
    package var defaultPorts: [UInt16] {
        switch self {
        case .postgres: [5432]
        case .mysql: [3306]
        case .mongodb: [27017]
        case .mssql: [1433]
        case .redis: [6379, 26379]
        case .memcached: [11211]
        case .kafka: [9092, 19092, 29092, 9093]
        case .amqp: [5672, 5671]
        case .nats: [4222, 6222]
        }
    }

    /// The protocol that is at home on `port`, if one is.
    package static func atHome(on port: UInt16) -> ServiceProtocol? {
        allCases.first { $0.defaultPorts.contains(port) }
    }

    /// What the protocol is used for, as `category` has it.
    package enum Category: Sendable {
        case database, cache, messageBus

        package var name: StaticString {
            switch self {
            case .database: "database"
            case .cache: "cache"
            case .messageBus: "message_bus"
            }
        }
    }
}
