"""Which of our files and functions one routed call enters, and what each room costs alone. `python -m benchmarks.rooms`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import taskroute
import taskroute_langchain
from benchmarks.invoke import TEXT
from benchmarks.material import fake_model, stage_router, task_router
from benchmarks.measure import Batch, Table, as_data, as_text, compare, each
from taskroute import Call
from taskroute.decision.decide import decide
from taskroute.execution.drivers import drive
from taskroute.steps import Attempt
from taskroute.types import Reply
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.messages import to_messages

FILES_AIM = 12
CALLS_AIM = 40

_ROOTS = tuple(str(Path(str(package.__file__)).parent) for package in (taskroute, taskroute_langchain))


@dataclass(frozen=True, slots=True)
class Entered:
    """What one call went through. Functions are named by file and qualified name."""

    title: str
    files: tuple[str, ...]
    functions: tuple[tuple[str, int], ...]
    """Each function with how often it was called, sorted."""
    calls: int
    resumptions: int
    """How often a generator of ours was taken up again; not in `calls`."""


def entered(title: str, work: Callable[[], object]) -> Entered:
    """Return what of ours the work entered. It is done twice before: what happens once in a process is not counted."""
    work()
    work()
    functions: Counter[str] = Counter()
    files: set[str] = set()
    # Frames are kept, so that a generator that is taken up again is known from one that begins.
    frames: dict[int, FrameType] = {}
    resumptions = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal resumptions
        if event != "call" or not frame.f_code.co_filename.startswith(_ROOTS):
            return
        if frames.get(id(frame)) is frame:
            resumptions += 1
            return
        frames[id(frame)] = frame
        place = _place(frame.f_code.co_filename)
        files.add(place)
        functions[f"{place}: {frame.f_code.co_qualname}"] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return Entered(title, tuple(sorted(files)), tuple(sorted(functions.items())), functions.total(), resumptions)


def _place(file: str) -> str:
    path = Path(file)
    root = next(Path(root) for root in _ROOTS if path.is_relative_to(root))
    return f"{root.name}/{path.relative_to(root)}"


def calls() -> list[Entered]:
    """Return what a decision, a routed call and a routed stream enter."""
    router = stage_router()
    llm = RoutedChatModel(router=router, models={"small": fake_model(), "large": fake_model()}).for_stage("s19")
    call = Call("hello", stage="s19")
    return [
        entered("Router.decide", lambda: router.decide(call)),
        entered("RoutedChatModel.invoke", lambda: llm.invoke(TEXT)),
        entered("RoutedChatModel.stream", lambda: list(llm.stream(TEXT))),
    ]


class _Echo:
    """A host whose models answer at once: what is left is the plan and its driver."""

    def answer(self, attempt: Attempt) -> Reply:
        return Reply(answer="hi")


def alone(*, quick: bool = False) -> Table:
    """Return what each room costs alone, beside a whole decision."""
    router, classifying = stage_router(), task_router()
    call, question = Call("hello", stage="s19"), Call(TEXT)
    echo: Any = _Echo()
    contenders: dict[str, Batch] = {
        "Router.decide": each(lambda: router.decide(call)),
        "decision.decide": each(lambda: decide(router.snapshot, call)),
        "signals: keyword classifier": each(lambda: decide(classifying.snapshot, question)),
        "execution: plan and driver": each(lambda: drive(router.run(call), echo)),
        "langchain: to_messages": each(lambda: to_messages(TEXT)),
    }
    return compare("rooms, each alone", contenders, peer="Router.decide", rounds=2 if quick else 40, calls=5 if quick else 300)


def listed(found: Entered) -> str:
    """Return the list for people."""
    over = [
        f"{what} {count} > {aim}"
        for what, count, aim in (("files", len(found.files), FILES_AIM), ("calls", found.calls, CALLS_AIM))
        if count > aim
    ]
    verdict = f"over the aim: {', '.join(over)}" if over else f"within the aim of {FILES_AIM} files and {CALLS_AIM} calls"
    head = f"{found.title}: {len(found.files)} files, {found.calls} calls, {found.resumptions} resumptions of generators; {verdict}"
    return "\n".join([head, *(f"  {count:3} {name}" for name, count in found.functions)])


def main(arguments: list[str] | None = None) -> None:
    """Print the lists and the costs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rooms", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds: says that it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to a file too")
    options = parser.parse_args(arguments)
    found, table = calls(), alone(quick=options.quick)
    print("\n\n".join([*map(listed, found), as_text(table)]))
    if options.json:
        data = {"entered": [asdict(each) for each in found], "tables": [as_data(table)]}
        options.json.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
