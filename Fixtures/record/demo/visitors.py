"""Two visitors of the shop; waits at the end until the mailer has done its work."""
import time

import requests

SHOP = "http://web:8080"

with requests.Session() as anna:
    anna.get(SHOP + "/")
    anna.get(SHOP + "/item/1")
    anna.get(SHOP + "/item/2")
    anna.get(SHOP + "/item/99")
    for order in ({"item": 1, "quantity": 2}, {"item": 2}, {"item": 3, "quantity": 0}):
        anna.post(SHOP + "/buy", json=order)
    anna.get(SHOP + "/account")

with requests.Session() as ben:
    ben.get(SHOP + "/")
    ben.get(SHOP + "/item/3")
    ben.post(SHOP + "/buy", json={"item": 3, "quantity": 1, "gift": {"wrap": True, "card": "for you"}})
    for _ in range(50):
        if ben.get(SHOP + "/account/orders/3").json()["note"]:
            break
        time.sleep(0.1)
