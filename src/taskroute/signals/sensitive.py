"""Finds kinds of sensitive data in whole texts, in time linear in their length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from taskroute.signals import check_digits as check

KINDS: Final = ("api_key", "card", "email", "iban", "national_id", "phone")
"""Kinds that are found without being told how."""

_FEW: Final = 16
_CONTEXT: Final = 40
"""How far before a number the word that explains it may stand."""
_LONGEST: Final = 40
_OVERLAP: Final = 24

# Every pattern begins with a plain character or class, looks behind only from there, and repeats a bounded number of times.
_EMAIL: Final = re.compile(r"@(?<=[\w+%-]@)(?:\w[\w-]{0,62}\.){1,8}([^\W\d_]{2,24})(?![^\W_])")
_ENCODED_AT: Final = ("%40", "&#64;", "&commat;")
"""How addresses and HTML write the sign, which a model reads as well."""
_NOT_A_DOMAIN: Final = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "mjs", "json"})
_NUMBER: Final = re.compile(rf"[0-9](?:[ ./()-]{{0,3}}[0-9]){{6,{_LONGEST}}}")
_GROUP: Final = re.compile(r"[0-9]+")
_UNSPACED: Final = re.compile(r"[^ ]+")
_SHORTEST: Final = 9
"""Digits and separators between spaces that may be a number of their own; fewer are no number without a word before them."""
_INTERNATIONAL: Final = re.compile(r"(?:^|[^\w+*/=])\+\(?$")
_GIT: Final = re.compile(r"(?:^|\W)git$")
_IBAN: Final = re.compile(r"[0-9](?<=[A-Za-z]{2}[0-9])(?<![A-Za-z0-9][A-Za-z]{2}[0-9])(?=([0-9](?:[ -]?[A-Za-z0-9]){11,30}))")
_DNI: Final = re.compile(r"[0-9](?<![A-Za-z0-9][0-9])[0-9]{7}-?[A-Z](?![A-Za-z0-9])")
_NIE: Final = re.compile(r"[0-9](?<=[XYZ][0-9])(?<![A-Za-z0-9][XYZ][0-9])[0-9]{6}-?[A-Z](?![A-Za-z0-9])")
_NINO: Final = re.compile(r"[0-9](?:(?<=[A-Z]{2}[0-9])|(?<=[A-Z]{2} [0-9]))[0-9](?: ?[0-9]{2}){2} ?[A-D](?![A-Za-z0-9])")
_FISCAL: Final = re.compile(
    r"[0-9](?<=[A-Za-z]{6}[0-9])(?<![A-Za-z0-9][A-Za-z]{6}[0-9])[0-9][A-Za-z][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z](?![A-Za-z0-9])"
)
_IBAN_SHAPE: Final = b"aa00"
_NINO_SHAPES: Final = (b"aa000000", b"aas000000", b"aa00s00s00", b"aas00s00s00")
"""Forms that a text must hold, written as `_SHAPES` does; looking for them is far cheaper than a pattern."""
_CHECKED_IDS: Final = (
    ((b"00000000a", b"00000000sa"), _DNI, 0, check.es_dni),
    ((b"a0000000",), _NIE, 1, check.es_dni),
    ((b"a00a00a000a",), _FISCAL, 6, check.it_codice_fiscale),
)
"""Forms, pattern, how many characters stand before the pattern, and the check."""

_KEYS: Final = tuple(
    (mark, re.compile(pattern))
    for mark, pattern in (
        ("sk-", r"sk-(?<![A-Za-z0-9]sk-)(?=[A-Za-z_-]{0,60}[0-9])[A-Za-z0-9_-]{20,60}"),
        ("AKIA", r"AKIA[0-9A-Z]{16}(?![0-9A-Za-z])"),
        ("ASIA", r"ASIA[0-9A-Z]{16}(?![0-9A-Za-z])"),
        ("gh", r"gh(?:[opsur]_[A-Za-z0-9]{36})"),
        ("github_pat_", r"github_pat_[A-Za-z0-9_]{22}"),
        ("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10}"),
        ("AIza", r"AIza[0-9A-Za-z_-]{35}"),
        ("glpat-", r"glpat-[0-9A-Za-z_-]{20}"),
        ("hf_", r"hf_(?<![A-Za-z0-9_]hf_)[A-Za-z0-9]{30}"),
        ("k_live_", r"k_live_(?<=[prs]k_live_)[A-Za-z0-9]{16}"),
        ("k_test_", r"k_test_(?<=[prs]k_test_)[A-Za-z0-9]{16}"),
        ("eyJ", r"eyJ(?<![\w-]eyJ)[\w-]{8,4000}\.eyJ[\w-]{8,4000}\.[\w-]{8}"),
        ("PRIVATE KEY-----", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"),
        ("earer ", r"earer (?<=[Bb]earer )(?=[A-Za-z._~+/-]{0,60}[0-9])[A-Za-z0-9._~+/-]{20}"),
    )
)
"""Text that must be there, found fast, and the key that it belongs to."""

_CARD_SHAPES: Final = frozenset({(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 1)})
_ZERO_PHONES: Final = frozenset({(2, 2, 2, 2, 2), (5, 6), (3, 4, 4), (4, 3, 4), (4, 7), (3, 7), (3, 8), (4, 8), (4, 6), (5, 3, 3), (3, 6)})
_PHONE_WORDS: Final = re.compile(
    r"\b(?:tel|telefon|telephone|telefono|teléfono|téléphone|telefone|phone|mobile|cell|call|handy|fax|whatsapp)\b"
)
_SSN_WORDS: Final = re.compile(r"\bssn\b|social security")
_BSN_WORDS: Final = re.compile(r"\bbsn\b|burgerservicenummer|sofinummer")
_AADHAAR_WORDS: Final = re.compile(r"\ba+dha+r\b")
_SHAPES: Final = bytes(ord("0" if 48 <= i < 58 else "a" if chr(i).isalpha() else "s" if chr(i) in " -" else "x") for i in range(256))
"""Writes digits as 0, letters as a, separators as s."""


class _Number(NamedTuple):
    groups: tuple[str, ...]
    before: str
    """The text before it, lower case, as far as it may explain the number."""
    international: bool
    dotted: bool

    @property
    def digits(self) -> str:
        return "".join(self.groups)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.groups))


def find_kinds(
    texts: Iterable[str],
    *,
    kinds: Collection[str] | None = None,
    extra: Mapping[str, Callable[[str], bool]] | None = None,
) -> tuple[str, ...]:
    """Return the kinds found in any of the texts, sorted.

    `kinds` limits the search to some of `KINDS`; `extra` adds kinds of your own, each with a test that gets every text as it is.
    """
    wanted = KINDS if kinds is None else tuple(kinds)
    unknown = sorted(set(wanted) - set(KINDS))
    if unknown:
        raise ValueError(f"find_kinds: kinds: no kind named {unknown[0]!r}; known: {', '.join(KINDS)}; give your own in extra=")
    missing = set(wanted)
    tests = dict(extra or {})
    found: set[str] = set()
    for text in texts:
        if missing:
            hits = set(_built_in(text, missing))
            found |= hits
            missing -= hits
        for kind in [kind for kind, test in tests.items() if test(text)]:
            found.add(kind)
            del tests[kind]
        if not missing and not tests:
            break
    return tuple(sorted(found))


def _built_in(text: str, kinds: Collection[str]) -> Iterator[str]:
    plain = text if text.isascii() else _plain(text)
    if "email" in kinds and _has_email(plain):
        yield "email"
    if "api_key" in kinds and any(mark in plain and pattern.search(plain) for mark, pattern in _KEYS):
        yield "api_key"
    numeric = {kind for kind in ("card", "national_id", "phone") if kind in kinds}
    if not (numeric or "iban" in kinds) or not any(digit in plain for digit in "0123456789"):
        return
    shapes = plain.encode("ascii", "replace").translate(_SHAPES) if "iban" in kinds or "national_id" in kinds else b""
    if "iban" in kinds and _IBAN_SHAPE in shapes and _has_iban(plain):
        yield "iban"
    if "national_id" in numeric and _has_lettered_id(plain, shapes):
        numeric.discard("national_id")
        yield "national_id"
    if numeric:
        yield from _numeric(plain, numeric)


def _plain(text: str) -> str:
    """Return the text with look-alikes of ASCII made ASCII, and invisible characters taken out."""
    table: dict[int, str] = {}
    for char in set(text):
        if char.isascii():
            continue
        category = unicodedata.category(char)
        digit = unicodedata.decimal(char, None)
        folded = unicodedata.normalize("NFKC", char)
        if digit is not None:
            table[ord(char)] = str(digit)
        elif category == "Cf" or char == "\u034f" or "\ufe00" <= char <= "\ufe0f":
            table[ord(char)] = ""
        elif category in {"Zs", "Pd"}:
            table[ord(char)] = " " if category == "Zs" else "-"
        elif len(folded) == 1 and folded.isascii():
            table[ord(char)] = folded
    if len(table) > _FEW:
        return text.translate(table)
    for code, plain in table.items():
        text = text.replace(chr(code), plain)
    return text


def _has_email(text: str) -> bool:
    for code in _ENCODED_AT:
        if code in text:
            text = text.replace(code, "@")
    if "@" not in text:
        return False
    for match in _EMAIL.finditer(text):
        start = match.start()
        # Remote addresses of version control look like mail to everybody's `git`.
        if match[1].lower() not in _NOT_A_DOMAIN and not _GIT.search(text[max(0, start - 4) : start]):
            return True
    return False


def _has_iban(text: str) -> bool:
    for match in _IBAN.finditer(text):
        start = match.start() - 2
        length = check.IBAN_LENGTHS.get(text[start : start + 2].upper())
        if length is not None and check.iban(text[start : match.end(1)].replace(" ", "").replace("-", "").upper()[:length]):
            return True
    return False


def _has_lettered_id(text: str, shapes: bytes) -> bool:
    for forms, pattern, back, valid in _CHECKED_IDS:
        if any(form in shapes for form in forms):
            for match in pattern.finditer(text):
                if valid(text[match.start() - back : match.end()].replace("-", "").upper()):
                    return True
    return any(form in shapes for form in _NINO_SHAPES) and any(_is_nino(text, match) for match in _NINO.finditer(text))


def _is_nino(text: str, match: re.Match[str]) -> bool:
    letters = match.start() - (3 if text[match.start() - 1] == " " else 2)
    before = text[letters - 1 : letters] if letters > 0 else ""
    return not before.isalnum() and check.gb_nino(text[letters : match.end()].replace(" ", ""))


def _numeric(text: str, kinds: Collection[str]) -> Iterator[str]:
    missing = set(kinds)
    tests = {"card": _is_card, "national_id": _is_national, "phone": _is_phone}
    for number in _numbers(text):
        for kind in [kind for kind in missing if tests[kind](number)]:
            missing.discard(kind)
            yield kind
        if not missing:
            return


def _numbers(text: str) -> Iterator[_Number]:
    """Yield digit groups that stand together, and those between spaces; not what is a part of a word or of a longer number."""
    position = 0
    while match := _NUMBER.search(text, position):
        start, end = match.span()
        yield from _number(text, start, end)
        if " " in match[0]:
            for chunk in _UNSPACED.finditer(match[0]):
                if len(chunk[0]) >= _SHORTEST:
                    yield from _number(text, start + chunk.start(), start + chunk.end())
        position = end
        if len(_GROUP.sub("", match[0])) + _LONGEST + 1 == len(match[0]):
            # The match may have been cut: go on from a group that is whole.
            position = max(start + 1, end - _OVERLAP)
            while position < end and text[position - 1].isdigit():
                position += 1


def _number(text: str, start: int, end: int) -> Iterator[_Number]:
    previous = text[start - 1] if start else " "
    follows = text[end : end + 1]
    if previous.isalnum() or previous in "_#" or follows.isalnum() or follows == "_":
        return
    written = text[start:end]
    lead = text[max(0, start - 3) : start]
    yield _Number(
        groups=tuple(_GROUP.findall(written)),
        before=text[max(0, start - _CONTEXT) : start].lower(),
        international=_INTERNATIONAL.search(lead) is not None,
        dotted="." in written,
    )


def _is_card(number: _Number) -> bool:
    groups = number.groups
    for first, group in enumerate(groups):
        if len(group) != 4 and len(group) < 13:
            continue
        for last in range(first + 1, min(len(groups), first + 5) + 1):
            part = groups[first:last]
            plausible = len(part) == 1 or tuple(map(len, part)) in _CARD_SHAPES
            if plausible and 13 <= sum(map(len, part)) <= 19 and check.card("".join(part)):
                return True
    return False


def _is_national(number: _Number) -> bool:
    digits, shape = number.digits, number.shape
    size = len(digits)
    if size == 9:
        tight = shape == (3, 2, 4) and not number.dotted
        if (tight or (shape == (9,) and _SSN_WORDS.search(number.before))) and check.us_ssn(digits):
            return True
        return _BSN_WORDS.search(number.before) is not None and check.nl_bsn(digits)
    if size == 11 and shape in {(11,), (3, 3, 3, 2), (2, 3, 3, 3)}:
        return any(valid(digits) for valid in (check.de_tax_id, check.pl_pesel, check.br_cpf))
    if size == 12 and (shape == (4, 4, 4) or (shape == (12,) and _AADHAAR_WORDS.search(number.before))):
        return check.in_aadhaar(digits)
    return size == 15 and shape in {(15,), (13, 2), (1, 2, 2, 2, 3, 3, 2)} and check.fr_nir(digits)


def _is_phone(number: _Number) -> bool:
    digits, shape = number.digits, number.shape
    if number.international:
        return 8 <= len(digits) <= 15 and digits[0] != "0"
    if shape == (3, 3, 4) or (shape == (1, 3, 3, 4) and digits[0] == "1"):
        return True
    if digits.startswith("00") and len(shape) > 1:
        return digits[2] != "0" and 10 <= len(digits) <= 15
    if digits[0] == "0" and shape in _ZERO_PHONES:
        return True
    return 7 <= len(digits) <= 15 and _PHONE_WORDS.search(number.before) is not None
