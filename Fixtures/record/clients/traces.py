"""What the clients of the fixtures */traces say of traces, and what only looks like it."""

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER = "0af7651916cd43dd8448eb211c80319c"


def traceparent(span, trace=TRACE):
    return f"00-{trace}-{span:016x}-01"


# In capitals, of all zeroes, too short, and with something behind it.
REFUSED = [traceparent(99).upper(), traceparent(99, "0" * 32), traceparent(99)[:-1], traceparent(99) + "0"]


def comment(span):
    """As sqlcommenter writes it behind a statement."""
    return f"/*application='shop',traceparent='{traceparent(span)}',tracestate='a%3D1'*/"
