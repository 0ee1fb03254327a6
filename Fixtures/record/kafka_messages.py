"""Makes Sources/Shared/Protocols/Kafka/KafkaMessages.swift: python Fixtures/record/kafka_messages.py MESSAGES ERRORS >KafkaMessages.swift

MESSAGES is the folder of Kafka's message definitions (clients/src/main/resources/common/message in its source tree; kafka-python
has those of clients in kafka/protocol/schemas/resources). What the table's lines mean is said in what is written here, and
KafkaTable.swift reads them. Messages without anything that is looked for are left out, and so is what follows it at their ends.
"""
import json
import pathlib
import re
import sys

# Of messages that the folder lacks: KIP-848, of which only the group is looked for.
MORE = """{ "apiKey": 68, "type": "request", "name": "ConsumerGroupHeartbeatRequest", "validVersions": "0-1", "flexibleVersions": "0+",
 "fields": [ { "name": "GroupId", "type": "string", "versions": "0+", "entityType": "groupId" } ] }
{ "apiKey": 68, "type": "response", "name": "ConsumerGroupHeartbeatResponse", "validVersions": "0-1", "flexibleVersions": "0+",
 "fields": [ { "name": "ThrottleTimeMs", "type": "int32", "versions": "0+" }, { "name": "ErrorCode", "type": "int16", "versions": "0+" } ] }"""
# Housekeeping without a body that matters.
NAMES = {71: "GetTelemetrySubscriptions", 72: "PushTelemetry", 73: "AssignReplicasToDirs", 74: "ListConfigResources",
         69: "ConsumerGroupDescribe", 76: "ShareGroupHeartbeat", 77: "ShareGroupDescribe", 78: "ShareFetch", 79: "ShareAcknowledge"}
SIZES = {"bool": "b", "int8": "b", "uint8": "b", "int16": "h", "uint16": "h", "int32": "i", "uint32": "i", "int64": "l",
         "float64": "l", "uuid": "u", "string": "s", "bytes": "y", "records": "R"}


def read(text):
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))


def versions(text):
    if text == "none":
        return None
    low, _, high = text.partition("-")
    return (int(low.rstrip("+")), 99 if low.endswith("+") else int(high or low))


def without(span, other):
    """The versions that have the field in the usual place, and not among the tagged ones."""
    if other is None:
        return span
    return (span[0], other[0] - 1) if other[0] > span[0] else None


def mark(field, type):
    name, entity = field["name"], field.get("entityType")
    if entity == "topicName" and type == "s":
        return "T"
    if name == "TopicId" and type == "u":
        return "I"
    if entity == "groupId" and type == "s":
        return "G"
    if name == "ErrorCode" and type == "h":
        return "E"
    if name == "Acks" and type == "h":
        return "A"
    return ""


def token(field, common):
    span = versions(field["versions"])
    tagged = field.get("taggedVersions")
    span = span and without(span, versions(tagged) if tagged else None)
    if span is None:
        return None
    text = "" if span == (0, 99) else f"{span[0]}" + ("+" if span[1] == 99 else f"-{span[1]}")
    type = field["type"]
    is_array = type.startswith("[]")
    type = type.removeprefix("[]")
    if type in SIZES:
        one = SIZES[type] + mark(field, SIZES[type])
        return f"<{text} {one} >" if is_array else one + text
    fields = tokens(field.get("fields") or common[type], common)
    if is_array:
        return f"[{text} {' '.join(fields)} ]"
    opening = "?" if "nullableVersions" in field else "("
    return f"{opening}{text} {' '.join(fields)} )"


def tokens(fields, common):
    return [made for made in (token(field, common) for field in fields) if made]


def is_marked(text):
    return re.search(r"(?<![A-Za-z])[a-z]?[TIGEAR](?![a-z])", text)


def line(message):
    common = {one["name"]: one["fields"] for one in message.get("commonStructs", [])}
    made = tokens(message["fields"], common)
    while made and not is_marked(made[-1]):
        made.pop()
    flexible = versions(message.get("flexibleVersions", "none"))
    kind = "q" if message["type"] == "request" else "r"
    return f"{message['apiKey']}{kind}{flexible[0] if flexible else '-'} {' '.join(made)}" if made else None


messages = [read(path.read_text()) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json"))]
messages += [read(text) for text in re.split(r"\n(?=\{ \"apiKey\")", MORE)]
messages = sorted((one for one in messages if one["type"] in ("request", "response") and "apiKey" in one),
                  key=lambda one: (one["apiKey"], one["type"]))
errors = {}
for block in re.split(r"\nclass ", pathlib.Path(sys.argv[2]).read_text()):
    number, name = re.search(r"^    errno = (-?\d+)$", block, re.M), re.search(r"^    message = '([A-Z_0-9]+)'$", block, re.M)
    if number and name and int(number[1]) != 0:
        errors[int(number[1])] = name[1]
errors[-1] = "UNKNOWN_SERVER_ERROR"
names = dict(NAMES)
flexible = {}
for one in messages:
    names[one["apiKey"]] = re.sub("(Request|Response)$", "", one["name"])
    span = versions(one.get("flexibleVersions", "none"))
    flexible[one["apiKey"]] = span[0] if span else 99

print('''// Made by Fixtures/record/kafka_messages.py from Kafka's message definitions; not to be edited.

/// Kafka's messages as far as they are looked at: Apache Kafka's source tree, clients/src/main/resources/common/message.
enum KafkaMessages {
    /// A line a message: the API's key, `q` for a request or `r` for a response, the first flexible version (KIP-482), and the
    /// fields, each with the versions that have it where not all do.
    ///
    /// `b`, `h`, `i`, `l`: numbers of one, two, four, eight bytes; `u` a UUID, `s` a string, `y` bytes, `R` batches of records;
    /// `< … >` a list of such, `[ … ]` a list of structures, `( … )` a structure, `? … )` one that may be missing. Behind the type stands what is looked
    /// for: `T` a topic's name, `I` a topic's id, `G` a group, `E` an error, `A` how many acknowledge.
    static let table: StaticString = """''')
for one in messages:
    made = line(one)
    if not made:
        continue
    text = "        " + made
    while len(text) > 126:
        cut = text.rindex(" ", 0, 126)
        print(text[:cut] + " \\")
        text = "        " + text[cut + 1:]
    print(text)
print('''        """

    /// What APIs are called, with the first version of which both header and body are flexible.
    static let names: [(key: UInt16, name: StaticString, flexible: UInt16)] = [''')
for key in sorted(names):
    print(f'        ({key}, "{names[key]}", {flexible.get(key, 0)}),')
print('''    ]

    /// Errors as the guide names them ("Error Codes").
    static let errors: [(code: Int16, name: StaticString)] = [''')
for code in sorted(errors):
    print(f'        ({code}, "{errors[code]}"),')
print('''    ]
}''')
