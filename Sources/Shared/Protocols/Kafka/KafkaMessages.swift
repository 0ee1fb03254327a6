// Made by Fixtures/record/kafka_messages.py from Kafka's message definitions; not to be edited.

/// Kafka's messages as far as they are looked at: Apache Kafka's source tree, clients/src/main/resources/common/message.
enum KafkaMessages {
    /// A line a message: the API's key, `q` for a request or `r` for a response, the first flexible version (KIP-482), and the
    /// fields, each with the versions that have it where not all do.
    ///
    /// `b`, `h`, `i`, `l`: numbers of one, two, four, eight bytes; `u` a UUID, `s` a string, `y` bytes, `R` batches of records;
    /// `< … >` a list of such, `[ … ]` a list of structures, `( … )` a structure, `? … )` one that may be missing. Behind the type stands what is looked
    /// for: `T` a topic's name, `I` a topic's id, `G` a group, `E` an error, `A` how many acknowledge.
    static let table: StaticString = """
        0q9 s3+ hA i [ sT0-12 uI13+ [ i R ] ]
        0r9 [ sT0-12 uI13+ [ i hE l l2+ l5+ [8+ i8+ s8+ ] s8+ ] ]
        1q12 i0-14 i i i3+ b4+ i7+ i7+ [ sT0-12 uI13+ [ i i9+ l i12+ l5+ i ] ] [7+ sT7-12 uI13+ <7+ i > ]
        1r12 i1+ hE7+ i7+ [ sT0-12 uI13+ [ i hE l l4+ l5+ [4+ l4+ l4+ ] i11+ R ] ]
        2q6 i b2+ [ sT [ i i4+ l i0-0 ] ]
        2r6 i2+ [ sT [ i hE <0-0 l > l1+ l1+ i4+ ] ]
        3q9 [ uI10+ sT ]
        3r9 i3+ [ i s i s1+ ] s2+ i1+ [ hE sT uI10+ b1+ [ hE i i i7+ < i > < i > <5+ i > ] i8+ ] i8-10 hE13+
        8q8 sG i1+ s1+ s7+ l2-4 [ sT0-9 uI10+ [ i l i6+ l1-1 s ] ]
        8r8 i3+ [ sT0-9 uI10+ [ i hE ] ]
        9q6 sG0-7 [0-7 sT0-7 <0-7 i > ] [8+ sG8+ s9+ i9+ [8+ sT8-9 uI10+ <8+ i > ] ]
        9r6 i3+ [0-7 sT0-7 [0-7 i0-7 l0-7 i5-7 s0-7 hE0-7 ] ] hE2-7 [8+ sG8+ [8+ sT8-9 uI10+ [8+ i8+ l8+ i8+ s8+ hE8+ ] ] \
        hE8+ ]
        10r3 i1+ hE0-3 s1-3 i0-3 s0-3 i0-3 [4+ s4+ i4+ s4+ i4+ hE4+ s4+ ]
        11q6 sG
        11r6 i2+ hE
        12q4 sG
        12r4 i1+ hE
        13q4 sG
        13r4 i1+ hE [3+ s3+ s3+ hE3+ ]
        14q4 sG
        14r4 i1+ hE
        15q5 < sG >
        15r5 i1+ [ hE s6+ sG s s s [ s s4+ s s y y ] i3+ ]
        16r3 i1+ hE [ sG s s4+ s5+ ]
        17r- hE
        18r3 hE
        19q5 [ sT i h [ i < i > ] [ s s ] ]
        19r5 i2+ [ sT uI7+ hE s1+ i5+ h5+ [5+ s5+ s5+ b5+ b5+ b5+ ] ]
        20q4 [6+ sT6+ uI6+ ] <0-5 sT >
        20r4 i1+ [ sT uI6+ hE s5+ ]
        21q2 [ sT [ i l ] ]
        21r2 i [ sT [ i l hE ] ]
        22r2 i hE
        23q4 i3+ [ sT [ i i2+ i ] ]
        23r4 i2+ [ sT [ hE i i1+ l ] ]
        24q3 [4+ s4+ l4+ h4+ b4+ [4+ sT < i > ] ] s0-3 l0-3 h0-3 [0-3 sT < i > ]
        24r3 i hE4+ [4+ s4+ [4+ sT [ i h ] ] ] [0-3 sT [ i h ] ]
        25q3 s l h sG
        25r3 i hE
        26r3 i hE
        27q1 [ l h b [ sT < i > ] i b2+ ]
        27r1 [ l [ sT [ i hE ] ] ]
        28q3 s sG l h i3+ s3+ s3+ [ sT [ i l i2+ s ] ]
        28r3 i [ sT [ i hE ] ]
        29r2 i hE
        30r2 i [ hE s ]
        31r2 i [ hE s [ hE s b s b1+ s s b b ] ]
        32r4 i [ hE s b s [ s s b b1+ b0-0 b [1+ s1+ s1+ b1+ ] b3+ s3+ ] ]
        33r2 i [ hE s b s ]
        34q2 [ s [ sT < i > ] ]
        34r2 i [ sT [ i hE ] ]
        35q2 [ sT < i > ]
        35r2 i hE3+ [ hE s [ sT [ i l l b ] ] l4+ l4+ b5+ ]
        36r2 hE
        37q2 [ sT i [ < i > ] ]
        37r2 i [ sT hE s ]
        42q2 < sG >
        42r2 i [ sG hE ]
        43q2 b1+ [ sT < i > ]
        43r2 i hE1+ [ sT [ i hE s ] ]
        44r1 i [ hE s b s ]
        45q0 i b1+ [ sT [ i < i > ] ]
        45r0 i b1+ hE s [ sT [ i hE s ] ]
        46q0 i [ sT < i > ]
        46r0 i hE s [ sT [ i < i > < i > < i > ] ]
        47q- sG [ sT [ i ] ]
        47r- hE i [ sT [ i hE ] ]
        48r1 i hE
        49r1 i [ hE s [ s s ] ]
        50r0 i hE s [ s hE s [ b i ] ]
        51r0 i [ s hE s ]
        55q0 [ sT [ i ] ]
        55r0 hE s2+ [ sT [ i hE s2+ i i l [ i u2+ l l1+ l1+ ] [ i u2+ l l1+ l1+ ] ] ]
        57r0 i hE s [0-1 s hE s ]
        60r0 i hE
        61q0 [ sT < i > ]
        61r0 i [ sT [ i hE s [ l i i l i l ] ] ]
        65r0 i [ hE s s i l l h [ sT < i > ] ]
        66r0 i hE
        68q0 sG
        68r0 i hE
        74r0 i hE
        75q0 [ sT ] i ? sT i )
        75r0 i [ hE sT uI b [ hE i i i < i > < i > < i > < i > < i > ] i ] ? sT i )
        """

