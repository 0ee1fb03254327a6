"""Has Mermaid itself draw flowcharts, and says what texts stand in the pictures.

Arguments: files of Mermaid. Prints a line of JSON for each: the texts of its picture, without blanks, or the error.
"""
import json
import re
import sys
from html import unescape

import mermaidx


def main() -> None:
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            source = file.read()
        try:
            svg = mermaidx.Diagram(source).svg()
        except RuntimeError as error:
            print(json.dumps({"error": str(error)}))
            continue
        body = re.sub(r"<style.*?</style>", "", svg, flags=re.S)
        elements = sorted(set(re.findall(r"<([a-zA-Z]+)", body)))
        text = unescape(re.sub(r"<[^>]*>", "", body))
        print(json.dumps({"elements": elements, "text": re.sub(r"\s", "", text)}))


main()
