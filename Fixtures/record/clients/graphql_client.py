"""Asks a shop in GraphQL, in all the ways in which it is sent over HTTP, and a search in words that look alike:
python graphql_client.py URL"""
import hashlib
import sys

import httpx

USER = "query GetUser($id: ID!) {\n  user(id: $id) { ...Person }\n}\n\nfragment Person on User { id name }\n"
TWO = """query First { orders(first: 1) { id } }
query Second { orders(first: 2) { id total } }"""


def persisted(document):
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(document.encode()).hexdigest()}}


with httpx.Client(base_url=sys.argv[1]) as client:
    def post(data, path="/graphql"):
        client.post(path, json=data)

    for number in "1", "2":
        post({"query": USER, "variables": {"id": number}, "operationName": "GetUser"})
    # Values within the text.
    post({"query": '{ user(email: "anna@example.org") { name } }'})
    post({"query": '{ mine: orders(first: 3) { id } me: user(id: "2") { name } }'})
    post({"query": 'mutation AddOrder { addOrder(item: "tea", note: """with "honey" { and } milk""") { id } }'})
    post({"query": "# the second of two\n" + TWO, "operationName": "Second"})
    post({"query": "query Wrong { nothing }"})
    post({"query": "query IntrospectionQuery { __schema { queryType { name } } }"})
    client.get("/graphql", params={"query": "query Orders { orders { id } }", "operationName": "Orders"})
    client.get("/graphql", params={"query": "{ orders { total } }"})
    # As Apollo's clients do: the hash, and the text once where the server does not know it.
    post({"operationName": "GetUser", "variables": {"id": "1"}, "extensions": persisted(USER)})
    post({"operationName": "GetUser", "variables": {"id": "1"}, "extensions": persisted(USER), "query": USER})
    post({"operationName": "GetUser", "variables": {"id": "2"}, "extensions": persisted(USER)})
    client.get("/graphql", params={"extensions": __import__("json").dumps(persisted(USER)), "variables": '{"id":"1"}'})
    post([{"query": "query Orders { orders { id } }"}, {"query": USER, "variables": {"id": "1"}, "operationName": "GetUser"}])
    # What only looks alike.
    post({"query": {"match": {"title": "tea"}}}, "/search")
    post({"query": "mutation of genes"}, "/search")
    post({"query": "query { all(func: eq(name, $a)) { name } }"}, "/search")
    client.get("/search", params={"query": "{search_term}"})

with httpx.Client(base_url=sys.argv[1], http1=False, http2=True) as client:
    for number in "1", "2":
        client.post("/graphql", json={"query": USER, "variables": {"id": number}, "operationName": "GetUser"})
    client.get("/graphql", params={"query": "query Orders { orders { id } }"})