    /// What APIs are called, with the first version of which both header and body are flexible.
    static let names: [(key: UInt16, name: StaticString, flexible: UInt16)] = [
        (0, "Produce", 9),
        (1, "Fetch", 12),
        (2, "ListOffsets", 6),
        (3, "Metadata", 9),
        (8, "OffsetCommit", 8),
        (9, "OffsetFetch", 6),
        (10, "FindCoordinator", 3),
        (11, "JoinGroup", 6),
        (12, "Heartbeat", 4),
        (13, "LeaveGroup", 4),
        (14, "SyncGroup", 4),
        (15, "DescribeGroups", 5),
        (16, "ListGroups", 3),
        (17, "SaslHandshake", 99),
        (18, "ApiVersions", 3),
        (19, "CreateTopics", 5),
        (20, "DeleteTopics", 4),
        (21, "DeleteRecords", 2),
        (22, "InitProducerId", 2),
        (23, "OffsetForLeaderEpoch", 4),
        (24, "AddPartitionsToTxn", 3),
        (25, "AddOffsetsToTxn", 3),
        (26, "EndTxn", 3),
        (27, "WriteTxnMarkers", 1),
        (28, "TxnOffsetCommit", 3),
        (29, "DescribeAcls", 2),
        (30, "CreateAcls", 2),
        (31, "DeleteAcls", 2),
        (32, "DescribeConfigs", 4),
        (33, "AlterConfigs", 2),
        (34, "AlterReplicaLogDirs", 2),
        (35, "DescribeLogDirs", 2),
        (36, "SaslAuthenticate", 2),
        (37, "CreatePartitions", 2),
        (42, "DeleteGroups", 2),
        (43, "ElectLeaders", 2),
        (44, "IncrementalAlterConfigs", 1),
        (45, "AlterPartitionReassignments", 0),
        (46, "ListPartitionReassignments", 0),
        (47, "OffsetDelete", 99),
        (48, "DescribeClientQuotas", 1),
        (49, "AlterClientQuotas", 1),
        (50, "DescribeUserScramCredentials", 0),
        (51, "AlterUserScramCredentials", 0),
        (55, "DescribeQuorum", 0),
        (57, "UpdateFeatures", 0),
        (60, "DescribeCluster", 0),
        (61, "DescribeProducers", 0),
        (65, "DescribeTransactions", 0),
        (66, "ListTransactions", 0),
        (68, "ConsumerGroupHeartbeat", 0),
        (69, "ConsumerGroupDescribe", 0),
        (71, "GetTelemetrySubscriptions", 0),
        (72, "PushTelemetry", 0),
        (73, "AssignReplicasToDirs", 0),
        (74, "ListConfigResources", 0),
        (75, "DescribeTopicPartitions", 0),
        (76, "ShareGroupHeartbeat", 0),
        (77, "ShareGroupDescribe", 0),
        (78, "ShareFetch", 0),
        (79, "ShareAcknowledge", 0),
    ]

