"""Opens reports in Chromium as a person does: looks, types, presses keys; and says what was there.

Arguments: the browser, a folder that it may fill, `hostile` or `large`, and a report. Prints one line of JSON. With SCREENSHOTS=FOLDER
it leaves pictures there.
"""
import base64
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import websocket


class Page:
    """A page of a browser that was started for it, by the DevTools protocol."""

    def __init__(self, browser: str, folder: str, address: str, width: int = 1280, height: int = 900):
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
                   "--remote-allow-origins=*", f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank"]
        self.browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = Path(folder) / "DevToolsActivePort"
        for _ in range(300):
            if port.exists() and port.read_text().count("\n") >= 1:
                break
            time.sleep(0.1)
        number = port.read_text().split("\n")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{number}/json/list") as answer:
            target = next(one for one in json.load(answer) if one["type"] == "page")
        self.socket = websocket.create_connection(target["webSocketDebuggerUrl"], timeout=60)
        self.number = 0
        self.events: list = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=address)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self.socket.recv()))

    def call(self, method: str, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self.socket.recv())
            if said.get("id") == self.number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                return said["result"]
            self.events.append(said)

    def value(self, script: str):
        # Of the page's own script what is asked is no part: it runs beside it, and its policy is not asked.
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, script: str):
        """Waits until something holds, for as long as a machine with much to do may take."""
        for _ in range(200):
            if self.value(script):
                return
            time.sleep(0.1)

    def key(self, key: str, text: str = ""):
        code = {"Enter": 13, "Escape": 27}.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = "\r" if key == "Enter" else text or (key if len(key) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, windowsVirtualKeyCode=code)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def type(self, text: str):
        for character in text:
            self.key(character)

    def picture(self, name: str, whole: bool = False):
        if folder := os.environ.get("SCREENSHOTS"):
            data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
            (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(data))

    def close(self):
        try:
            self.call("Browser.close")
        except (websocket.WebSocketException, RuntimeError, OSError):
            pass
        self.browser.wait(timeout=20)

    @property
    def complaints(self) -> list:
        """Errors, and what the page's policy forbade."""
        said = [event["params"]["entry"]["text"] for event in self.events if event["method"] == "Log.entryAdded"]
        said += [str(event["params"]["exceptionDetails"]) for event in self.events if event["method"] == "Runtime.exceptionThrown"]
        return said

    @property
    def requests(self) -> list:
        return [event["params"]["request"]["url"].split("/")[-1] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]


def hostile(page: Page) -> dict:
    """What is there before and after everything has been opened, and whether anything of it ran."""
    found = {"title": page.value("document.title"), "rows": page.value("document.querySelectorAll('tr[data-o]').length")}
    page.key("j")
    page.key("Enter")
    found["opened"] = page.value("document.querySelectorAll('tr.detail').length")
    page.value("document.querySelectorAll('.open[aria-expanded=false]').forEach(one => one.click())")
    page.value("document.querySelector('#exchanges').scrollIntoView({ behavior: 'instant' })")
    page.until("document.querySelector('#exchanges tbody tr')")
    page.picture("hostile-opened", whole=True)
    found["exchanges"] = page.value("document.querySelectorAll('#exchanges tbody tr').length")
    found["text"] = page.value("document.body.innerText")
    found["pre"] = page.value("Array.from(document.querySelectorAll('.variants pre'), one => one.textContent).join('\\n')")
    found["targets"] = page.value("Array.from(document.querySelectorAll('#exchanges .what .path'), one => one.textContent)")
    found["names"] = page.value("Array.from(document.querySelectorAll('.service h3'), one => one.textContent)")
    found["foreign"] = page.value(
        "document.querySelectorAll('img, iframe, object, embed, base, link, form:not([method=dialog]), "
        "script:not([type]) ~ script, svg foreignObject').length")
    found["handlers"] = page.value(
        "Array.from(document.querySelectorAll('*')).flatMap(one => one.getAttributeNames()).filter(name => name.startsWith('on')).length")
    found["links"] = page.value(
        "Array.from(document.querySelectorAll('[href]'), one => one.getAttribute('href')).filter(one => !one.startsWith('#'))")
    found["complained"] = page.complaints
    # What would run, were it let: a script, a handler, markup from a string.
    found["inlineRan"] = page.value(
        "(() => { const one = document.createElement('script'), other = document.createElement('b'); "
        "try { one.append('window.ran = 1'); document.body.append(one) } catch {} "
        "try { other.setAttribute('onclick', 'window.ran = 1'); document.body.append(other); other.click() } catch {} "
        "return window.ran === 1 })()")
    found["markupRan"] = page.value(
        "(() => { try { document.createElement('div').innerHTML = '<b>x</b>'; return true } catch { return false } })()")
    found["fetched"] = page.value("fetch('data:text/plain,x').then(() => true, () => false)")
    found["after"] = page.value("document.title")
    return found


def large(page: Page) -> dict:
    """How long it takes until what was typed is shown, with thousands of rows."""
    found = {"rows": page.value("document.querySelectorAll('tr[data-o]').length")}
    found["loaded"] = page.value("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    page.key("/")
    found["focused"] = page.value("document.activeElement.id")
    page.value("document.querySelector('#exchanges').scrollIntoView({ behavior: 'instant' })")
    page.until("document.querySelector('#exchanges tbody tr')")
    search = """(async (text) => {
        const field = document.querySelector('#search'), start = performance.now();
        field.value = text; field.dispatchEvent(new Event('input'));
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        document.body.offsetHeight;
        return performance.now() - start; })"""
    found["times"] = [page.value(f"{search}({json.dumps(text)})") for text in ("item", "item-49", "item-4999", "", "post")]
    page.value("document.querySelector('#search').value = ''")
    page.type("item-4999")
    found["shown"] = page.value("document.querySelectorAll('tr[data-o]:not([hidden])').length")
    found["found"] = page.value("document.querySelector('#found').textContent")
    page.picture("large-search")
    page.key("Enter")
    page.key("Enter")
    found["opened"] = page.value("document.querySelectorAll('tr.detail').length")
    page.picture("large-opened")
    page.key("/")
    page.key("Escape")
    found["all"] = page.value("document.querySelectorAll('tr[data-o]:not([hidden])').length")
    page.value("window.scrollTo(0, 0)")
    found["sorted"] = page.value("""(() => {
        const start = performance.now();
        document.querySelector('.operations thead th:nth-child(3) button').click();
        document.querySelector('.operations thead th:nth-child(3) button').click();
        document.body.offsetHeight;
        return [performance.now() - start, document.querySelector('.operations thead th:nth-child(3)').getAttribute('aria-sort')]; })()""")
    page.key("t")
    page.key("t")
    found["theme"] = page.value("getComputedStyle(document.body).backgroundColor")
    page.picture("large-dark")
    page.key("?")
    found["keys"] = page.value("document.querySelector('#keys').open")
    page.picture("keys")
    page.key("Escape")
    found["closed"] = not page.value("document.querySelector('#keys').open")
    return found


def main() -> None:
    browser, folder, what, report = sys.argv[1:]
    page = Page(browser, folder, Path(report).resolve().as_uri())
    try:
        page.picture(what)
        found = {"hostile": hostile, "large": large}[what](page)
        found |= {"complaints": found.pop("complained", page.complaints), "requests": page.requests}
    finally:
        page.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
