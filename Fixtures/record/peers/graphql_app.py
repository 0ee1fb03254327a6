"""A shop that is asked in GraphQL (Ariadne): documents, persisted queries as Apollo's clients send them, batches; and a search beside
it whose requests look alike. For hypercorn."""
import json

from ariadne import MutationType, QueryType, graphql, make_executable_schema
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

query, mutation = QueryType(), MutationType()
USERS = {"1": {"id": "1", "name": "Anna", "email": "anna@example.org"}, "2": {"id": "2", "name": "Ben", "email": "ben@example.org"}}
known = {}


@query.field("user")
def user(_, info, id=None, email=None):
    return USERS.get(id) or next((each for each in USERS.values() if each["email"] == email), None)


@query.field("orders")
def orders(_, info, first=10):
    return [{"id": str(number), "total": number * 1.5} for number in range(first)]


@mutation.field("addOrder")
def add_order(_, info, item, note=None):
    return {"id": "7", "total": 3.5}


schema = make_executable_schema(
    """
    type User { id: ID! name: String! email: String! }
    type Order { id: ID! total: Float! }
    type Query { user(id: ID, email: String): User orders(first: Int): [Order!]! }
    type Mutation { addOrder(item: String!, note: String): Order! }
    """, query, mutation)


async def answer(data):
    digest = ((data.get("extensions") or {}).get("persistedQuery") or {}).get("sha256Hash")
    if digest and "query" in data:
        known[digest] = data["query"]
    if "query" not in data:
        if digest not in known:
            return 200, {"errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]}
        data = {**data, "query": known[digest]}
    is_right, result = await graphql(schema, data)
    return (200 if is_right else 400), result


async def ask(request):
    if request.method == "GET":
        data = {name: json.loads(value) if name in ("variables", "extensions") else value for name, value in request.query_params.items()}
    else:
        data = await request.json()
    if isinstance(data, list):
        return JSONResponse([(await answer(each))[1] for each in data])
    status, result = await answer(data)
    return JSONResponse(result, status_code=status)


async def search(request):
    return JSONResponse({"hits": [{"id": 1}]})


app = Starlette(routes=[Route("/graphql", ask, methods=["GET", "POST"]), Route("/search", search, methods=["GET", "POST"])])