    /// Errors as the guide names them ("Error Codes").
    static let errors: [(code: Int16, name: StaticString)] = [
        (-1, "UNKNOWN_SERVER_ERROR"),
        (1, "OFFSET_OUT_OF_RANGE"),
        (2, "CORRUPT_MESSAGE"),
        (3, "UNKNOWN_TOPIC_OR_PARTITION"),
        (4, "INVALID_FETCH_SIZE"),
        (5, "LEADER_NOT_AVAILABLE"),
        (6, "NOT_LEADER_FOR_PARTITION"),
        (7, "REQUEST_TIMED_OUT"),
        (8, "BROKER_NOT_AVAILABLE"),
        (9, "REPLICA_NOT_AVAILABLE"),
        (10, "MESSAGE_SIZE_TOO_LARGE"),
        (11, "STALE_CONTROLLER_EPOCH"),
        (12, "OFFSET_METADATA_TOO_LARGE"),
        (13, "NETWORK_EXCEPTION"),
        (14, "COORDINATOR_LOAD_IN_PROGRESS"),
        (15, "COORDINATOR_NOT_AVAILABLE"),
        (16, "NOT_COORDINATOR"),
        (17, "INVALID_TOPIC"),
        (18, "RECORD_LIST_TOO_LARGE"),
        (19, "NOT_ENOUGH_REPLICAS"),
        (20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND"),
        (21, "INVALID_REQUIRED_ACKS"),
        (22, "ILLEGAL_GENERATION"),
        (23, "INCONSISTENT_GROUP_PROTOCOL"),
        (24, "INVALID_GROUP_ID"),
        (25, "UNKNOWN_MEMBER_ID"),
        (26, "INVALID_SESSION_TIMEOUT"),
        (27, "REBALANCE_IN_PROGRESS"),
        (28, "INVALID_COMMIT_OFFSET_SIZE"),
        (29, "TOPIC_AUTHORIZATION_FAILED"),
        (30, "GROUP_AUTHORIZATION_FAILED"),
        (31, "CLUSTER_AUTHORIZATION_FAILED"),
        (32, "INVALID_TIMESTAMP"),
        (33, "UNSUPPORTED_SASL_MECHANISM"),
        (34, "ILLEGAL_SASL_STATE"),
        (35, "UNSUPPORTED_VERSION"),
        (36, "TOPIC_ALREADY_EXISTS"),
        (37, "INVALID_PARTITIONS"),
        (38, "INVALID_REPLICATION_FACTOR"),
        (39, "INVALID_REPLICATION_ASSIGNMENT"),
        (40, "INVALID_CONFIG"),
        (41, "NOT_CONTROLLER"),
        (42, "INVALID_REQUEST"),
        (43, "UNSUPPORTED_FOR_MESSAGE_FORMAT"),
        (44, "POLICY_VIOLATION"),
        (45, "OUT_OF_ORDER_SEQUENCE_NUMBER"),
        (46, "DUPLICATE_SEQUENCE_NUMBER"),
        (47, "INVALID_PRODUCER_EPOCH"),
        (48, "INVALID_TXN_STATE"),
        (49, "INVALID_PRODUCER_ID_MAPPING"),
        (50, "INVALID_TRANSACTION_TIMEOUT"),
        (51, "CONCURRENT_TRANSACTIONS"),
        (52, "TRANSACTION_COORDINATOR_FENCED"),
        (53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"),
        (54, "SECURITY_DISABLED"),
        (55, "OPERATION_NOT_ATTEMPTED"),
        (56, "KAFKA_STORAGE_ERROR"),
        (57, "LOG_DIR_NOT_FOUND"),
        (58, "SASL_AUTHENTICATION_FAILED"),
        (59, "UNKNOWN_PRODUCER_ID"),
        (60, "REASSIGNMENT_IN_PROGRESS"),
        (61, "DELEGATION_TOKEN_AUTH_DISABLED"),
        (62, "DELEGATION_TOKEN_NOT_FOUND"),
        (63, "DELEGATION_TOKEN_OWNER_MISMATCH"),
        (64, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED"),
        (65, "DELEGATION_TOKEN_AUTHORIZATION_FAILED"),
        (66, "DELEGATION_TOKEN_EXPIRED"),
        (67, "INVALID_PRINCIPAL_TYPE"),
        (68, "NON_EMPTY_GROUP"),
        (69, "GROUP_ID_NOT_FOUND"),
        (70, "FETCH_SESSION_ID_NOT_FOUND"),
        (71, "INVALID_FETCH_SESSION_EPOCH"),
        (72, "LISTENER_NOT_FOUND"),
        (73, "TOPIC_DELETION_DISABLED"),
        (74, "FENCED_LEADER_EPOCH"),
        (75, "UNKNOWN_LEADER_EPOCH"),
        (76, "UNSUPPORTED_COMPRESSION_TYPE"),
        (77, "STALE_BROKER_EPOCH"),
        (78, "OFFSET_NOT_AVAILABLE"),
        (79, "MEMBER_ID_REQUIRED"),
        (80, "PREFERRED_LEADER_NOT_AVAILABLE"),
        (81, "GROUP_MAX_SIZE_REACHED"),
        (82, "FENCED_INSTANCE_ID"),
        (83, "ELIGIBLE_LEADERS_NOT_AVAILABLE"),
        (84, "ELECTION_NOT_NEEDED"),
        (85, "NO_REASSIGNMENT_IN_PROGRESS"),
        (86, "GROUP_SUBSCRIBED_TO_TOPIC"),
        (87, "INVALID_RECORD"),
        (88, "UNSTABLE_OFFSET_COMMIT"),
        (89, "THROTTLING_QUOTA_EXCEEDED"),
        (90, "PRODUCER_FENCED"),
        (91, "RESOURCE_NOT_FOUND"),
        (92, "DUPLICATE_RESOURCE"),
        (93, "UNACCEPTABLE_CREDENTIAL"),
        (94, "INCONSISTENT_VOTER_SET"),
        (95, "INVALID_UPDATE_VERSION"),
        (96, "FEATURE_UPDATE_FAILED"),
        (97, "PRINCIPAL_DESERIALIZATION_FAILURE"),
        (98, "SNAPSHOT_NOT_FOUND"),
        (99, "POSITION_OUT_OF_RANGE"),
        (100, "UNKNOWN_TOPIC_ID"),
        (101, "DUPLICATE_BROKER_REGISTRATION"),
        (102, "BROKER_ID_NOT_REGISTERED"),
        (103, "INCONSISTENT_TOPIC_ID"),
        (104, "INCONSISTENT_CLUSTER_ID"),
        (105, "TRANSACTIONAL_ID_NOT_FOUND"),
        (106, "FETCH_SESSION_TOPIC_ID_ERROR"),
        (107, "INELIGIBLE_REPLICA"),
        (108, "NEW_LEADER_ELECTED"),
        (109, "OFFSET_MOVED_TO_TIERED_STORAGE"),
        (110, "FENCED_MEMBER_EPOCH"),
        (111, "UNRELEASED_INSTANCE_ID"),
        (112, "UNSUPPORTED_ASSIGNOR"),
        (113, "STALE_MEMBER_EPOCH"),
        (114, "MISMATCHED_ENDPOINT_TYPE"),
        (115, "UNSUPPORTED_ENDPOINT_TYPE"),
        (116, "UNKNOWN_CONTROLLER_ID"),
        (117, "UNKNOWN_SUBSCRIPTION_ID"),
        (118, "TELEMETRY_TOO_LARGE"),
        (119, "INVALID_REGISTRATION"),
        (120, "TRANSACTION_ABORTABLE"),
        (121, "INVALID_RECORD_STATE"),
        (122, "SHARE_SESSION_NOT_FOUND"),
        (123, "INVALID_SHARE_SESSION_EPOCH"),
        (124, "FENCED_STATE_EPOCH"),
        (125, "INVALID_VOTER_KEY"),
        (126, "DUPLICATE_VOTER"),
        (127, "VOTER_NOT_FOUND"),
    ]
}
