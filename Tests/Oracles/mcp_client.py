"""Asks `replay mcp` what an agent would, as a client of the Model Context Protocol (PyPI's `mcp`).

Arguments: replay, a tape, another one. Prints, as one object of JSON, what was answered: the handshake, the tools, and each question's text.
"""
import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

QUESTIONS = {
    "services": ("list_services", {}),
    "one service": ("list_services", {"service": "traffic-generator", "top": 1}),
    "no service": ("list_services", {"service": "nobody"}),
    "summary": ("summary", {}),
    "rows": ("query", {"sql": "SELECT service, method, path, count FROM map_endpoints ORDER BY path, service"}),
    "many rows": ("query", {"sql": "SELECT 1 AS one FROM http", "rows": 3}),
    "no rows": ("query", {"sql": "SELECT 1 WHERE 0"}),
    "no query": ("query", {"sql": "SELEC"}),
    "no writing": ("query", {"sql": "DELETE FROM http"}),
    "no end": ("query", {"sql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT max(i) FROM n"}),
    "headers": ("query", {"sql": "SELECT headers, raw_payload FROM http", "rows": 10000}),
    "endpoint": ("explain", {"endpoint": "GET /slow"}),
    "connection": ("explain", {"connection": 1}),
    "exchange": ("explain", {"exchange": 5}),
    "no exchange": ("explain", {"exchange": 100000}),
    "no connection": ("explain", {"connection": 100000}),
    "difference": ("diff", {"old": sys.argv[2], "new": sys.argv[3]}),
    "no recording": ("diff", {"old": sys.argv[2], "new": "/etc/passwd"}),
    "openapi": ("export", {"format": "openapi", "service": "http-service"}),
    "policies": ("export", {"format": "policies"}),
    "no format": ("export", {"format": "html"}),
    "missing": ("query", {}),
    "unknown": ("summary", {"all": True}),
    "wrong": ("explain", {"connection": "one"}),
}


async def main():
    server = StdioServerParameters(command=sys.argv[1], args=["mcp", *sys.argv[2:4]])
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        hello = await session.initialize()
        await session.send_ping()
        listed = await session.list_tools()
        answers = {}
        for name, (tool, arguments) in QUESTIONS.items():
            answer = await session.call_tool(tool, arguments)
            dumped = answer.model_dump(by_alias=True)
            (content,) = dumped["content"]
            answers[name] = {"text": content["text"], "error": bool(dumped.get("isError"))}
        hello = hello.model_dump(by_alias=True)
        tools = [tool.model_dump(by_alias=True) for tool in listed.tools]
        print(json.dumps({
            "version": hello["protocolVersion"], "server": hello["serverInfo"]["name"],
            "tools": [tool["name"] for tool in tools],
            "readOnly": all(tool["annotations"]["readOnlyHint"] for tool in tools), "answers": answers}))


asyncio.run(main())
