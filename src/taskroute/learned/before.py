"""Whether a message can be understood alone, or asks for something that was said before it."""

from __future__ import annotations

from typing import Final, NamedTuple

from taskroute.learned.request import Prompt

_AGREEING: Final = """
yes yeah yep yup sure ok okay please pls do it that this so go ahead on continue proceed carry try again once more one time next another
ja bitte mach das es weiter nochmal los genau oui vas y fais le continue encore si claro hazlo adelante sigue otra vez fallo vai avanti
continua ancora sim faz isso pode continue de novo doe het maar ga door nog een keer the same and , . ! - ' s
"""
_AGREES: Final = frozenset(_AGREEING.split())
"""A message of these words alone says yes to something, or asks for more of it."""
_YES: Final = """
yes yeah yep sure do go continue proceed again next another same ja mach weiter nochmal oui vas fais encore si hazlo adelante sigue otra
vai fallo avanti continua ancora sim faz novo doe ga nog
"""
_SAYS_YES: Final = frozenset(_YES.split())
_GOING_ON: Final = """
and now also but then instead same again shorter longer simpler better clearer more less another make in for with without only
und jetzt nun auch aber nochmal kurzer langer einfacher et maintenant aussi mais encore plus court y ahora tambien pero otra mas e ora
anche ma ancora piu agora tambem mas mais en nu ook maar nog korter
"""
_GOES_ON: Final = frozenset(_GOING_ON.split())
"""Words with which a message begins that goes on from the one before, or that ask for it to be otherwise."""
_REFERRING: Final = """
it that this these those them one ones again same instead above earlier previous last first second shorter longer simpler better clearer
es das dies diese ca cela le la les eso esto lo questo quello isso isto dat deze kurzer langer nochmal encore otra ancora novo nog too
"""
_REFERS: Final = frozenset(_REFERRING.split())
_ASKING: Final = "who whose which when where wer wann wo qui quand ou quien cuando donde chi quando dove quem onde wie wanneer waar"
_ASKS: Final = frozenset(_ASKING.split())
"""First words of a question that is no talk."""
_LONGEST: Final = 9
"""Words of a message that may need the one before it."""
_LONGEST_END: Final = 5
"""Words of a message without a verb of its own, such as `and in French?`."""

_THANKING: Final = "thanks thank thx cheers danke merci gracias grazie obrigado obrigada bedankt dank"
_THANKS: Final = frozenset(_THANKING.split())


class Lean(NamedTuple):
    """How much a message leans on the user's message before it."""

    own: float = 1.0
    """What the message itself counts."""
    before: float = 0.0
    """What the one before it counts."""
    unless_talk: bool = False
    """Whether it stands alone after all where it is sure to be talk, such as `I love it!`."""


ALONE: Final = Lean()
ONLY_BEFORE: Final = Lean(0.0, 1.0)
_TOGETHER: Final = Lean(1.0, 0.7)
_PERHAPS: Final = Lean(1.0, 0.7, True)


def lean_of(prompt: Prompt) -> Lean:
    """Return how much a message leans on the one before it."""
    tokens = prompt.tokens
    if len(tokens) > 2 * _LONGEST:
        return ALONE
    spoken = [token for token in tokens if token[0].isalnum()]
    if not spoken or len(spoken) > _LONGEST or not _THANKS.isdisjoint(spoken):
        return ALONE
    if _AGREES.issuperset(tokens) and not _SAYS_YES.isdisjoint(tokens):
        return ONLY_BEFORE
    if (spoken[0] in _GOES_ON and len(spoken) <= _LONGEST_END) or spoken[1:2] == ["about"]:
        return _TOGETHER
    if _REFERS.isdisjoint(spoken):
        return ALONE
    return _TOGETHER if spoken[0] in _ASKS else _PERHAPS
