"""Asks an HTTP/2 server with httpx, several things at once: python http2_client.py URL"""
import asyncio
import sys

import httpx


async def main(url):
    async with httpx.AsyncClient(http1=False, http2=True, base_url=url, cookies={"a": "1", "b": "2"}) as client:
        answers = await asyncio.gather(*(client.get(f"/items/{number}", params={"q": number}) for number in range(8)))
        answers.append(await client.post("/orders", json={"sku": "a", "amount": 3}))
        answers.append(await client.put("/files/large", content=b"x" * 100_000))
        answers.append(await client.delete("/orders/7"))
        answers.append(await client.head("/items/1"))
        answers.append(await client.get("/missing"))
        for answer in answers:
            print(answer.http_version, answer.request.method, answer.url.path, answer.status_code)


asyncio.run(main(sys.argv[1]))
