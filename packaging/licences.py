#!/usr/bin/env python3
"""Prints what a package brings besides Tapedeck's own code, and the terms of each, in full.

    packaging/licences.py BUILT PROGRAM… [-- LIBRARY…]

BUILT is the folder in which SwiftPM has built the programs, and says what it linked into them. A library is one of
Debian's, as it lies on this machine. A text that several have under the same terms is printed once.
"""
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
# Where Debian has the licences that its copyright files only name.
COMMON = Path("/usr/share/common-licenses")
TEXTS = re.compile(r"(licen[cs]e|notice|copying)(\.\w+)?", re.IGNORECASE)


@dataclass
class Component:
    """What was taken over: its name and version, where it is from, and its texts by what they are called."""
    name: str
    origin: str
    texts: dict[str, str]


def fail(text: str):
    sys.exit(f"licences.py: {text}")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def texts_of(folder: Path) -> dict[str, str]:
    return {f.name: f.read_text(errors="replace") for f in sorted(folder.iterdir()) if TEXTS.fullmatch(f.name)}


def modules(built: Path, program: str) -> set[str]:
    """The modules of which the linker was given objects."""
    listing = built / f"{program}.product/Objects.LinkFileList"
    if not listing.exists():
        fail(f"{listing} is not there: build the programs here (make release), and do not copy them")
    return set(re.findall(r"/([^/\n]+)\.build/", listing.read_text()))


def sources(built: Path, module: str) -> set[str]:
    """The files a module was made of: SwiftPM lists those of Swift, and the compiler those of C."""
    folder = built / f"{module}.build"
    lists = [f for f in [folder / "sources", *folder.rglob("*.d")] if f.exists()]
    if not lists:
        fail(f"{folder} does not say of which sources {module} was made")
    return {path for f in lists for path in re.findall(r"/checkouts/\S+", f.read_text())}


def packages(built: Path, programs: list[str]) -> list[Component]:
    scratch = built.parent.parent
    state = json.loads((scratch / "workspace-state.json").read_text())["object"]["dependencies"]
    known = {each["subpath"]: each for each in state}
    folders: dict[str, set[Path]] = {}
    for module in sorted(set().union(*(modules(built, program) for program in programs))):
        for path in sources(built, module):
            name, _, rest = path.split("/checkouts/", 1)[1].partition("/")
            # A part may have terms of its own beside its sources.
            folders.setdefault(name, set()).add(scratch / "checkouts" / name / Path(rest).parent)
    found = []
    for name, within in sorted(folders.items()):
        top = scratch / "checkouts" / name
        texts = texts_of(top)
        if not texts:
            fail(f"{name} is linked in, and has no licence in {top}")
        for folder in sorted(within - {top}):
            texts |= {f"{folder.relative_to(top)}/{text}": what for text, what in texts_of(folder).items()}
        package = known.get(name) or fail(f"{name} is linked in, and SwiftPM's workspace-state.json has no word of it")
        version = package["state"].get("checkoutState", {}).get("version", "")
        found.append(Component(f"{name} {version}".strip(), package["packageRef"]["location"], texts))
    return found


def swift() -> Component:
    told = run(str(REPOSITORY / ".ci/swift"), "--run", "sh", "-c", 'readlink -f "$(command -v swiftc)"; swiftc --version')
    compiler = Path(told.splitlines()[0])
    version = re.search(r"Swift version (\S+)", told)
    texts = texts_of(compiler.parent.parent / "share/swift")
    if not texts or not version:
        fail(f"the toolchain of {compiler} has no licence in share/swift")
    name = f"Swift {version[1]}: runtime, standard library, FoundationEssentials, libdispatch"
    return Component(name, "https://www.swift.org", texts)


def libraries(paths: list[str]) -> list[Component]:
    names = sorted({Path(path).name for path in paths})
    if not names:
        return []
    owners: dict[str, str] = {}
    for line in run("dpkg-query", "-S", *(f"*/{name}" for name in names)).splitlines():
        owner, _, path = line.partition(": ")
        owners.setdefault(Path(path).name, owner)
    packages: dict[str, list[str]] = {}
    for name in names:
        packages.setdefault(owners.get(name) or fail(f"{name} is of no package of Debian's"), []).append(name)
    form = "${binary:Package}\t${Package}\t${Version}\t${source:Package} ${source:Version}\n"
    found = []
    for line in sorted(run("dpkg-query", "-W", "-f", form, *packages).splitlines()):
        owner, package, version, source = line.split("\t")
        texts = {"copyright": Path(f"/usr/share/doc/{package}/copyright").read_text(errors="replace")}
        for common in sorted(set(re.findall(rf"{COMMON}/([\w.+-]*\w)", texts["copyright"]))):
            if (COMMON / common).exists():
                texts[common] = (COMMON / common).read_text()
        name = f"{package} {version}: {', '.join(packages[owner])}"
        found.append(Component(name, f"Debian's source package {source}", texts))
    return found


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2:
        fail("usage: licences.py BUILT PROGRAM… [-- LIBRARY…]")
    brought = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    programs = arguments[1:len(arguments) - len(brought) - ("--" in arguments)]
    linked = [swift(), *packages(Path(arguments[0]).resolve(), programs)]
    print(f"Besides Tapedeck's own code, these are linked into {', '.join(programs)}:\n")
    for each in linked:
        print(f"  {each.name}\n      {each.origin}")
    shared = libraries(brought)
    if shared:
        print("\nAnd these libraries lie beside the programs, as Debian has them:\n")
    for each in shared:
        print(f"  {each.name}\n      {each.origin}")
    print("\nTheir terms follow. That of Swift has an exception for what its compiler puts into a program; it is at its end.")
    owners: dict[str, list[str]] = {}
    for each in [*linked, *shared]:
        for what, text in each.texts.items():
            owners.setdefault(text.strip("\n"), []).append(f"{each.name.split(':')[0]}: {what}")
    for text, names in owners.items():
        print("\n" + "=" * 78 + "\n" + "\n".join(names) + "\n" + "=" * 78 + "\n\n" + text)


main()
