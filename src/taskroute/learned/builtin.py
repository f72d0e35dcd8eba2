"""The built-in classifier: tells the built-in task and the complexity of a prompt from weights that come with the library."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from taskroute.errors import ArraysError
from taskroute.learned.before import ONLY_BEFORE, lean_of
from taskroute.learned.builtin_model import Asked, BuiltinModel
from taskroute.learned.hardness import how_hard
from taskroute.learned.request import Prompt, read_prompt
from taskroute.signals.language import detect_language
from taskroute.signals.said import Said
from taskroute.taxonomy import TASKS
from taskroute.types import Classification
from taskroute.warn import warn_once

WEIGHTS: Final = Path(__file__).with_name("builtin.safetensors")
LANGUAGES: Final = frozenset({"en", "de", "fr", "es", "it", "pt", "nl"})
"""ISO 639-1 codes of the languages that it has learned from."""
_ABSTAINS: Final = Classification()
_UNREADABLE: Final = Classification(why="the weights of the built-in classifier cannot be read")
_LEAST: Final = 0.005
"""A smaller score is not told."""
_SURE: Final = 0.6
"""A message whose task is likelier than this needs no system text."""
_SYSTEM_COUNTS: Final = 0.6
"""What the system text counts beside the message."""
_ENGLISH: Final = "the of and to is for in what how this that it with write my you your from i are on please"
_EVERYDAY: Final = frozenset(_ENGLISH.split())
"""Words of which most English texts hold one."""
_FOREIGN: Final = re.compile("[\u0250-\U0010ffff]")
"""A character beyond Latin letters."""


class BuiltinClassifier:
    """Scores the built-in tasks for a prompt; abstains where no letter or digit is, and on languages that it has not learned from.

    A score is the probability of the task. Sentences that order a model or rate their own difficulty are passed over. Where the weights
    cannot be read, one warning says so and it abstains ever after, and says why.
    """

    name = "builtin"
    local = True
    labels: Collection[str] = ()
    reads_context = True

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._model = _loaded(weights)

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return a score for each of `tasks` (names or groups) that is built in, and the complexity; none where it abstains.

        Of a `Said`, the texts before the message count where it cannot be understood alone: `and in French?`, `yes, do it`.
        """
        if self._model is None:
            return _UNREADABLE
        prompt = read_prompt(text)
        if not any(map(str.isalnum, prompt.tokens)) or not _covered(text, prompt):
            return _ABSTAINS
        asked, hardest = _in_context(self._model, text, prompt) if isinstance(text, Said) else (self._model.judge(prompt), prompt)
        likeliest = max(asked.tasks.values())
        if asked.nothing >= likeliest:
            return _ABSTAINS
        level, confidence = how_hard(hardest)
        return Classification(
            scores={
                task: round(score, 4) for task, score in asked.tasks.items() if score >= _LEAST and (task in tasks or TASKS[task] in tasks)
            },
            complexity=level,
            complexity_confidence=confidence,
        )

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return the same as `classify`."""
        return self.classify(text, tasks)


def _in_context(model: BuiltinModel, said: Said, prompt: Prompt) -> tuple[Asked, Prompt]:
    """Return what a message asks for after what stands before it, and the prompt whose complexity counts."""
    counts = [(1.0, model.total(prompt))]
    hardest = prompt
    lean = lean_of(prompt)
    asked = model.judge_all(counts)
    # Who says yes twice means what was asked for before that.
    turn = next((turn for turn in map(read_prompt, said.earlier) if lean_of(turn) != ONLY_BEFORE), None) if lean.before else None
    if turn is not None and turn.tokens and not (lean.unless_talk and asked.tasks["conversation"] >= _SURE):
        counts = [(lean.own, counts[0][1]), (lean.before, model.total(turn))]
        hardest = prompt if lean.own else turn
        asked = model.judge_all(counts)
    if said.system and max(asked.tasks.values()) < _SURE:
        system = read_prompt(said.system)
        if system.tokens:
            asked = model.judge_all([*counts, (_SYSTEM_COUNTS, model.total(system))])
    return asked, hardest


def _loaded(weights: Path) -> BuiltinModel | None:
    try:
        return BuiltinModel.load(weights)
    except (ArraysError, OSError) as error:
        warn_once("weights", str(weights), f"the built-in classifier cannot read its weights and abstains: {error}")
        return None


def _covered(text: str, prompt: Prompt) -> bool:
    """Whether a prompt may be in a language that it has learned from."""
    if prompt.text.isascii():
        if not _EVERYDAY.isdisjoint(prompt.tokens):
            return True
    else:
        foreign = sum(map(str.isalpha, _FOREIGN.findall(prompt.text)))
        if foreign and 2 * foreign > sum(map(str.isalpha, prompt.text)):
            return False
    found = detect_language(text)
    return found is None or found[0] in LANGUAGES
