"""Makes the table of Redis' commands from a running server: python redis_commands.py PORT >Sources/Shared/Protocols/Redis/RedisCommandTable.swift

What is a key is the server's own word (COMMAND, "Key specifications"); which commands are asked for something and get nil
where there is nothing, and which name channels, is in the lists below, for a server does not say that in a form to be read.
"""
import socket
import sys

NIL = set("GET GETDEL GETEX GETSET HGET LINDEX LPOP RPOP SPOP ZSCORE ZRANK ZREVRANK DUMP RPOPLPUSH LMOVE HRANDFIELD "
          "SRANDMEMBER".split())
NIL_EACH = set("MGET HMGET ZMSCORE GEOHASH GEOPOS".split())
CHANNELS = {"PUBLISH": "i1r0,1,0", **{name: "i1r-1,1,0" for name in ("SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE")}}
# A replica's and a cluster's own talk; WAIT waits, and is no settings.
HOUSEKEEPING = {"REPLCONF"}
WAITS = {"WAIT"}
LOGIN = {"AUTH", "HELLO", "SELECT"}


def ask(port, *words):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
        return reply(connection.makefile("rb"))


def reply(stream):
    line = stream.readline()
    sign, rest = line[:1], line[1:-2].decode()
    if sign in b"+-":
        return rest
    if sign == b":":
        return int(rest)
    if sign == b"$":
        return None if rest == "-1" else stream.read(int(rest) + 2)[:-2].decode()
    return [reply(stream) for _ in range(int(rest))]


def pairs(items):
    return dict(zip(items[::2], items[1::2]))


def keys(command):
    """Each as where it begins (i: an index; @: a keyword, looked for from an index) and which they are from there on
    (r: last, step, limit; n: where their number stands, the first, step)."""
    for specification in map(pairs, command[8]):
        begin, find = pairs(specification["begin_search"]), pairs(specification["find_keys"])
        if "unknown" in (begin["type"], find["type"]):
            continue
        at, found = pairs(begin["spec"]), pairs(find["spec"])
        start = f"i{at['index']}" if begin["type"] == "index" else f"@{at['keyword']},{abs(at['startfrom'])}"
        if find["type"] == "range":
            yield f"{start}r{found['lastkey']},{found['keystep']},{found['limit']}"
        else:
            yield f"{start}n{found['keynumidx']},{found['firstkey']},{found['keystep']}"


def isHousekeeping(command):
    name = command[0].upper()
    return "@connection" in command[6] and name not in WAITS or name in HOUSEKEEPING


def row(command):
    name, flags, subcommands = command[0].upper(), command[2], command[9]
    letters = ""
    if subcommands:
        letters += "c"
    if isHousekeeping(command) or subcommands and all(map(isHousekeeping, subcommands)):
        letters += "h"
    if name in LOGIN:
        letters += "l"
    if "blocking" in flags or name in WAITS:
        letters += "b"
    if name in NIL:
        letters += "r"
    if name in NIL_EACH:
        letters += "m"
    places = [CHANNELS[name]] if name in CHANNELS else list(keys(command))
    yield " ".join([name, letters or "-", *places])
    for subcommand in subcommands:
        yield from row(subcommand)


port = int(sys.argv[1])
version = next(line for line in ask(port, "INFO", "server").splitlines() if line.startswith("redis_version:"))
rows = sorted(line for command in ask(port, "COMMAND") for line in row(command))
print(f'''// Made by Fixtures/record/redis_commands.py from Redis {version.split(":")[1]}; not written by hand.

/// The commands of Redis, each in a line: its name, with `|` before that of a subcommand; what it is (`c`: it has
/// subcommands, `h`: it only keeps a session going, `l`: it lets one in, `b`: it may wait, `r`: nil says that there is nothing, `m`: so does each
/// item, `-`: none of these); and which of its arguments are keys or channels (`RedisGrammar`).
enum RedisCommandTable {{
    static let text: StaticString = """''')
for line in rows:
    print(f"        {line}")
print('''        """
}''')
